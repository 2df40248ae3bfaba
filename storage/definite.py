"""What a system says of a file and not of the surroundings: asked again, it would say the same."""

from __future__ import annotations

import errno

GONE = (errno.ENOENT, errno.ENOTDIR)
REFUSED = (errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.ENODEV, errno.ENAMETOOLONG)


def is_definite(error: OSError) -> bool:
    """Whether an error is of the file: it is gone, or may not be read."""
    return error.errno in (*GONE, *REFUSED)
