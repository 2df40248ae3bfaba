"""A dataset folder as `mien build` writes it: record files by split, the transform graph, and the config that made them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...configs.errors import UsageError
from ...configs.load import suggestion
from ...configs.schema import COMPRESSIONS, Crop
from .store import names, text

SNAPSHOT = 'snapshot.json'
SEVERAL = ' + '  # between datasets
TRAINED_ON = re.compile(r'transform_fn/|[^/]+\.tfrecord-')


@dataclass(frozen=True)
class SourceSaid:
    """What a dataset says of a collection that went into it.

    Attributes:
        licence: of the photos; None where it is not said.
        examples: number of them, in all splits.
    """

    name: str
    licence: str | None
    examples: int


@dataclass(frozen=True)
class Dataset:
    """What `snapshot.json` says of a dataset, and where it stands.

    Attributes:
        folder: the dataset's folder, local, `s3://bucket/folder` or `gs://bucket/folder`.
        name: record files begin with it.
        classes: class names in label order.
        crop: how the faces were cut.
        digest: 12 hex digits of SHA-256 over all that training reads: classes, crop, records and transform graph.
        compression: of the record files, none or gzip.
        sources: the collections that its faces are of; none where it doesn't say.
    """

    folder: str
    name: str
    classes: tuple[str, ...]
    crop: Crop
    digest: str
    compression: str = 'none'
    sources: tuple[SourceSaid, ...] = ()

    @classmethod
    def load(cls, folder: str | Path) -> Dataset:
        """Reads a dataset's description.

        Raises:
            UsageError: no folder, no snapshot, one that `mien build` did not write, or a compression that is not ours.
            JobFailed: the folder's store does not answer.
        """
        folder = str(folder).rstrip('/') or '/'
        snapshot = _snapshot(folder)
        try:
            config, files = snapshot['config'], snapshot['files']
            crop = Crop(config['crop_template'], config['crop_scale'], config['crop_size'], config['crop_channels'])
            name, classes, compression = config['name'], tuple(config['classes']), config.get('compression', 'none')
            read = {path: digest for path, digest in files.items() if TRAINED_ON.match(path)}
            if not all(isinstance(text, str) for text in (name, compression, *classes)):
                raise TypeError('name, classes or compression that is a text')
            sources = _sources(snapshot)
        except (KeyError, TypeError, AttributeError) as error:
            raise UsageError(f'dataset {folder!r}: {SNAPSHOT} was not written by `mien build` (no {error}); name its --out') from error
        if compression not in COMPRESSIONS:
            raise UsageError(f'dataset {folder!r}: records are compressed by {compression!r}; this mien reads {", ".join(COMPRESSIONS)}')
        return cls(folder, name, classes, crop, _digest([classes, asdict(crop), read]), compression, sources)

    @property
    def id(self) -> str:
        """`name@digest`."""
        return f'{self.name}@{self.digest}'

    def files(self, split: str) -> list[str]:
        """Paths of a split's record files, in order.

        Raises:
            UsageError: it has none, or some are missing.
        """
        pattern = re.compile(rf'{re.escape(self.name)}-{re.escape(split)}\.tfrecord-\d+-of-\d+')
        paths = [f'{self.folder}/{name}' for name in names(self.folder) if pattern.fullmatch(name)]
        if not paths:
            known = self.splits()
            has = f'it has {", ".join(known)}' if known else 'it has no records at all'
            raise UsageError(f'dataset {self.folder!r}: no split {split!r}{suggestion(split, known)}; {has}')
        expected = int(paths[0].rsplit('-', 1)[1])
        if len(paths) != expected:
            raise UsageError(f'dataset {self.folder!r}: {len(paths)} of {expected} files of split {split!r}; copy the whole folder again')
        return paths

    def splits(self) -> list[str]:
        """Names of the splits that have records."""
        pattern = re.compile(re.escape(self.name) + r'-([a-z]+)\.tfrecord-\d+-of-\d+')
        found = (pattern.fullmatch(name) for name in names(self.folder))
        return sorted({match[1] for match in found if match})

    def subset(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        """The asked classes in label order; all of them where none is asked.

        Raises:
            UsageError: the dataset lacks one, or fewer than two are left.
        """
        for name in classes:
            if name not in self.classes:
                hint = suggestion(name, list(self.classes))
                raise UsageError(f'dataset {self.folder!r}: no class {name!r}{hint}; it has {", ".join(self.classes)}')
        chosen = tuple(name for name in self.classes if not classes or name in classes)
        if len(chosen) < 2:
            what = 'one class only is asked for' if classes else 'one class only'
            raise UsageError(f'dataset {self.folder!r}: {what}, {chosen[0]!r}; training needs two or more')
        return chosen


def load_together(folders: Sequence[str]) -> tuple[Dataset, ...]:
    """Reads the description of each.

    Raises:
        UsageError: see `Dataset.load`; two are the same, or their crops are not.
    """
    first, *others = loaded = tuple(Dataset.load(folder) for folder in folders)
    for number, other in enumerate(others, 1):
        same = next((one for one in loaded[:number] if one.id == other.id), None)
        if same is not None:
            raise UsageError(f'dataset {other.folder!r}: is {other.id}, as {same.folder!r} is; name it once')
        if other.crop != first.crop:
            what = f'crops are {other.crop}, those of {first.folder!r} {first.crop}'
            raise UsageError(f'dataset {other.folder!r}: {what}; build it with the same')
    return loaded


def id_of(datasets: Sequence[Dataset]) -> str:
    """`name@digest`, of several one after the other."""
    return SEVERAL.join(one.id for one in datasets)


def _sources(snapshot: Any) -> tuple[SourceSaid, ...]:
    config, counts = snapshot['config'], snapshot.get('tallies', {}).get('examples_of', {})
    said = config.get('sources', {})
    return tuple(SourceSaid(name, said.get(name, {}).get('licence', config.get('licence')), count) for name, count in counts.items())


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def _snapshot(folder: str) -> Any:
    if not names(folder) and not Path(folder).is_dir():
        raise UsageError(f'dataset {folder!r}: no such folder; name the --out of `mien build`')
    try:
        return json.loads(text(f'{folder}/{SNAPSHOT}'))
    except FileNotFoundError as error:
        raise UsageError(f'dataset {folder!r}: holds no {SNAPSHOT}; name the --out of a finished `mien build`') from error
    except (OSError, ValueError) as error:
        raise UsageError(f'dataset {folder!r}: {SNAPSHOT} cannot be read ({error}); build it again') from error
