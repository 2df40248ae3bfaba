"""A dataset that can't be used says what is wrong, in one line."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from mien.configs.errors import UsageError
from mien.models.data.dataset import Dataset, id_of, load_together


def test_what_a_dataset_says_of_itself(dataset):
    assert (dataset.name, dataset.classes, dataset.crop.size) == ('tiny', ('neutral', 'happiness', 'surprise'), 32)
    assert dataset.splits() == ['test', 'train', 'validation']
    assert [path.rsplit('/', 1)[1] for path in dataset.files('train')] == [f'tiny-train.tfrecord-0000{n}-of-00002' for n in (0, 1)]


def test_classes_are_taken_in_label_order(dataset):
    assert dataset.subset(('surprise', 'neutral')) == ('neutral', 'surprise')
    assert dataset.subset(()) == dataset.classes


@pytest.mark.parametrize(
    ('classes', 'message'),
    [(('anger', 'neutral'), "no class 'anger'"), (('happines',), "did you mean 'happiness'"), (('neutral',), 'one class only')],
)
def test_classes_that_are_not_there(dataset, classes, message):
    with pytest.raises(UsageError, match=message):
        dataset.subset(classes)


def test_a_dataset_of_one_class_is_nothing_to_train_on(dataset):
    with pytest.raises(UsageError, match="one class only, 'neutral'; training needs two or more"):
        replace(dataset, classes=('neutral',)).subset(())


def test_a_split_that_is_not_there(dataset):
    with pytest.raises(UsageError, match=r"no split 'tests' \(did you mean 'test'\?\)"):
        dataset.files('tests')


def test_files_of_other_names_are_no_records(dataset, tmp_path):
    folder = Path(shutil.copytree(dataset.folder, tmp_path / 'copy'))
    records = folder / 'tiny-test.tfrecord-00000-of-00001'
    records.with_name(f'{records.name}.gz').touch()
    assert Dataset.load(folder).files('test') == [str(records)]
    records.unlink()
    with pytest.raises(UsageError, match="no split 'test'"):
        Dataset.load(folder).files('test')


def test_a_missing_record_file_is_seen(dataset, tmp_path):
    folder = shutil.copytree(dataset.folder, tmp_path / 'copy')
    (folder / 'tiny-train.tfrecord-00001-of-00002').unlink()
    with pytest.raises(UsageError, match='1 of 2 files'):
        Dataset.load(folder).files('train')


@pytest.mark.parametrize(
    ('snapshot', 'message'),
    [(None, 'holds no snapshot.json'), ('{', 'cannot be read'), ('[]', 'not written by'), (json.dumps({'config': {}}), 'not written by')],
)
def test_a_folder_that_is_no_dataset(tmp_path, snapshot, message):
    if snapshot is not None:
        (tmp_path / 'snapshot.json').write_text(snapshot)
    with pytest.raises(UsageError, match=message):
        Dataset.load(tmp_path)


def test_records_are_plain_unless_the_snapshot_says_otherwise(dataset, rewritten):
    assert dataset.compression == 'none'
    assert rewritten(compression='gzip').compression == 'gzip'


def test_a_compression_of_a_later_version_is_named(rewritten):
    with pytest.raises(UsageError, match="compressed by 'zstd'; this mien reads none, gzip"):
        rewritten(compression='zstd')


@pytest.mark.parametrize(
    'changes',
    [
        {'config': {'name': 5}},
        {'config': {'classes': [1, 2, 3]}},
        {'config': {'compression': ['none']}},
        {'tallies': None},
        {'tallies': []},
        {'files': []},
    ],
)
def test_values_of_other_types_are_a_wrong_call(dataset, tmp_path, changes):
    folder = shutil.copytree(dataset.folder, tmp_path / 'copy')
    said = json.loads((folder / 'snapshot.json').read_text())
    config = said['config'] | changes.pop('config', {})
    (folder / 'snapshot.json').write_text(json.dumps(said | {'config': config} | changes))
    with pytest.raises(UsageError, match='was not written by `mien build`'):
        Dataset.load(folder)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match='no such folder'):
        Dataset.load(tmp_path / 'nothing')


def test_several_of_the_same_classes_and_crops_go_together(dataset, rewritten):
    other = rewritten(lambda example: example.features.feature['weight'].float_list.value.append(0.5))
    together = load_together([dataset.folder, other.folder])
    assert together == (dataset, other)
    assert id_of(together) == f'tiny@{dataset.digest} + tiny@{other.digest}'


def test_the_same_twice_is_a_wrong_call(dataset, rewritten):
    copy = rewritten().folder
    with pytest.raises(UsageError, match=f'{copy!r}: is {dataset.id}, as {dataset.folder!r} is; name it once'):
        load_together([dataset.folder, copy])


def test_other_crops_do_not_go_together(dataset, tmp_path):
    folder = shutil.copytree(dataset.folder, tmp_path / 'copy')
    snapshot = json.loads((folder / 'snapshot.json').read_text())
    snapshot['config']['crop_scale'] = 1.1
    (folder / 'snapshot.json').write_text(json.dumps(snapshot))
    with pytest.raises(UsageError, match=r'crops are arcface-112, scale 1\.1, .*, those of .*; build it with the same'):
        load_together([dataset.folder, str(folder)])
