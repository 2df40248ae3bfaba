"""A glob as Python's `glob` reads it, hidden names too: `*`, `?` and `[...]` stay within a folder, `**` is any number of folders."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from functools import lru_cache

from ...configs.errors import UsageError

MAGIC = re.compile(r'[*?\[]')
ANY_FOLDERS = '**'


@dataclass(frozen=True)
class Glob:
    """What is wanted below a folder; a name is looked at once, on the way down.

    Attributes:
        parts: a pattern for each level; `**` is any number of folders.
    """

    parts: tuple[str, ...]

    def begin(self) -> frozenset[int]:
        """The parts that may come first."""
        return self._closed([0])

    def below(self, open_: frozenset[int], folder: str) -> frozenset[int]:
        """The parts that may come in a folder; none if nothing in it is wanted.

        Args:
            open_: the parts that may come where the folder lies.
            folder: its name.
        """
        stays = [part for part in open_ if self.parts[part] == ANY_FOLDERS]
        return self._closed([*stays, *(part + 1 for part in open_ if part < len(self.parts) - 1 and self._fits(part, folder))])

    def wants(self, open_: frozenset[int], name: str) -> bool:
        """Whether a file is wanted where these parts may come."""
        last = len(self.parts) - 1
        return last in open_ and (self.parts[last] == ANY_FOLDERS or self._fits(last, name))

    def matches(self, path: str) -> bool:
        """Whether a file is wanted, by its path below the glob's folder with `/` between the names."""
        *folders, name = path.split('/')
        open_ = self.begin()
        for folder in folders:
            open_ = self.below(open_, folder)
        return self.wants(open_, name)

    def _fits(self, part: int, name: str) -> bool:
        return self.parts[part] != ANY_FOLDERS and _pattern(self.parts[part]).match(name) is not None

    def _closed(self, parts: list[int]) -> frozenset[int]:
        """With the parts behind each `**`, which may be no folder."""
        closed = set(parts)
        for part in parts:
            while self.parts[part] == ANY_FOLDERS and part < len(self.parts) - 1:
                part += 1
                closed.add(part)
        return frozenset(closed)


EVERYTHING = Glob((ANY_FOLDERS,))


def split_glob(pattern: str) -> tuple[str, Glob]:
    """The folders above the first wildcard, and what is wanted below them.

    Raises:
        UsageError: `..` behind a wildcard.
    """
    parts = pattern.split('/')
    first = next(index for index, part in enumerate(parts) if MAGIC.search(part))
    wanted = (*(part for part in parts[first:-1] if part not in ('', '.')), parts[-1])
    if '..' in wanted:
        raise UsageError(f"input glob {pattern!r}: '..' behind a wildcard leads to no folder; name the folder itself")
    return '/'.join(parts[:first]) or '/' * bool(first), Glob(wanted)


@lru_cache
def _pattern(part: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(part))
