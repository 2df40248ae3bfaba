"""Figures as texts."""

from __future__ import annotations

NOTHING = '-'


def percent(share: float | None) -> str:
    """0.5206 as 52.06%."""
    return NOTHING if share is None else f'{share:.2%}'


def megabytes(size: int | None) -> str:
    """Bytes as millions of them."""
    return NOTHING if size is None else f'{size / 1e6:.2f} MB'


def seconds(time: float | None) -> str:
    """A time in the unit that suits it."""
    if time is None:
        return NOTHING
    if time < 0.1:
        return f'{time * 1e3:.3g} ms'
    if time < 60:
        return f'{time:.2f} s'
    hours, minutes = divmod(round(time / 60), 60)
    return f'{hours} h {minutes} min' if hours else f'{minutes} min'


def number(value: float | None, how: str) -> str:
    """By a format."""
    return NOTHING if value is None else format(value, how)
