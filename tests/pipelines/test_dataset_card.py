"""What a dataset folder shows a person: its card and its contact sheets."""

import dataclasses
import re
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from mien.configs.schema import SPLITS
from mien.pipelines import contact_sheets
from mien.pipelines.contact_sheets import write_sheets
from mien.pipelines.dataset_card import hub_licence, write_card
from mien.pipelines.reason_texts import REASON_TEXTS
from mien.transforms.example_tables import EXAMPLES
from mien.transforms.parts import part_name, write_table
from mien.transforms.reasons import Reason
from tests.small_dataset import (
    CLASSES,
    SIZE,
    SOURCES,
    write_dataset,
)
from tests.snapshots import rows


def test_the_card_counts_what_there_is(folder):
    text = (folder / 'README.md').read_text()
    counts = table_of(text, 'Examples')
    found = Counter((row['split'], row['label_name']) for row in rows(folder, 'examples'))
    for name in CLASSES:
        assert counts[name] == [str(found[split, name]) for split in SPLITS] + [str(sum(found[split, name] for split in SPLITS))]
    assert counts['all'] == ['9', '2', '2', '13']
    assert table_of(text, 'Sources') == {'wild': ['CC BY 4.0', '1', '10', '3'], 'studio': ['not said', '0.3', '3', '4']}
    left_out = table_of(text, 'Left out')
    assert [(reason, row[0]) for reason, row in left_out.items()] == [
        ('`duplicates_cross_splits`', '1,234'),
        ('`no_face`', '4'),
        ('`tie`', '4'),
    ]
    assert list(table_of(text, 'Duplicates').values()) == [['5', '6', '2', '1'], ['7', '9', '3', '2']]
    assert list(table_of(text, 'Columns')) == [f'`{name}`' for name in EXAMPLES.names]


def test_the_card_says_the_config_that_made_it(folder, facts):
    said = yaml.safe_load(re.search(r'```yaml\n(.*?)```', (folder / 'README.md').read_text(), re.DOTALL)[1])
    assert (said['classes'], said['crop_size']) == (list(CLASSES), SIZE)
    higher = dataclasses.replace(facts.config, failure_ceiling=0.9, reject_ceiling=0.9)  # ceilings decide about a run, not about a dataset
    before = (folder / 'README.md').read_bytes()
    write_card(dataclasses.replace(facts, config=higher), [f'sheets/{name}.png' for name in CLASSES if name != 'surprise'])
    assert (folder / 'README.md').read_bytes() == before


def test_a_name_with_a_bar_stays_in_its_cell(facts, tmp_path):
    source = dataclasses.replace(SOURCES[0], name='a|b', licence='one\n| two')
    write_card(dataclasses.replace(facts, folder=str(tmp_path), sources=(source,)), [])
    assert table_of((tmp_path / 'README.md').read_text(), 'Sources') == {'a\\|b': ['one \\| two', '1', '10', '3']}


def test_a_dataset_without_examples_has_a_card(facts, tmp_path):
    none = {split: dict.fromkeys(CLASSES, 0) for split in SPLITS}
    empty = dataclasses.replace(facts, folder=str(tmp_path), counts=none, rejects={}, shards=1, files=())
    write_table(tmp_path / part_name('examples', 0, 1), [], EXAMPLES)
    assert write_sheets(empty) == []
    write_card(empty, [])
    text = (tmp_path / 'README.md').read_text()
    assert 'Nothing was left out.' in text
    assert '```python' not in text


@pytest.mark.parametrize(
    ('said', 'hub'),
    [
        ([None], 'unknown'),
        (['CC BY 4.0'], 'cc-by-4.0'),
        (['CC BY 4.0', 'cc-by-4.0'], 'cc-by-4.0'),
        (['CC BY 4.0', None], 'other'),
        (['CC BY 4.0', 'MIT'], 'other'),
        (['ask first'], 'other'),
    ],
)
def test_the_hub_is_told_a_licence_that_it_knows(said, hub):
    assert hub_licence(said) == hub


def test_sheets_show_the_training_crops_of_each_class(folder):
    assert sorted(path.name for path in (folder / 'sheets').iterdir()) == ['anger.png', 'happiness.png', 'neutral.png']
    assert sorted(greys(folder, 'neutral')) == [0, 20, 40, 60, 80]
    assert sorted(greys(folder, 'happiness')) == [10, 30, 50, 70]
    assert sorted(greys(folder, 'anger')) == [110, 120]  # has no training examples: all it has


def test_sheets_do_not_depend_on_shards_and_show_the_first_of_one_order(facts, folder, tmp_path, monkeypatch):
    write_dataset(tmp_path, shards=1)
    for path in (folder / 'sheets').iterdir():
        assert path.read_bytes() == (tmp_path / 'sheets' / path.name).read_bytes()
    monkeypatch.setattr(contact_sheets, 'CROPS', 2)
    write_sheets(dataclasses.replace(facts, folder=str(tmp_path), shards=1))
    assert greys(tmp_path, 'neutral') == greys(folder, 'neutral')[:2]


@pytest.mark.parametrize(('size', 'side'), [(16, 96), (40, 120), (48, 96), (112, 112), (192, 192), (300, 192)])
@pytest.mark.parametrize('channels', [1, 3])
def test_small_crops_are_enlarged_and_large_ones_reduced(size, side, channels):
    crop = np.random.default_rng(0).integers(0, 256, (size, size, channels), np.uint8)
    shown = contact_sheets.shown(crop)
    assert shown.shape == (side, side, channels)
    if size <= side:
        np.testing.assert_array_equal(shown[:: side // size, :: side // size], crop)


def test_every_reason_has_a_text():
    assert REASON_TEXTS.keys() == set(Reason)


def table_of(card: str, title: str) -> dict[str, list[str]]:
    """The rows of a section's table, by their first cell."""
    section = re.search(rf'^## {title}\n(.*?)(?=^## |\Z)', card, re.DOTALL | re.MULTILINE)[1]
    lines = [[cell.strip() for cell in re.split(r'(?<!\\)\|', line)[1:-1]] for line in section.splitlines() if line.startswith('|')]
    return {name: cells for name, *cells in lines[2:]}


def greys(folder: Path, name: str) -> list[int]:
    """The greys in the middle of a sheet's crops, in their order."""
    side = 3 * SIZE
    sheet = cv2.imread(str(folder / 'sheets' / f'{name}.png'), cv2.IMREAD_GRAYSCALE)
    assert sheet.shape[0] % side == sheet.shape[1] % side == 0
    return sheet[side // 2 :: side, side // 2 :: side].flatten().tolist()
