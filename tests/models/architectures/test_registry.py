"""What an architecture can be called."""

from inspect import isfunction, signature

import keras
import pytest

from mien.configs.errors import UsageError
from mien.models.architectures.architecture import InputSpec
from mien.models.architectures.registry import ARCHITECTURES, builder, names, plain_name, side, smallest
from mien.models.training.recipe import identity, refuse_another

MODULE = """
import keras
from mien.configs.errors import UsageError

CONSTANT = 3

def build(spec, classes):
    inputs = keras.Input((spec.crop, spec.crop, spec.channels))
    return keras.Model(inputs, keras.layers.Dense(classes)(keras.layers.Flatten()(inputs)))

def wide(spec, classes):
    return build(spec, classes + 1)

def coloured(spec, classes):
    inputs = keras.Input((spec.crop, spec.crop, 3))
    return keras.Model(inputs, keras.layers.Dense(classes)(keras.layers.Flatten()(inputs)))

def nothing(spec, classes):
    return None

class Net(keras.Model):
    def __init__(self, classes):
        super().__init__()
        self.dense = keras.layers.Dense(classes)

def subclass(spec, classes):
    return Net(classes)

def endless(spec, classes):
    return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(classes)])

def weightless(spec, classes):
    inputs = keras.Input((spec.crop, spec.crop, spec.channels))
    return keras.Model(inputs, keras.ops.tile(keras.layers.GlobalAveragePooling2D()(inputs), (1, classes)))

class Odd(keras.layers.Layer):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)

def unsaveable(spec, classes):
    inputs = keras.Input((spec.crop, spec.crop, spec.channels))
    return keras.Model(inputs, keras.layers.Dense(classes)(Odd(lambda x: x)(keras.layers.Flatten()(inputs))))

def with_code(spec, classes):
    inputs = keras.Input((spec.crop, spec.crop, spec.channels))
    return keras.Model(inputs, keras.layers.Dense(classes)(keras.layers.Lambda(lambda x: 2 * x)(keras.layers.Flatten()(inputs))))

@keras.saving.register_keras_serializable()
class Twice(keras.layers.Layer):
    def call(self, x):
        return 2 * x

class Thrice(keras.layers.Layer):
    def call(self, x):
        return 3 * x

def unregistered(spec, classes):
    inputs = keras.Input((spec.crop, spec.crop, spec.channels))
    return keras.Model(inputs, keras.layers.Dense(classes)(Thrice()(keras.layers.Flatten()(inputs))))

def with_a_layer(spec, classes):
    inputs = keras.Input((spec.crop, spec.crop, spec.channels))
    return keras.Model(inputs, keras.layers.Dense(classes)(Twice()(keras.layers.Flatten()(inputs))))

def broken(spec, classes):
    raise ValueError('two\\nlines')

def picky(spec, classes):
    raise UsageError('its own line')
"""


