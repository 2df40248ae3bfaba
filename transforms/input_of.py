"""Which INPUT a photo comes from, told by its uri."""

from __future__ import annotations

from collections.abc import Container


def input_of(uri: str, names: Container[str]) -> str:
    """The name of an INPUT; '' where that is one of the names: there is one INPUT only.

    A folder's uris are `NAME/...`, an archive's `NAME!/...`, those of rows without a name `NAME#...`; a photo's is its name.

    Args:
        names: as they stand in uris.
    """
    if '' in names:
        return ''
    first = uri.partition('/')[0]
    return next(name for name in (first, first.removesuffix('!'), first.rpartition('#')[0]) if name in names)
