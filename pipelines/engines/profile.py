"""The engines by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from . import dataflow, flink, local, prism, spark
from .asked import Asked
from .finding import Finding
from .submitted import Submitted


class Profile(Protocol):
    """What the module of each engine has."""

    def flags(self, asked: Asked, /) -> list[str]:
        """Beam's options, before the user's own, which win."""

    def overrides(self, asked: Asked, /) -> list[str]:
        """Beam's options behind the user's own."""

    def is_near(self, asked: Asked, /) -> bool:
        """Whether the workers see this machine's folders."""

    def findings(self, asked: Asked, /) -> Iterator[Finding]:
        """What would fail late.

        Raises:
            UsageError: an option that can't be read.
        """

    def submitted(self, asked: Asked, name: str, /) -> Submitted | None:
        """What finds a job again; None where it ends with the command."""


PROFILES: dict[str, Profile] = {'local': local, 'prism': prism, 'flink': flink, 'spark': spark, 'dataflow': dataflow}
