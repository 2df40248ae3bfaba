"""What tests ask of every snapshot."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


def content(folder: Path) -> dict[str, bytes]:
    """Everything that two equal runs must share: all files but the plan and what is said of the run."""
    files = (path for path in folder.rglob('*') if path.is_file())
    named = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    return {name: data for name, data in named.items() if is_content(name)}


def is_content(name: str) -> bool:
    """Whether two equal runs share a file, by its path below the snapshot."""
    return not name.startswith('plan/') and name != 'run.json'


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    """A table's rows."""
    return pq.read_table(folder / table).to_pylist()
