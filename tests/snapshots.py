"""What tests ask of every snapshot."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

PART = 'part-00001-of-00004.parquet'  # of four shards


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


def redescribe(snapshot: Path, **values: object) -> None:
    """Changes what snapshot.json says."""
    path = snapshot / 'snapshot.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def rewrite(snapshot: Path, table: str, change, part: str = PART) -> None:
    """Changes the rows of one part, and makes snapshot.json name the changed file."""
    path = snapshot / table / part
    schema, rows = pq.read_schema(path), pq.read_table(path).to_pylist()
    pq.write_table(pa.Table.from_pylist(change(rows), schema=schema), path)
    files = json.loads((snapshot / 'snapshot.json').read_text())['files']
    redescribe(snapshot, files=files | ({f'{table}/{part}': digest(path)} if table != 'plan' else {}))


def digest(path: Path) -> str:
    """Hex digits of SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
