"""Rows with figures, and folders that look like datasets, without a record in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mien.models.compare.measured import MeasuredExport
from mien.models.compare.row import OK, Row

EXPORTS = (
    MeasuredExport('model-int8.tflite', 700, 0.89, 0.002, 0.0001, 9000.0),
    MeasuredExport('model.onnx', 2600, 0.9, 0.004, 0.0002, 4000.0),
    MeasuredExport('model.tflite', 2500, 0.9, 0.003, 0.0003, 3000.0),
)


@pytest.fixture
def row() -> Callable[..., Row]:
    """A finished run's row, some of its columns replaced."""

    def make(name: str, **columns: object) -> Row:
        said = {
            'status': OK,
            'dataset': 'raw@0123456789ab',
            'test': 'raw@0123456789ab',
            'split': 'test',
            'architecture': 'dcnn',
            'weights': 'none',
            'classes': ('neutral', 'anger'),
            'epochs_asked': 10,
            'epochs_run': 7,
            'ended': 'early stopping',
            'package': f'runs/{name}',
            'model': f'{name}@ba9876543210',
            'examples': 1000,
            'absent': (),
            'accuracy': 0.9,
            'standard_error': 0.01,
            'recall': {'neutral': 0.95, 'anger': None},
            'bytes': 2500,
            'load_cold': 0.4,
            'faces_per_second': 3000.0,
            'exports': EXPORTS,
        }
        return Row(id=name, **said | columns)

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., str]:
    """Makes a dataset's folder: its description, and record files without content."""

    def make(name: str, classes: tuple[str, ...] = ('neutral', 'happiness', 'anger'), size: int = 48, under: str = '') -> str:
        path = tmp_path / under / name
        (path / 'transform_fn').mkdir(parents=True)
        (path / 'transform_fn/saved_model.pb').touch()
        crop = {'crop_template': 'fer2013', 'crop_scale': 1.0, 'crop_size': size, 'crop_channels': 1}
        (path / 'snapshot.json').write_text(json.dumps({'config': {'name': name, 'classes': classes} | crop, 'files': {}}))
        for split in ('train', 'validation', 'test'):
            (path / f'{name}-{split}.tfrecord-00000-of-00001').touch()
        return str(path)

    return make
