"""What a user asks of an engine: how many workers, and Beam's own options behind `--`."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from apache_beam.options import pipeline_options as beam

from ...configs.errors import UsageError

VIEWS = (
    beam.StandardOptions,
    beam.DirectOptions,
    beam.PortableOptions,
    beam.JobServerOptions,
    beam.FlinkRunnerOptions,
    beam.SparkRunnerOptions,
    beam.GoogleCloudOptions,
    beam.WorkerOptions,
    beam.SetupOptions,
)


@dataclass(frozen=True)
class Asked:
    """What the command line says of an engine.

    Attributes:
        workers: None where --workers isn't said.
        beam: Beam's own options.
    """

    workers: int | None = None
    beam: tuple[str, ...] = ()

    @cached_property
    def names(self) -> frozenset[str]:
        """The options that are said, without dashes before them, and underscores in them."""
        return frozenset(word.partition('=')[0].lstrip('-').replace('-', '_') for word in self.beam if word.startswith('--'))

    @cached_property
    def known(self) -> list[str]:
        """Every option that Beam's Python knows."""
        return [f'--{name}' for name in sorted(beam.PipelineOptions([]).get_all_options())]

    @cached_property
    def unknown(self) -> list[str]:
        """The options that are said and that it does not know, and a first word that is none."""
        first = [word for word in self.beam[:1] if not word.startswith('-')]
        parsed(list(self.beam))
        said = beam.PipelineOptions(list(self.beam)).get_all_options(retain_unknown_options=True)
        return [*first, *(f'--{name}' for name in sorted(said.keys() - {name.removeprefix('--') for name in self.known}))]

    def says(self, *names: str) -> bool:
        """Whether one of these options is said."""
        return not self.names.isdisjoint(names)

    def value(self, name: str) -> Any:
        """What an option of Beam's is; its default where it isn't said."""
        return self._values[name]

    def local(self, name: str) -> str | None:
        """An option that is said, else None: Beam's defaults for masters are clusters within a process."""
        return self.value(name) if self.says(name) else None

    @cached_property
    def _values(self) -> dict[str, Any]:
        options = parsed(list(self.beam))
        values: dict[str, Any] = {}
        for view in VIEWS:
            seen = options.view_as(view)
            values |= {name: getattr(seen, name) for name in seen._visible_option_list()}
        return values


def parsed(flags: list[str]) -> beam.PipelineOptions:
    """Beam's options of words.

    Raises:
        UsageError: a value that Beam refuses.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            options = beam.PipelineOptions(flags)
            for view in VIEWS:
                options.view_as(view)
    except SystemExit as error:
        last = said.getvalue().strip().rpartition('error: ')[2] or 'cannot be read'
        raise UsageError(f"Beam's options {' '.join(flags)!r}: {last}; see what stands behind --") from error
    return options
