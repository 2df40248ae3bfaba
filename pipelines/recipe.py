"""What identifies a run: two runs of one recipe over one set of inputs give the same bytes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pyarrow as pa

from ..configs.load import as_dict
from ..configs.schema import PhotoConfig
from ..models.package import sha256
from ..transforms.tables import SCHEMA_VERSION
from ..transforms.yunet import weights_path

NOT_IDENTITY = ('failure_ceiling', 'reject_ceiling', 'model', 'labels')


@dataclass(frozen=True)
class Recipe:
    """Kind of the job, code, config, and digests of whatever files decide the result.

    Attributes:
        digests: by name: the model's id, SHA-256 of the detector's weights, of the labels file.
    """

    kind: str
    config: dict[str, Any]
    digests: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        return {
            'kind': self.kind,
            'schema_version': SCHEMA_VERSION,
            'mien_version': version('mien'),
            'config': self.config,
            'digests': self.digests,
        }

    @property
    def digest(self) -> str:
        """12 hex digits that name the recipe."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:12]

    def stamped(self, schema: pa.Schema) -> pa.Schema:
        """A table's schema that says by which recipe its file was made, and nothing of the run."""
        stamp = {'mien.schema_version': SCHEMA_VERSION, 'mien.recipe': self.digest}
        return schema.with_metadata(stamp | {f'mien.{name}': digest for name, digest in sorted(self.digests.items())})


def recipe(kind: str, config: PhotoConfig, digests: dict[str, str], detects: bool) -> Recipe:
    """The recipe of a config; the detector's weights count where faces are detected."""
    said = {key: value for key, value in as_dict(config).items() if key not in NOT_IDENTITY}
    detector = {'detector': sha256(weights_path())} if detects else {}
    return Recipe(kind, said, digests | detector)


def differences(old: dict[str, Any], new: dict[str, Any], prefix: str = '') -> list[str]:
    """Each value that differs, as `key: old -> new`; nested keys are joined by dots."""
    found = []
    for key in sorted(old.keys() | new.keys()):
        one, other = old.get(key), new.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            found += differences(one, other, f'{prefix}{key}.')
        elif one != other:
            found.append(f'{prefix}{key}: {one!r} -> {other!r}')
    return found