def spec(crop, channels=1):
    return InputSpec(crop, channels, crop, 120.0, 4000.0)


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / 'mine_of_tests.py').write_text(MODULE)
    (tmp_path / 'lacking_of_tests.py').write_text('import no_such_module_here\n')
    (tmp_path / 'failing_of_tests.py').write_text('1 / 0\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('sys.path', list(__import__('sys').path))
    for name in ('mine', 'lacking', 'failing'):
        monkeypatch.delitem(__import__('sys').modules, f'{name}_of_tests', raising=False)


def test_every_network_that_keras_documents_as_an_application_is_known():
    """Keras's own modules each carry `preprocess_input`; a network is what can be built without its top."""
    public = {name: getattr(keras.applications, name) for name in dir(keras.applications)}
    topped = {name for name, found in public.items() if isfunction(found) and 'include_top' in signature(found).parameters}
    assert {'MobileNet', 'DenseNet121', 'Xception', 'VGG16', 'ConvNeXtTiny', 'NASNetLarge'} < topped
    assert set(names()) == topped | set(ARCHITECTURES)


@pytest.mark.parametrize(('asked', 'guess'), [('mini_exception', 'mini_xception'), ('vgg16', 'VGG16'), ('MobilNet', 'MobileNet')])
def test_an_unknown_name_is_refused_with_a_guess(asked, guess):
    with pytest.raises(UsageError, match=f'did you mean {guess!r}'):
        builder(asked)


@pytest.mark.parametrize('name', ['Xception', 'VGG16', 'MobileNetV3Small', 'compact_resnet', 'dlib_resnet', 'face_resnet'])
def test_the_least_side_is_built_and_one_less_is_refused_with_it(name):
    least = smallest(name)
    builder(name)(spec(least), 2)
    with pytest.raises(UsageError, match=f'{name}: input of {least - 1} pixels is too small; give --input-size {least} or more'):
        builder(name)(spec(least - 1), 2)


@pytest.mark.parametrize(
    ('name', 'asked', 'crop', 'expected'),
    [
        ('Xception', None, 48, 71),
        ('Xception', None, 96, 96),
        ('Xception', 72, 48, 72),
        ('mini_xception', None, 16, 32),
        ('dcnn', None, 48, 48),
        ('face_resnet', None, 48, 96),
        ('face_resnet', None, 112, 112),
        ('face_resnet', 48, 112, 48),
    ],
)
def test_a_network_works_on_the_crops_side_or_its_own(name, asked, crop, expected):
    assert side(name, asked, crop) == expected


@pytest.mark.usefixtures('module')
def test_a_function_of_ones_own_is_an_architecture():
    for name in ('build', 'with_a_layer'):
        assert builder(f'mine_of_tests:{name}')(spec(12), 4).output_shape == (None, 4)
    assert side('mine_of_tests:build', None, 12) == 12


@pytest.mark.usefixtures('module')
@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('nowhere_of_tests:build', "no module 'nowhere_of_tests'"),
        ('mine_of_tests.deeper:build', "no module 'mine_of_tests.deeper'"),
        ('lacking_of_tests:build', "lacking_of_tests asks for the module 'no_such_module_here'"),
        ('failing_of_tests:build', 'importing failing_of_tests raised ZeroDivisionError: division by zero'),
        ('mine_of_tests:built', "no function 'built'"),
        ('mine_of_tests:CONSTANT', "no function 'CONSTANT'"),
        ('mine_of_tests:', "no function ''"),
        ('mine_of_tests:wide', r'output is \(None, 5\); it must be \(None, 4\)'),
        ('mine_of_tests:coloured', r'input is \(None, 12, 12, 3\); it must be \(None, 12, 12, 1\)'),
        ('mine_of_tests:nothing', 'gave a NoneType'),
        ('mine_of_tests:subclass', 'its Net has no inputs of its own; begin it with keras.Input'),
        ('mine_of_tests:endless', 'its Sequential has no inputs of its own; begin it with keras.Input'),
        ('mine_of_tests:weightless', 'its network has no weights to train'),
        ('mine_of_tests:unsaveable', 'its network cannot be saved and loaded again .NotImplementedError: .*; give its layers a get_config'),
        ('mine_of_tests:with_code', 'its network cannot be saved and loaded again .*; give its layers a get_config .*, and none a lambda'),
        ('mine_of_tests:unregistered', r'saved and loaded again .*Thrice.* and @keras\.saving\.register_keras_serializable'),
        ('mine_of_tests:broken', 'raised ValueError: two lines'),
        ('mine_of_tests:picky', '^its own line$'),
    ],
)
def test_what_is_wrong_with_ones_own_is_one_line(name, message):
    with pytest.raises(UsageError, match=message) as raised:
        builder(name)(spec(12), 4)
    assert '\n' not in str(raised.value)


def test_a_package_can_bear_the_name():
    assert [plain_name(name) for name in ('VGG16', 'nets.small:build', '/models/Faces 2.h5', 'a.keras')] == [
        'VGG16',
        'nets.small.build',
        'Faces 2',
        'a',
    ]


@pytest.mark.usefixtures('module')
def test_a_changed_function_is_another_training(train_config, tmp_path):
    """A dropout of another rate changes no shape and no name."""
    config = train_config(architecture='mine_of_tests:build')
    before = identity(config, 'faces@1')
    assert identity(config, 'faces@1') == before
    (tmp_path / 'mine_of_tests.py').write_text(MODULE + '# changed')
    with pytest.raises(UsageError, match='code is '):
        refuse_another(tmp_path, before, identity(config, 'faces@1'))
