"""A dataset's card: what it holds, what was left out and why, and how to read it.

Its front matter is what the Hugging Face hub and `datasets.load_dataset` on the folder read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import yaml

from ..configs.load import as_dict
from ..configs.schema import SPLITS, BuildConfig
from ..storage.path import located
from ..transforms.example_tables import EXAMPLES
from ..transforms.parts import write_whole
from ..transforms.reasons import Reason
from .croissant import COLUMN_TEXTS, NOT_SAID
from .dataset_facts import DatasetFacts
from .reason_texts import REASON_TEXTS
from .recipe import NOT_IDENTITY
from .snippets import TABLE, snippets

NAME = 'README.md'
Cells = Sequence[str | int]  # of a table's row
TYPES = {pa.string(): 'string', pa.int64(): 'int64', pa.float32(): 'float32', pa.binary(): 'image'}
HUB_LICENCES = (
    *('apache-2.0', 'mit', 'cc0-1.0', 'cc-by-4.0', 'cc-by-sa-4.0', 'cc-by-nd-4.0', 'cc-by-nc-4.0', 'cc-by-nc-sa-4.0', 'cc-by-nc-nd-4.0'),
    *('cc-by-2.0', 'cc-by-3.0', 'cc-by-sa-3.0', 'cc-by-nc-sa-3.0', 'odbl', 'pddl'),
)


def write_card(facts: DatasetFacts, sheets: Sequence[str]) -> str:
    """Writes README.md and gives its name; equal datasets, equal bytes.

    Args:
        sheets: the contact sheets' names.
    """
    text = f'---\n{_yaml(front_matter(facts))}---\n\n{card(facts, sheets)}'
    write_whole(located(facts.folder, NAME), lambda file: file.write(text.encode()))
    return NAME


def front_matter(facts: DatasetFacts) -> dict[str, Any]:
    """What the hub and `datasets` read. Features are said, so that crops load as images and labels have names."""
    files = [{'split': TABLE, 'path': 'examples/*.parquet'}]
    return {
        'pretty_name': facts.config.name,
        'license': hub_licence([source.licence for source in facts.sources]),
        'task_categories': ['image-classification'],
        'configs': [{'config_name': 'default', 'data_files': files}],
        'dataset_info': {'features': [_feature(column, facts.config.classes) for column in EXAMPLES]},
    }


def hub_licence(said: Iterable[str | None]) -> str:
    """A licence as the hub names it; `other` for one that it does not know or for several, `unknown` where none is said."""
    licences = set(said)
    if licences <= {None}:
        return 'unknown'
    known = {(licence or '').lower().replace(' ', '-') for licence in licences}
    return next(iter(known)) if len(known) == 1 and known <= set(HUB_LICENCES) else 'other'


def card(facts: DatasetFacts, sheets: Sequence[str]) -> str:
    """The card in Markdown, without its front matter."""
    parts = {
        'Examples': _counts(facts),
        'Columns': _table(['column', 'what it is'], [[f'`{name}`', COLUMN_TEXTS[name]] for name in EXAMPLES.names]),
        'Sources': _sources(facts),
        'Left out': _rejects(facts),
        'Duplicates': _duplicates(facts),
        'How to read it': next((snippets(facts.config, split) for split, count in _totals(facts).items() if count), ''),
        'Contact sheets': _sheets(sheets),
        'Config': f'```yaml\n{_yaml(_said(facts.config))}```',
    }
    sections = ''.join(f'\n## {title}\n\n{text}\n' for title, text in parts.items() if text)
    return f'# {facts.config.name}\n\n{_summary(facts)}\n{sections}'


def _summary(facts: DatasetFacts) -> str:
    config, total = facts.config, sum(_totals(facts).values())
    crop = f'{config.crop_size}x{config.crop_size}x{config.crop_channels}, template `{config.crop_template}`, scale {config.crop_scale:g}'
    return (
        f'Crops of faces labelled {", ".join(config.classes)}. Examples: {total:,}. Photos: {facts.photos:,}, with {facts.faces:,} faces.\n'
        f'Crops are {crop}. Built by `mien build`; `snapshot.json` says from what, and holds the SHA-256 of every file.'
    )


def _counts(facts: DatasetFacts) -> str:
    by_class = {name: [facts.counts[split][name] for split in SPLITS] for name in facts.config.classes}
    by_class['all'] = list(_totals(facts).values())
    rows: list[Cells] = [[name, *counts, sum(counts)] for name, counts in by_class.items()]
    return _table(['class', *SPLITS, 'all'], rows)


def _totals(facts: DatasetFacts) -> dict[str, int]:
    """Examples by split."""
    return {split: sum(facts.counts[split].values()) for split in SPLITS}


def _sources(facts: DatasetFacts) -> str:
    rows: list[Cells] = [[one.name, one.licence or NOT_SAID, f'{one.weight:g}', one.examples, one.rejects] for one in facts.sources]
    return _table(['source', 'licence', 'weight', 'examples', 'left out'], rows)


def _rejects(facts: DatasetFacts) -> str:
    if not any(facts.rejects.values()):
        return 'Nothing was left out.'
    found = sorted(facts.rejects.items(), key=lambda one: (-one[1], one[0]))
    rows: list[Cells] = [[f'`{reason}`', count, REASON_TEXTS[Reason(reason)]] for reason, count in found if count]
    return f'Photos, faces and labels that made no example; `rejects/` has a row for each.\n\n{_table(["reason", "rows", "meaning"], rows)}'


def _duplicates(facts: DatasetFacts) -> str:
    columns = ('groups', 'too_many', 'crossing', 'conflicting')
    names = {'identical': 'identical pixels', 'similar': 'the same picture, identical or not'}
    rows: list[Cells] = [[name, *(facts.duplicates[kind][column] for column in columns)] for kind, name in names.items()]
    large = facts.duplicates['too_large']
    head = ['faces that are', 'groups', 'faces beyond one a group', 'groups in several splits', 'groups of several labels']
    return (
        f'Before duplicates left the dataset. Of those in train, {_kept(facts.config)}; what is in several splits stays in test, else in '
        f'validation.\n\n{_table(head, rows)}\n\n'
        f'Where more than {facts.config.largest_group} different faces seemed to be one picture, only those of identical pixels among them '
        f'were taken for duplicates. Such groups: {large["groups"]:,}, of {large["faces"]:,} faces.'
    )


def _kept(config: BuildConfig) -> str:
    return 'one of a group is kept' if config.duplicates == 'one' else 'all are kept'


def _sheets(sheets: Sequence[str]) -> str:
    return '\n\n'.join(f'### {PurePosixPath(path).stem}\n\n![crops of {PurePosixPath(path).stem}]({path})' for path in sheets)


def _said(config: BuildConfig) -> dict[str, Any]:
    """What of a config identifies a dataset."""
    return {key: value for key, value in as_dict(config).items() if key not in NOT_IDENTITY}


def _feature(column: pa.Field, classes: tuple[str, ...]) -> dict[str, Any]:
    if column.name == 'label':
        return {'name': column.name, 'dtype': {'class_label': {'names': {str(label): name for label, name in enumerate(classes)}}}}
    if pa.types.is_list(column.type):
        return {'name': column.name, 'sequence': TYPES[column.type.value_type]}
    return {'name': column.name, 'dtype': TYPES[column.type]}


def _table(head: Sequence[str], rows: Sequence[Cells]) -> str:
    """A Markdown table; columns of numbers are aligned to the right."""
    rules = ['---:' if rows and isinstance(value, int) else '---' for value in (rows[0] if rows else head)]
    lines = [head, rules, *([_cell(value) for value in row] for row in rows)]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def _cell(value: str | int) -> str:
    return f'{value:,}' if isinstance(value, int) else ' '.join(value.replace('|', '\\|').split())


def _yaml(value: Any) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1000)
    return text
