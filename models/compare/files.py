"""Paths of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """Where everything of a comparison stands."""

    out: Path

    @property
    def runs(self) -> Path:
        return self.out / 'runs'

    @property
    def plots(self) -> Path:
        return self.out / 'plots'

    @property
    def best(self) -> Path:
        return self.out / 'best'

    def package(self, run: str) -> Path:
        """The package that a run has trained."""
        return self.runs / run

    def partial(self, run: str) -> Path:
        """Its training, as long as that is not done."""
        return self.runs / f'{run}.partial'

    def recipe(self, run: str) -> Path:
        """Its train config."""
        return self.runs / f'{run}.yaml'

    def log(self, run: str) -> Path:
        """What its processes have said."""
        return self.runs / f'{run}.log'

    def result(self, run: str) -> Path:
        """What it has come to."""
        return self.runs / f'row-{run}.json'
