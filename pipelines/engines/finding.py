"""What is wrong with a call before it becomes a job."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line that names the thing, the value and the remedy.

    Attributes:
        fatal: the job can't succeed; else it may, and this is a warning.
    """

    text: str
    fatal: bool = True


@dataclass(frozen=True)
class Given:
    """A file or folder that the command line names.

    Attributes:
        what: what it is, as a person knows it: `output`, `input`, `--previous`.
        value: where it is: a path, a glob or a url.
    """

    what: str
    value: str
