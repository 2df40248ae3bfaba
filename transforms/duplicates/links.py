"""Links between two faces that are the same picture, and what hangs together by them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Link:
    """Two faces that are the same picture, by spot, the lower first."""

    first: int
    second: int


def different(rows: np.ndarray) -> np.ndarray:
    """The first of each pixels among (n,) ROW, which are in the order of their spots."""
    return rows[np.sort(np.unique(rows[['high', 'low']], return_index=True)[1])]


def identical(rows: np.ndarray) -> list[Link]:
    """Links each of the (n,) ROW, which are in the order of their spots, to the first of the same pixels."""
    _, firsts, which = np.unique(rows[['high', 'low']], return_index=True, return_inverse=True)
    first = firsts[which]
    others = np.flatnonzero(first != np.arange(len(rows)))
    return [Link(int(rows['spot'][first[row]]), int(rows['spot'][row])) for row in others]


def components(links: Iterable[Link]) -> dict[int, int]:
    """By each spot that is linked, the lowest of those that hang together with it: union-find.

    Source: Tarjan and van Leeuwen 1984, "Worst-case Analysis of Set Union Algorithms" (path halving).
    """
    above: dict[int, int] = {}
    for link in links:
        one, other = _top(above, link.first), _top(above, link.second)
        above[max(one, other)] = min(one, other)
    return {spot: _top(above, spot) for spot in above}


def _top(above: dict[int, int], spot: int) -> int:
    above.setdefault(spot, spot)
    while above[spot] != spot:
        above[spot] = above[above[spot]]
        spot = above[spot]
    return spot
