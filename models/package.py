"""A model package: a folder that holds a model, how faces must be cut for it, and what it is worth.

model.json          architecture, classes, crop, temperature, abstention threshold, export that labels, SHA-256 of the other files
model.tflite        uint8 crops to calibrated probabilities; may be left out where the next one labels
model-int8.tflite   the same in 8-bit integers, where asked for; `label` runs one of the two
saved_model/        the same for TensorFlow, where asked for
model.onnx          the same for ONNX runtimes, where asked for
model.keras         the architecture alone, for more training
metrics.json        figures per split and per export
card.md             the same for a person
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path, PurePosixPath

from ..configs.errors import UsageError
from ..configs.load import suggestion
from ..configs.schema import Crop
from .manifest import FILES, MANIFEST, read_manifest

INSTALLED = Path(str(resources.files(__package__))) / 'packages'


@dataclass(frozen=True)
class ModelPackage:
    """What `model.json` says, and where it stands.

    Attributes:
        folder: the package's folder.
        name: what people call it.
        architecture: name in the registry.
        classes: class names in the order of the probabilities.
        crop: how a face is cut for this model.
        temperature: what the logits are divided by; it stands in the export already.
        abstain_below: a face whose best probability is lower is abstained.
        export: file name of the export that labels.
        files: SHA-256 of every other file, by its path in the folder, with `/`.
    """

    folder: str
    name: str
    architecture: str
    classes: tuple[str, ...]
    crop: Crop
    temperature: float
    abstain_below: float
    export: str
    files: dict[str, str]

    @property
    def digest(self) -> str:
        """12 hex digits of SHA-256 over the labelling export and all of the manifest that can change a label."""
        decisive = {
            'export': self.files[self.export],
            'classes': self.classes,
            'crop': asdict(self.crop),
            'abstain_below': self.abstain_below,
        }
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def id(self) -> str:
        """`name@digest`, as in the labels table."""
        return f'{self.name}@{self.digest}'

    @property
    def export_path(self) -> Path:
        return Path(self.folder) / self.export

    @property
    def exports(self) -> dict[str, str]:
        """File or folder of each export that the package holds, by the export's name: keras, float, int8, saved_model, onnx."""
        return {name: file for name, file in FILES.items() if any(path == file or path.startswith(f'{file}/') for path in self.files)}

    @classmethod
    def load(cls, folder: str | Path) -> ModelPackage:
        """Reads a package and checks its files against its manifest.

        Raises:
            UsageError: no folder, no manifest, a manifest that isn't one, was changed or names a file outside of the folder, or a file that
                differs.
        """
        said = read_manifest(Path(folder))
        written = said.pop('digest')
        package = cls(folder=str(folder), **said | {'classes': tuple(said['classes']), 'crop': Crop(**said['crop'])})
        package._check_files()
        if written != package.digest:
            raise UsageError(f'model {str(folder)!r}: {MANIFEST} is not as it was written, by its digest; copy the whole folder again')
        return package

    def write_manifest(self) -> None:
        """Writes `model.json`."""
        manifest = {key: value for key, value in asdict(self).items() if key != 'folder'} | {'digest': self.digest}
        Path(self.folder, MANIFEST).write_text(json.dumps(manifest, indent=2) + '\n')

    def _check_files(self) -> None:
        if self.export not in self.files:
            raise UsageError(f'model {self.folder!r}: {MANIFEST} names no SHA-256 of {self.export!r}; train it again')
        for name, expected in self.files.items():
            if not _is_inside(name):
                raise UsageError(f'model {self.folder!r}: {MANIFEST} names {name!r}, which is outside of the folder; train it again')
            try:
                found = sha256(Path(self.folder, name))
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
                raise UsageError(f'model {self.folder!r}: {name} is missing; copy the whole folder again') from error
            except OSError as error:
                raise UsageError(f'model {self.folder!r}: {name} cannot be read ({error.strerror})') from error
            if found != expected:
                raise UsageError(f'model {self.folder!r}: {name} differs from the SHA-256 in {MANIFEST}; copy the whole folder again')


def find(model: str) -> ModelPackage:
    """The package of an installed name or a folder.

    Raises:
        UsageError: there is neither, or both.
    """
    names = installed()
    if model in names and Path(model, MANIFEST).is_file():
        raise UsageError(f'model {model!r}: is installed, and a package in a folder here, too; say {f"./{model}"!r}, or rename the folder')
    if model in names:
        return ModelPackage.load(INSTALLED / model)
    with suppress(OSError):  # such as a name that is too long for one
        if Path(model).is_dir():
            return ModelPackage.load(model)
    if '://' in model:
        raise UsageError(f'model {model!r}: is in a store, and models are read from a disk; copy the folder there')
    raise UsageError(f'model {model!r}: no such folder or installed model{suggestion(model, names)}; installed: {", ".join(names)}')


def installed() -> list[str]:
    """Names of the packages that came with mien."""
    return sorted(path.parent.name for path in INSTALLED.glob(f'*/{MANIFEST}'))


def sha256(path: str | Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def hashes(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of files, and of all files below folders, by their path in `folder` with `/`."""
    found = [path for name in names for path in ([folder / name] if (folder / name).is_file() else sorted((folder / name).rglob('*')))]
    return {path.relative_to(folder).as_posix(): sha256(path) for path in found if path.is_file()}


def _is_inside(name: str) -> bool:
    """Whether a path of a manifest can only lie in the package's folder, on any system."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and '..' not in path.parts and not set('\0\\:') & set(name)
