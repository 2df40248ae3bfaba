"""A package's manifest: what it covers, and what of a foreign one is refused."""

import json
from dataclasses import replace

import pytest

from mien.configs.errors import UsageError
from mien.configs.schema import Crop
from mien.models.package import INSTALLED, ModelPackage, find, hashes, installed

NAMES = ('model.keras', 'model.tflite', 'model-int8.tflite', 'saved_model')


@pytest.fixture
def written(tmp_path):
    """A package of files that nobody will open."""
    folder = tmp_path / 'package'
    (folder / 'saved_model' / 'variables').mkdir(parents=True)
    for name in ('model.keras', 'model.tflite', 'model-int8.tflite', 'saved_model/saved_model.pb', 'saved_model/variables/variables.index'):
        (folder / name).write_text(name)
    crop = Crop('fer2013', 1.0, 48, 1)
    package = ModelPackage(str(folder), 'made', 'up', ('neutral', 'happiness'), crop, 1.0, 0.5, 'model.tflite', hashes(folder, NAMES))
    package.write_manifest()
    return package


def rewrite(package, **changes):
    path = package.export_path.parent / 'model.json'
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path.parent


def test_files_in_folders_are_named_by_their_path(written):
    assert set(written.files) == {*NAMES[:3], 'saved_model/saved_model.pb', 'saved_model/variables/variables.index'}
    assert ModelPackage.load(written.folder) == written
    assert written.exports == {
        'keras': 'model.keras',
        'float': 'model.tflite',
        'int8': 'model-int8.tflite',
        'saved_model': 'saved_model',
    }


@pytest.mark.parametrize('name', ['model.keras', 'model-int8.tflite', 'saved_model/variables/variables.index'])
def test_every_file_is_covered(written, name):
    path = written.export_path.parent / name
    path.write_text('changed')
    with pytest.raises(UsageError, match=f'{name} differs from the SHA-256'):
        ModelPackage.load(written.folder)
    path.unlink()
    with pytest.raises(UsageError, match=f'{name} is missing'):
        ModelPackage.load(written.folder)


@pytest.mark.parametrize(
    'name', ['../secret', 'saved_model/../../secret', '/etc/passwd', '..', '.', '', 'a\\..\\..\\secret', 'C:/secret', 'C:secret']
)
def test_a_name_that_leaves_the_folder_is_refused_and_not_read(written, tmp_path, name):
    (tmp_path / 'secret').write_text('secret')
    folder = rewrite(written, files=written.files | {name: 64 * '0'})
    with pytest.raises(UsageError, match='outside of the folder'):
        ModelPackage.load(folder)


@pytest.mark.parametrize('changes', [{'export': '../model.tflite'}, {'export': 'other.tflite'}])
def test_an_export_without_a_hash_is_refused(written, changes):
    with pytest.raises(UsageError, match='names no SHA-256'):
        ModelPackage.load(rewrite(written, **changes))


@pytest.mark.parametrize('files', [['model.tflite'], 'model.tflite', None, 7])
def test_files_that_are_no_map_are_refused(written, files):
    with pytest.raises(UsageError, match='is not a manifest of mien'):
        ModelPackage.load(rewrite(written, files=files))


def test_another_labelling_export_is_another_digest(written):
    by_int8 = replace(written, export='model-int8.tflite')
    assert by_int8.digest != written.digest
    assert replace(written, files=written.files | {'model-int8.tflite': 64 * '0'}).digest == written.digest  # it does not label


def test_the_installed_packages_load():
    assert 'default' in installed()
    for name in installed():
        assert find(name).digest == json.loads((INSTALLED / name / 'model.json').read_text())['digest']
