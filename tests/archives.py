"""Archives as people make them, and what is listed and read of them."""

from __future__ import annotations

import dataclasses
import io
import os
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mien.configs.load import load
from mien.configs.schema import LabelConfig
from mien.pipelines.inputs import list_inputs, sources
from mien.transforms.containers import parquet, tar, zip_list
from mien.transforms.containers.kinds import kind_of
from mien.transforms.containers.member import Container
from mien.transforms.read import load_all
from mien.transforms.records import Entry, Failure, Kind, Status

CONFIG = load(LabelConfig, 'label')
MEGA = 1 << 20
MODES = {'.tar': 'w', '.tar.gz': 'w:gz', '.tar.bz2': 'w:bz2', '.tar.xz': 'w:xz'}
Content = bytes | Status
_watched: list[set[str]] = []


def make_tar(path: Path, members: dict[str, bytes] | list[tuple[str | tarfile.TarInfo, bytes]], **options: object) -> Path:
    """A tar, compressed as its name says."""
    mode = MODES[path.name[path.name.index('.tar') :]]
    with tarfile.open(path, mode, **options) as archive:  # type: ignore[call-overload]
        for name, data in members.items() if isinstance(members, dict) else members:
            header = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    return path


def make_zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip."""
    with zipfile.ZipFile(path, 'w', method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def make_hugging_face(path: Path, members: dict[str, bytes], **options: object) -> Path:
    """Parquet as `datasets` writes an Image feature: a struct of bytes and path, beside a label."""
    images = [{'bytes': data, 'path': name} for name, data in members.items()]
    kind = pa.struct([('bytes', pa.binary()), ('path', pa.string())])
    pq.write_table(pa.table({'image': pa.array(images, kind), 'label': [0] * len(images)}), path, **options)
    return path


def make_img2dataset(path: Path, members: dict[str, bytes], **options: object) -> Path:
    """Parquet as img2dataset writes it."""
    table = {'url': ['http://x/y'] * len(members), 'key': [*members], 'status': ['success'] * len(members), 'jpg': [*members.values()]}
    pq.write_table(pa.table(table), path, **options)
    return path


def contents(path: Path, max_bytes: int = MEGA, kind: Kind | None = None) -> list[tuple[bytes | None, Content]]:
    """Name and bytes, or what is wrong, of every member of one container, as listed; the container itself has no name."""
    found = path.stat()
    container = Container(kind or kind_of(str(path)), 'c', str(path), found.st_size, found.st_mtime_ns)
    match container.kind:
        case Kind.PARQUET:
            members = list(parquet.members(container, parquet.columns(str(path), None, None)))
        case Kind.ZIP:
            members = list(zip_list.members(container))
        case _:
            members = list(tar.members(container))
    entries = [
        Entry(str(number), str(path), member.size, found.st_mtime_ns, address=member.address, failure=member.failure)
        for number, member in enumerate(members)
    ]
    read = {loaded.entry.uri: _content(loaded.failure or loaded.data) for loaded in load_all(0, entries, max_bytes)}
    assert sorted(read, key=int) == [entry.uri for entry in entries]
    return [(member.name, read[str(number)]) for number, member in enumerate(members)]


def listed(*inputs: object, **options: object) -> list[Entry]:
    """The inputs that INPUTs hold."""
    return list(list_inputs(sources([str(given) for given in inputs]), dataclasses.replace(CONFIG, **options), []))


def uris(*inputs: object, **options: object) -> list[str]:
    """Their uris, sorted."""
    return sorted(entry.uri for entry in listed(*inputs, **options))


def outcomes(*inputs: object, max_bytes: int = MEGA, **options: object) -> dict[str, Content]:
    """What reading gives of everything that INPUTs hold, by uri."""
    return read_all(listed(*inputs, **options), max_bytes)


def read_all(entries: list[Entry], max_bytes: int = MEGA) -> dict[str, Content]:
    """What reading gives of each entry: each has one answer."""
    read = [(loaded.entry.uri, _content(loaded.failure or loaded.data)) for loaded in load_all(0, entries, max_bytes)]
    assert sorted(uri for uri, _ in read) == sorted(entry.uri for entry in entries)
    return dict(read)


@contextmanager
def opened() -> Iterator[set[str]]:
    """Paths of the files that Python opens meanwhile, and `w:PATH` of those that it opens to write."""
    if not _watched:
        sys.addaudithook(_see)
    paths: set[str] = set()
    _watched.append(paths)
    yield paths
    _watched[-1] = set()


def _see(event: str, said: tuple[object, ...]) -> None:
    if event == 'open' and isinstance(said[0], str | bytes):
        flags = said[2] if isinstance(said[2], int) else 0
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        _watched[-1].add(('w:' if writes else '') + os.fsdecode(said[0]))


def _content(found: bytes | Failure) -> Content:
    return found.status if isinstance(found, Failure) else found
