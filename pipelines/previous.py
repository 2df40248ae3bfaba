"""The snapshot that `--previous` names: what it may be, and what is taken from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..configs.errors import UsageError
from ..storage.either import absolute
from ..storage.path import StorePath, located
from ..transforms.carry import Carry, Compare
from ..transforms.parts import LISTED, UNSETTLED
from ..transforms.records import Status
from .finished import describe
from .recipe import Recipe, differences
from .runners import Run
from .snapshot import identity, reading
from .verify import damage

MOMENT = (Status.MISSING, Status.UNREADABLE, Status.TIMEOUT, Status.CRASHED)  # what the moment decided, and not the content
DECIDING = ('smallest_face', 'min_score', 'max_bytes', 'max_pixels', 'whole_image')


@contextmanager
def earlier(run: Run, recipe: Recipe) -> Iterator[Carry | None]:
    """Holds the snapshot that a run names, if it names one, against `mien prune`; gives what is taken from it.

    Raises:
        UsageError: it was made in another way, so that its rows would not be those of a full run; it is damaged; a status that is none.
    """
    if run.previous is None:
        yield None
        return
    with reading(located(run.previous)):
        yield carry_from(run.previous, recipe, run.retry, run.paranoid)


def carry_from(folder: str, recipe: Recipe, retry: tuple[str, ...], paranoid: bool) -> Carry:
    """What a run of a recipe takes from an earlier snapshot; see `earlier`.

    Args:
        retry: statuses that are tried again beside those that the moment decided.
        paranoid: compare the bytes' SHA-256 instead of size and time.
    """
    described = describe(located(folder))
    earlier = described.said
    _check(folder, earlier, recipe.as_dict())
    for finding in () if isinstance(described.folder, StorePath) else damage(described):  # a store checks what it keeps
        raise UsageError(f'--previous {folder!r}: {finding.file} {finding.what}; name an undamaged night, or leave --previous out')
    return Carry(
        folder=absolute(folder),
        shards=earlier['shards'],
        tables=(),
        again=frozenset((*MOMENT, *map(_status, retry))),
        compare=Compare.CONTENT if paranoid else Compare.TIME,
        rows_stay=all(earlier['digests'].get(key) == recipe.digests.get(key) for key in ('model', 'crop')),
        parts_stay=not differences(identity(earlier), recipe.as_dict()),
        crops_suit=earlier['digests'].get('crop') == recipe.digests['crop'],
        crops_kept=earlier['config'].get('crops', True),  # `build` always does
        keep_crops=recipe.config.get('crops', True),
        before=_said(folder, LISTED, 'began_ns'),
        unsettled=frozenset(_said(folder, UNSETTLED, 'uris')),
    )


def _said(folder: str, name: str, key: str) -> Any:
    try:
        return json.loads(located(folder, name).read_text())[key]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f'--previous {folder!r}: {name} cannot be read or says no {key} ({error}); name a finished snapshot with its plan/'
        ) from error


def _check(folder: str, earlier: Mapping[str, Any], now: dict[str, Any]) -> None:
    """Raises UsageError where rows of one run would not be those of the other."""
    old, new = (_deciding(said) for said in (earlier, now))
    differing = differences(old, new)
    if differing:
        raise UsageError(
            f'--previous {folder!r} was made in another way ({"; ".join(differing)}): its rows are not those of this run; '
            'say the same, or leave --previous out'
        )


def _deciding(said: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a description that decides about photos and faces."""
    general = {key: said.get(key) for key in ('kind', 'schema_version', 'mien_version')}
    config = said.get('config', {})
    sources = config.get('sources', {}).items()
    whole = {name: {key: source.get(key) for key in ('whole_image', 'inputs')} for name, source in sources if 'whole_image' in source}
    return general | {key: config.get(key) for key in DECIDING} | {'sources': whole, 'detector': said.get('digests', {}).get('detector')}


def _status(said: str) -> Status:
    try:
        return Status(said)
    except ValueError as error:
        raise UsageError(f'--retry {said!r}: no status; say some of {", ".join(Status)}') from error
