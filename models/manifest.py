"""What `model.json` says: which keys mien writes, and of what form their values are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..configs.errors import UsageError
from ..configs.schema import TEMPLATES

MANIFEST, METRICS = 'model.json', 'metrics.json'
WORK = 'work'  # in a package that grows: the training's journal
FILES = {'keras': 'model.keras', 'float': 'model.tflite', 'int8': 'model-int8.tflite', 'saved_model': 'saved_model', 'onnx': 'model.onnx'}
LARGEST = 1e9  # of a number
NAME = re.compile(r'[^=+@<>|`\s-][^<>|`]*')  # what is no formula of a spreadsheet, no tag and no cell of its own


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a package's manifest says, each value of its form.

    Raises:
        UsageError: no folder, no manifest, or one that mien did not write.
    """
    if not folder.is_dir():
        raise UsageError(f'model {str(folder)!r}: no such folder; name a folder that `mien train` wrote')
    try:
        said = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError as error:
        raise UsageError(f'model {str(folder)!r}: holds no {MANIFEST}; name a folder that `mien train` wrote') from error
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f'model {str(folder)!r}: {MANIFEST} cannot be read ({error}); train it again') from error
    wrong = [key for key, fits in FORMS.items() if not isinstance(said, dict) or not fits(said.get(key))]
    if wrong:
        raise UsageError(f'model {str(folder)!r}: {MANIFEST} is not a manifest of mien ({", ".join(wrong)}); train it again')
    return {key: said[key] for key in FORMS} | {'digest': said.get('digest')}


def is_name(value: Any) -> bool:
    """Whether a text may be the name of a package, an architecture or a class."""
    return isinstance(value, str) and value.isprintable() and NAME.fullmatch(value) is not None


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_name, value)) and len(set(value)) == len(value) > 1


def _number(value: Any) -> bool:
    return type(value) in (int, float) and -LARGEST < value < LARGEST


def _crop(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {'template', 'scale', 'size', 'channels'}
        and value['template'] in TEMPLATES
        and all(map(_number, (value['scale'], value['size'])))
        and value['scale'] > 0
        and type(value['size']) is int
        and value['size'] > 0
        and value['channels'] in (1, 3)
    )


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


FORMS: Mapping[str, Callable[[Any], bool]] = {
    'name': is_name,
    'architecture': is_name,
    'classes': _names,
    'crop': _crop,
    'temperature': lambda value: _number(value) and value > 0,
    'abstain_below': _number,
    'export': lambda value: isinstance(value, str),
    'files': _texts,
}
