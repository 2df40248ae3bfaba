"""What the end of the log shows: times and shares by engine, faults and how they ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass
class Report:
    """Rows, in the order in which they came."""

    rows: list[str] = field(default_factory=list)

    def row(self, engine: str, what: str, seconds: float, shares: Mapping[str, int], note: str = 'equal to the byte') -> None:
        """A job that ended well.

        Args:
            shares: shards by host.
        """
        said = ', '.join(f'{host} {number}' for host, number in sorted(shares.items()))
        self.rows.append(f'{engine:<10} {what:<44} {seconds:6.1f} s   {said or "-":<24} {note}')

    def lines(self) -> Iterator[str]:
        """The table; nothing where nothing was reported."""
        if self.rows:
            yield ''
            yield f'{"engine":<10} {"job":<44} {"time":>8}   {"shards by host":<24} snapshot'
            yield from self.rows
