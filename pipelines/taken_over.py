"""A build of which nothing has changed since the one that --previous names: its files get a second place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..storage.path import located
from ..transforms.parts import SNAPSHOT, read_json
from ..transforms.take_over import link
from .job import Job, More
from .plan import Plan

SHARED = ('images/', 'faces/')  # what the shards have linked or written already


@dataclass(frozen=True)
class EarlierBuild:
    """A build of the same recipe, and so of the same labels: where its photos and faces are the same, all is.

    Attributes:
        said: its snapshot.json.
    """

    folder: str
    said: Mapping[str, Any]

    def differs(self, plan: Plan) -> bool:
        """Whether the parts of finished shards are other ones."""
        found = {name: digest for marker in plan.done() for name, digest in marker.files.items()}
        return found != {name: digest for name, digest in self.said['files'].items() if name.startswith(SHARED)}

    def taken_over(self, plan: Plan) -> More:
        """All that follows from photos, faces and labels."""
        files = {name: digest for name, digest in self.said['files'].items() if not name.startswith(SHARED)}
        for name in files:
            link(located(self.folder, name), located(plan.folder, name))
        counts = {table: number for table, number in self.said['counts'].items() if f'{table}/' not in SHARED}
        return More(files, counts, self.said['tallies'], {'duplicates': self.said['duplicates']})


def earlier_build(job: Job) -> EarlierBuild | None:
    """The build that --previous names, where all of it may be taken over.

    What a recipe cannot tell is which inputs a glob or a limit left out, whose labels are no mistake.
    """
    carry, config = job.carry, job.config
    if carry is None or not carry.parts_stay or config.include or config.exclude or config.limit:
        return None
    return EarlierBuild(carry.folder, read_json(located(carry.folder, SNAPSHOT)))
