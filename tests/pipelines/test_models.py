"""What `mien models` says of a package, against one that is made up."""

import json

import pytest

from mien.configs.schema import Crop
from mien.models.package import ModelPackage
from mien.pipelines.models import describe

METRICS = {
    'recipe': {'config': {}, 'dataset': 'faces@0123456789ab'},
    'splits': {'validation': {'accuracy': 0.9}, 'test': {'accuracy': 0.8347}},
    'speed': {'faces_per_second': 5120.4},
}


@pytest.mark.parametrize(
    ('metrics', 'said'),
    [
        (METRICS, '2 classes of faces, 83.5% on test, 1.50 MB, 5,120 faces a second'),
        (METRICS | {'speed': {}, 'splits': {'validation': {'accuracy': 0.9}}}, '2 classes of faces, 1.50 MB'),
        ({'splits': []}, '2 classes, 1.50 MB'),
    ],
    ids=['all', 'no test, no speed', 'no recipe'],
)
def test_a_package_is_described_by_what_is_known(tmp_path, metrics, said):
    (tmp_path / 'model-int8.tflite').write_bytes(bytes(1_500_000))
    (tmp_path / 'metrics.json').write_text(json.dumps(metrics))
    files = {'model-int8.tflite': 'a' * 64}
    crop = Crop('fer2013', 1.0, 48, 1)
    package = ModelPackage(str(tmp_path), 'small', 'dcnn', ('neutral', 'anger'), crop, 1.0, 0.4, 'model-int8.tflite', files)
    assert describe(package) == f'{package.id}: dcnn, {said}'
