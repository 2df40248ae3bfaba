"""Stable places for what must be in no order of its own, and in the same one every night."""

from __future__ import annotations

import hashlib


def salted(salt: str, *keys: str) -> bytes:
    """SHA-256 of a salt and keys, with a zero byte between each two."""
    return hashlib.sha256('\0'.join((salt, *keys)).encode()).digest()
