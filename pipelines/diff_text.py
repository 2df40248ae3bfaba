"""What `mien diff` found, for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .changes import Change
from .diff import Diff, Numbers
from .drift import ClassDrift, Drift

ITEMS = {'label': 'faces', 'build': 'examples'}
Line = tuple[str, ...]


def text(diff: Diff) -> str:
    """All of it, in lines."""
    lines = [f'old: {diff.old}', f'new: {diff.new}', *(f'made differently: {difference}' for difference in diff.made), '']
    lines += _changes(diff)
    for title, numbers in (('status', diff.statuses), ('dropped for', diff.rejects)):
        lines += _counted(title, numbers)
    for name, drift in diff.balance.items():
        lines += _classes('class' if name == 'faces' else name, drift)
    return '\n'.join([*lines, *(f'\n{line}' for line in diff.exceeded)])


def _changes(diff: Diff) -> Iterator[str]:
    """A line for each kind of change that there is, and its examples below."""
    items, changes = ITEMS[diff.kind], diff.changes
    yield f'photos: {diff.photos.old} -> {diff.photos.new}, {diff.changed_share:.2%} of the old ones are gone or changed'
    kinds = {
        'photos added': changes.photos_added,
        'photos removed': changes.photos_removed,
        'photos with other bytes': changes.content,
        'photos with another status': changes.status,
        f'{items} added': changes.labels_added,
        f'{items} removed': changes.labels_removed,
        f'{items} relabelled': changes.relabelled,
        f'{items} in another split': changes.split,
    }
    found = {name: change for name, change in kinds.items() if change.count}
    if not found:
        yield 'no difference'
    for name, change in found.items():
        moves = ', '.join(f'{move} {number}' for move, number in change.moves.items())
        yield f'{name}: {change.count}' + (f' ({moves})' if moves else '')
        yield from _examples(change)


def _examples(change: Change) -> Iterator[str]:
    rows: list[Line] = [(repr(named.uri), named.face_id, named.move) for named in change.named]
    yield from _indented(rows)
    if change.count > len(rows):
        yield f'  and {change.count - len(rows)} more'


def _counted(title: str, numbers: Mapping[str, Numbers]) -> Iterator[str]:
    if numbers:
        rows = [(name, str(number.old), str(number.new), f'{number.new - number.old:+}') for name, number in numbers.items()]
        yield ''
        yield from _table([(title, 'old', 'new', 'change'), *rows])


def _classes(title: str, drift: Drift) -> Iterator[str]:
    """Class balance with each class's test."""
    if not drift.classes:
        return
    yield ''
    rows = [_class(name, found) for name, found in drift.classes.items()]
    yield from _table([(title, 'old', '', 'new', '', 'points', 'chi-square', 'p'), *rows])
    whole = '' if drift.chi_square is None else f'; chi-square {drift.chi_square:.2f}, df {drift.degrees}'
    yield f'population stability index {"unknown: one side is empty" if drift.psi is None else f"{drift.psi:.4f}"}{whole}'
    if any(found.rough for found in drift.classes.values()):
        yield '~ fewer than five items are expected: p is a rough guide'


def _class(name: str, found: ClassDrift) -> Line:
    shares = (f'{found.old_share:.1%}', f'{found.new_share:.1%}', f'{100 * (found.new_share - found.old_share):+.1f}')
    test = ('', '') if found.chi_square is None else (f'{found.chi_square:.2f}', f'{"~" if found.rough else ""}{found.p:.2g}')
    return name, str(found.old), shares[0], str(found.new), shares[1], shares[2], *test


def _table(rows: list[Line]) -> Iterator[str]:
    """Columns of numbers, to the right, behind one of names."""
    widths = _widths(rows)
    for name, *numbers in rows:
        yield '  '.join([name.ljust(widths[0]), *map(str.rjust, numbers, widths[1:])]).rstrip()


def _indented(rows: list[Line]) -> Iterator[str]:
    """Columns of words."""
    widths = _widths(rows)
    for row in rows:
        yield f'  {"  ".join(map(str.ljust, row, widths))}'.rstrip()


def _widths(rows: list[Line]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]
