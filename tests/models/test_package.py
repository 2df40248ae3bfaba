"""A package's manifest: what it covers, and what of a foreign one is refused."""

import json
from dataclasses import replace

import pytest

from mien.configs.errors import UsageError
from mien.configs.schema import Crop
from mien.models.package import INSTALLED, ModelPackage, find, hashes, installed
from mien.models.predictor import Predictor

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


WRONG = {
    'name': ['', 5, '=1+1', 'a|b', 'a\nb', '<b>'],
    'architecture': [None, '@sum', '<img src=x onerror=y>'],
    'classes': ['ab', [], ['a'], ['a', 'a'], [1, 2], ['a', '=b'], ['a', '<b>']],
    'crop': [None, {'template': 'fer2013'}, {'template': 'x', 'scale': 1.0, 'size': 48, 'channels': 1}]
    + [{'template': 'fer2013', 'scale': 1.0, 'size': 48, 'channels': 1} | one for one in ({'size': '48'}, {'channels': 2}, {'scale': 0})],
    'temperature': [None, '1.0', 0, -1.0, True],
    'abstain_below': [None, '0.5', float('nan')],
    'export': [None, ['model.tflite']],
    'files': [{'model.tflite': 7}],
}


@pytest.mark.parametrize(('key', 'value'), [(key, value) for key, values in WRONG.items() for value in values])
def test_values_that_mien_never_writes_are_refused(written, key, value):
    with pytest.raises(UsageError, match=rf'is not a manifest of mien \({key}\)'):
        ModelPackage.load(rewrite(written, **{key: value}))


@pytest.mark.parametrize('changes', [{'classes': ['happiness', 'neutral']}, {'abstain_below': 0.4}, {'digest': None}])
def test_a_manifest_that_was_changed_is_refused(written, changes):
    with pytest.raises(UsageError, match=r'model\.json is not as it was written, by its digest'):
        ModelPackage.load(rewrite(written, **changes))


def test_names_that_are_too_long_for_a_file_are_one_line(written):
    with pytest.raises(UsageError, match='cannot be read'):
        ModelPackage.load(rewrite(written, files=written.files | {300 * 'x': 64 * '0'}))
    with pytest.raises(UsageError, match='no such folder or installed model'):
        find(300 * 'x')


def test_an_export_that_is_none_or_of_other_classes_is_refused(written):
    with pytest.raises(UsageError, match=r'LiteRT cannot read model\.tflite'):
        Predictor(written)
    default = find('default')
    with pytest.raises(UsageError, match=r'makes 8 probabilities of crops of 48x48x1, and model\.json says others'):
        Predictor(replace(default, classes=default.classes[:-1]))
    with pytest.raises(UsageError, match=r'makes 8 probabilities of crops of 48x48x1, and model\.json says others'):
        Predictor(replace(default, crop=replace(default.crop, channels=3)))


def test_another_labelling_export_is_another_digest(written):
    by_int8 = replace(written, export='model-int8.tflite')
    assert by_int8.digest != written.digest
    assert replace(written, files=written.files | {'model-int8.tflite': 64 * '0'}).digest == written.digest  # it does not label


def test_the_installed_packages_load():
    assert 'default' in installed()
    for name in installed():
        assert find(name).digest == json.loads((INSTALLED / name / 'model.json').read_text())['digest']


def test_a_folder_of_an_installed_name_is_told_from_it(written, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'default').mkdir()  # such as a dataset's: no package
    assert find('default').folder == str(INSTALLED / 'default')
    (tmp_path / 'default').rmdir()
    (tmp_path / 'package').rename('default')
    with pytest.raises(UsageError, match=r"model 'default': is installed, and a package in a folder here, too; say '\./default'"):
        find('default')
    assert find('./default').id == written.id
