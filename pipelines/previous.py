"""The snapshot that `--previous` names: what it may be, what is taken from it, and parts that are linked as they are."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..configs.errors import UsageError
from ..transforms.carry import Carry, Compare
from ..transforms.parts import LISTED, UNSETTLED, part_name, write_marker
from ..transforms.plan_file import read_plan
from ..transforms.records import Rows, Status
from ..transforms.write import Layout, close_shard, marker_of
from .place import SNAPSHOT
from .plan import Plan
from .recipe import Recipe, differences
from .runners import Run
from .snapshot import identity, reading

MOMENT = (Status.MISSING, Status.UNREADABLE, Status.TIMEOUT, Status.CRASHED)  # what the moment decided, and not the content
DECIDING = ('smallest_face', 'min_score', 'max_bytes', 'max_pixels', 'whole_image')


@contextmanager
def earlier(run: Run, recipe: Recipe) -> Iterator[Carry | None]:
    """Holds the snapshot that a run names, if it names one, against `mien prune`; gives what is taken from it.

    Raises:
        UsageError: it was made in another way, so that its rows would not be those of a full run; a status that is none.
    """
    if run.previous is None:
        yield None
        return
    with reading(Path(run.previous)):
        yield carry_from(run.previous, recipe, run.retry, run.paranoid)


def carry_from(folder: str, recipe: Recipe, retry: tuple[str, ...], paranoid: bool) -> Carry:
    """What a run of a recipe takes from an earlier snapshot; see `earlier`.

    Args:
        retry: statuses that are tried again beside those that the moment decided.
        paranoid: compare the bytes' SHA-256 instead of size and time.
    """
    earlier = _described(folder)
    _check(folder, earlier, recipe.as_dict())
    return Carry(
        folder=os.path.abspath(folder),
        shards=earlier['shards'],
        tables=(),
        again=frozenset((*MOMENT, *map(_status, retry))),
        compare=Compare.CONTENT if paranoid else Compare.TIME,
        rows_stay=earlier['digests']['model'] == recipe.digests['model'],
        crops_suit=earlier['digests']['crop'] == recipe.digests['crop'],
        keep_crops=recipe.config['crops'],
        before=_said(folder, LISTED)['began_ns'],
        unsettled=frozenset(_said(folder, UNSETTLED)['uris']),
    )


def take_over(layout: Layout, plan: Plan, carry: Carry, recipe: Recipe) -> None:
    """Finishes the shards in which nothing is to be done: parts that would come out equal are linked, others written."""
    earlier = _described(carry.folder)
    same_recipe = carry.shards == plan.shards and not differences(identity(Path(carry.folder), SNAPSHOT), recipe.as_dict())
    for shard in plan.pending():
        carried = carry.sort(read_plan(plan.folder, shard, plan.shards), shard, plan.shards)
        if carried.todo:
            continue
        if same_recipe and _is_whole(carry, shard, carried.rows):
            _link(layout, shard, carried.rows, carry, earlier['files'])
        else:
            close_shard(layout, shard, carried.rows)


def _is_whole(carry: Carry, shard: int, rows: Rows) -> bool:
    """Whether all that the earlier shard held stays."""
    return len(rows.get('images', ())) == len(read_plan(carry.folder, shard, carry.shards))


def _link(layout: Layout, shard: int, rows: Rows, carry: Carry, digests: dict[str, str]) -> None:
    names = [part_name(table, shard, layout.shards) for table in layout.schemas]
    for name in names:
        link(Path(carry.folder, name), Path(layout.folder, name))
    write_marker(layout.folder, marker_of(layout, shard, {'images': [], **rows}, {name: digests[name] for name in names}))


def link(source: Path, target: Path) -> None:
    """Gives a file a second place, by a hard link where the file system can, else by a copy; whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f'.{target.name}.{uuid.uuid4().hex}')
    try:
        try:
            os.link(source, beside)
        except OSError:
            shutil.copyfile(source, beside)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def _described(folder: str) -> dict[str, Any]:
    try:
        return json.loads(Path(folder, SNAPSHOT).read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f'--previous {folder!r}: {SNAPSHOT} cannot be read ({error}); name a finished snapshot') from error


def _said(folder: str, name: str) -> dict[str, Any]:
    try:
        return json.loads(Path(folder, name).read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f'--previous {folder!r}: {name} cannot be read ({error}); name a snapshot with its plan/') from error


def _check(folder: str, earlier: dict[str, Any], now: dict[str, Any]) -> None:
    """Raises UsageError where rows of one run would not be those of the other."""
    old, new = (_deciding(said) for said in (earlier, now))
    differing = differences(old, new)
    if differing:
        raise UsageError(
            f'--previous {folder!r} was made in another way ({"; ".join(differing)}): its rows are not those of this run; '
            'say the same, or leave --previous out'
        )


def _deciding(said: dict[str, Any]) -> dict[str, Any]:
    """The part of a description that decides about photos and faces."""
    general = {key: said.get(key) for key in ('kind', 'schema_version', 'mien_version')}
    config = {key: said.get('config', {}).get(key) for key in DECIDING}
    return general | config | {'detector': said.get('digests', {}).get('detector')}


def _status(said: str) -> Status:
    try:
        return Status(said)
    except ValueError as error:
        raise UsageError(f'--retry {said!r}: no status; say some of {", ".join(Status)}') from error
