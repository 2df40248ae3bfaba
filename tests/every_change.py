"""Comes between a program and the changes that it makes to the disk."""

import os
from collections.abc import Callable

CHANGES = ('mkdir', 'rename', 'replace', 'unlink', 'rmdir')


def before_change(step: int, then: Callable[[], None]) -> None:
    """Does something once, before this process's n-th change of the disk."""
    left = iter(range(step - 1, -1, -1))

    def wrapped(change):
        def changed(*said, **how):
            if next(left, None) == 0:
                then()
            return change(*said, **how)

        return changed

    for name in CHANGES:
        setattr(os, name, wrapped(getattr(os, name)))
