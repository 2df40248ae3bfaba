"""What a standalone Spark master tells of its applications: the JSON of its web page."""

from __future__ import annotations

from .reach import asked
from .submitted import State


def state_at(master: str, job: str | None, name: str) -> State:
    """Whether an application runs: Beam calls it by the job's id, which is its name and a number.

    How one ended isn't told: Spark calls those that failed FINISHED as well.
    """
    try:
        active = [one['name'] for one in asked(f'{master}/json/')['activeapps']]
    except (OSError, ValueError, KeyError, TypeError):
        return State.UNKNOWN
    runs = any(one == job if job else one.startswith(f'{name}_') for one in active)
    return State.RUNNING if runs else State.ENDED
