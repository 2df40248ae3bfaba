"""Writes the examples of a shard, what became none, and which of them have duplicates."""

from __future__ import annotations

from dataclasses import dataclass

import apache_beam as beam
from apache_beam.pvalue import PCollection

from .example_tables import example_rows, tally
from .judge import Judge
from .parts import JUDGED, Marker, write_marker
from .write import Layout, write_parts


@dataclass(eq=False)
class WriteExamples(beam.PTransform):
    """Shard numbers to parts of `examples`, `rejects` and `duplicates`, one marker for each shard.

    Attributes:
        judge: all steps are settled.
        basis: SHA-256 of all that the examples follow from.
    """

    layout: Layout
    judge: Judge
    basis: str

    def expand(self, shards: PCollection[int]) -> PCollection[Marker]:
        return shards | 'Write' >> beam.Map(self._write).with_output_types(Marker)

    def _write(self, shard: int) -> Marker:
        rows = example_rows(self.judge, shard)
        files = write_parts(self.layout, shard, rows)
        counted = tally(rows)
        marker = Marker(
            shard,
            self.basis,
            {table: len(some) for table, some in rows.items()},
            files,
            tallies=counted.counts,
            record_bytes=counted.record_bytes,
        )
        write_marker(self.layout.folder, marker, JUDGED)
        return marker
