"""Adds up what finished shards say of themselves, one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..configs.errors import JobFailed
from ..transforms.parts import Marker

CEILING_FROM = 20  # inputs that claim an image, from which on the failure ceiling counts


@dataclass
class Totals:
    """The sum of all markers; see `Marker`.

    Attributes:
        shards: number of markers.
        doubtful: uris of photos that were tried twice.
        hosts: markers by the host that wrote them.
    """

    shards: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    claimed: int = 0
    failed: int = 0
    files: dict[str, str] = field(default_factory=dict)
    tallies: dict[str, Counter[str]] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)
    hosts: Counter[str] = field(default_factory=Counter)

    def add(self, marker: Marker) -> None:
        self.shards += 1
        self.rows.update(marker.rows)
        self.statuses.update(marker.statuses)
        self.claimed += marker.claimed
        self.failed += marker.failed
        self.files |= marker.files
        self.doubtful += marker.doubtful
        self.hosts[marker.host] += 1
        for subject, counts in marker.tallies.items():
            self.tallies.setdefault(subject, Counter()).update(counts)

    def sorted_tallies(self) -> dict[str, dict[str, int]]:
        """What else was counted, by subject and name."""
        return {subject: dict(sorted(counts.items())) for subject, counts in self.tallies.items()}


def add_up(markers: Iterable[Marker]) -> Totals:
    """The totals of a job."""
    totals = Totals()
    for marker in markers:
        totals.add(marker)
    return totals


def check_ceiling(totals: Totals, ceiling: float) -> None:
    """Raises JobFailed where too large a share of what claims to be an image failed."""
    if totals.claimed >= CEILING_FROM and totals.failed > ceiling * totals.claimed:
        breakdown = ', '.join(f'{status} {number}' for status, number in sorted(totals.statuses.items()))
        raise JobFailed(
            f'{totals.failed} of {totals.claimed} photos failed, more than the ceiling of {ceiling:.0%} ({breakdown}); '
            'finished shards are kept: the same command with a higher --failure-ceiling only finishes'
        )
