"""FER2013's files as they are published, made into what the shipped configs expect."""

import csv
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.fer2013_files import VOTES, main

USAGES = ('Training', 'Training', 'PublicTest', 'PrivateTest')
NAMES = ('fer0000000.png', '', 'fer0000001.png', 'fer0000002.png')
PIXELS = np.random.default_rng(5).integers(0, 256, (4, 48, 48), np.uint8)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder with both files, of four pictures."""
    with open(tmp_path / 'fer2013.csv', 'w', newline='') as file:
        rows = [(number, ' '.join(map(str, grey.ravel())), usage) for number, (grey, usage) in enumerate(zip(PIXELS, USAGES, strict=True))]
        csv.writer(file).writerows([('emotion', 'pixels', 'Usage'), *rows])
    with open(tmp_path / 'fer2013new.csv', 'w', newline='') as file:
        votes = [(usage, name, *range(number, number + 10)) for number, (usage, name) in enumerate(zip(USAGES, NAMES, strict=True))]
        csv.writer(file).writerows([('Usage', 'Image name', *VOTES), *votes])
    return tmp_path


def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [str(folder / name) for name in ('fer2013.csv', 'fer2013new.csv')]
    monkeypatch.setattr(sys, 'argv', ['', *files, '--out', str(folder / 'made' / 'here')])
    main()


def test_named_pictures_of_two_sets(published: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(published, monkeypatch)
    out = published / 'made' / 'here'
    assert capsys.readouterr().out == '1 of Training, 1 of PublicTest\n'
    assert [path.name for path in (published / 'made').iterdir()] == ['here']
    files = {'fer2013-training/fer0000000.png': 0, 'fer2013-public-test/fer0000001.png': 2}
    assert {str(path.relative_to(out)) for path in out.rglob('*.png')} == set(files)
    for name, number in files.items():
        assert np.array_equal(cv2.imread(str(out / name), cv2.IMREAD_UNCHANGED), PIXELS[number])
    assert (out / 'fer2013-labels.csv').read_text().splitlines() == [
        'image,usage,fer2013_label,ferplus_neutral,ferplus_happiness,ferplus_surprise,ferplus_sadness,ferplus_anger,ferplus_disgust,'
        'ferplus_fear,ferplus_contempt,ferplus_unknown,ferplus_nf',
        'fer0000000.png,Training,anger,0,1,2,3,4,5,6,7,8,9',
        'fer0000001.png,PublicTest,fear,2,3,4,5,6,7,8,9,10,11',
    ]


@pytest.mark.parametrize(
    ('damage', 'said'),
    [
        (lambda text: text.replace('PublicTest', 'Training'), 'row 3 of'),
        (lambda text: text.replace('emotion', 'label'), 'has no column emotion'),
        (lambda text: text[: text.rindex('\r\n3,')], 'row 4 of'),
        (lambda text: text.replace(' ', ' 7 ', 1), 'fer0000000.png: has 2,305 pixels'),
    ],
    ids=['another set', 'no column', 'a row too few', 'a pixel too many'],
)
def test_other_files_are_refused_and_nothing_is_left(
    published: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], damage, said: str
) -> None:
    path = published / 'fer2013.csv'
    path.write_bytes(damage(path.read_bytes().decode()).encode())
    with pytest.raises(SystemExit) as stopped:
        run(published, monkeypatch)
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err
    assert not list((published / 'made').iterdir())
