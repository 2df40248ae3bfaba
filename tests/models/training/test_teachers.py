"""Teachers: their probabilities in the targets, and which packages can teach a training."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from mien.configs.errors import UsageError
from mien.models.package import ModelPackage
from mien.models.predictor import Predictor
from mien.models.training.fit import open_source
from mien.models.training.recipe import identity, refuse_another
from mien.models.training.teachers import Teachers
from mien.models.training.train import train


def always(*logits):
    """A network that sees the same in every image."""
    return lambda images: tf.tile(tf.constant([logits]), [len(images), 1])


def test_targets_by_hand():
    """Of logits halved, [2 log 3, 0] says 3/4 and [0, 0] says 1/2; their mean is 5/8, of which the target gets two fifths."""
    teachers = Teachers((always(2 * math.log(3), 0.0), always(0.0, 0.0)), 0.4, 2.0)
    taught = teachers(tf.zeros([2, 8, 8, 1]), tf.constant([[1.0, 0.0], [0.0, 1.0]]))
    np.testing.assert_allclose(taught, [[0.85, 0.15], [0.25, 0.75]], rtol=1e-6)


def test_a_package_teaches_what_its_export_says(dataset, package, train_config):
    config = train_config(teachers=(package.folder,), teacher_share=0.75, teacher_temperature=package.temperature)
    source = open_source(dataset, config)
    crops, labels = next(source.crops('test'))
    own = np.eye(3, dtype=np.float32)[labels]
    taught = Teachers.of(config, source)(tf.constant(crops, tf.float32), own)
    np.testing.assert_allclose(taught, 0.25 * own + 0.75 * Predictor(package).predict(crops), atol=1e-4)


def test_one_calculates_in_bfloat16_with_its_pupil_but_for_a_user_s_network(dataset, package, train_config, tmp_path):
    """A user's layer need not take a dtype."""
    users = replace(package, folder=shutil.copytree(package.folder, tmp_path / 'users'), architecture='mine:build')
    users.write_manifest()
    own = train_config(teachers=(package.folder,), teacher_share=1.0, precision='mixed_bfloat16')
    source = open_source(dataset, own)
    crops, labels = next(source.crops('test'))

    def said(config):
        return Teachers.of(config, source)(tf.constant(crops, tf.float32), np.eye(3, dtype=np.float32)[labels])

    exact, half = said(replace(own, precision='float32')), said(own)
    assert half.dtype == tf.float32
    assert 0 < np.abs(half - exact).max() < 0.02
    np.testing.assert_array_equal(said(replace(own, teachers=(str(users.folder),))), exact)


def test_none_is_asked(dataset, train_config):
    assert Teachers.of(train_config(), open_source(dataset, train_config())) is None


def test_one_of_more_classes_teaches_those_of_the_training(dataset, package, train_config):
    config = train_config(teachers=(package.folder,), teacher_share=1.0, teacher_temperature=package.temperature)
    source = open_source(dataset, replace(config, classes=('surprise', 'neutral')))
    crops, labels = next(source.crops('test'))
    taught = Teachers.of(config, source)(tf.constant(crops, tf.float32), np.eye(2, dtype=np.float32)[labels])
    said = Predictor(package).predict(crops)[:, [package.classes.index(name) for name in source.classes]]
    np.testing.assert_allclose(taught, said / said.sum(axis=1, keepdims=True), atol=1e-4)


def test_one_that_lacks_a_class_is_refused(dataset, package, train_config):
    config = train_config(teachers=(package.folder,))
    source = replace(open_source(dataset, config), classes=('neutral', 'fear'))
    with pytest.raises(UsageError, match='does not know fear, only neutral, happiness, surprise; name a package that knows all classes'):
        Teachers.of(config, source)


def test_other_crops_are_refused_and_nothing_is_left(dataset, train_config, tmp_path):
    with pytest.raises(UsageError, match=r'its crops are fer2013, scale 1, 48x48x1; the training has arcface-112, scale 1, 32x32x1; name'):
        train([dataset.folder], str(tmp_path / 'out'), train_config(teachers=('default',)), 'x')
    assert not list(tmp_path.iterdir())


def test_a_training_is_known_by_its_teachers_files(package, train_config, tmp_path):
    alone, taught = (identity(train_config(teachers=some), 'faces@1') for some in ((), (package.folder,)))
    copy = shutil.copytree(package.folder, tmp_path / 'copy')
    refuse_another(tmp_path, json.loads(json.dumps(taught)), identity(train_config(teachers=(str(copy),)), 'faces@1'))
    with pytest.raises(UsageError, match=r"teachers is \[\] there, \['[0-9a-f]{64}'\] here"):
        refuse_another(tmp_path, alone, taught)
    Path(copy, 'model.keras').unlink()
    with pytest.raises(UsageError, match=r'model\.keras is missing'):
        identity(train_config(teachers=(str(copy),)), 'faces@1')
    package = ModelPackage.load(package.folder)
    exports_alone = {name: digest for name, digest in package.files.items() if name != 'model.keras'}
    replace(package, folder=str(copy), files=exports_alone).write_manifest()
    with pytest.raises(UsageError, match=r"teacher '.*copy': holds no model\.keras; name a package that does"):
        identity(train_config(teachers=(str(copy),)), 'faces@1')
