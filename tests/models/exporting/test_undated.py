"""Keras files of equal networks are equal, and hold what Keras's own would."""

import keras
import numpy as np

from mien.models.exporting.undated import save


def network():
    """With a policy that layers share, and a layer that is used twice."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    policy, again = keras.DTypePolicy('mixed_bfloat16'), keras.layers.Dense(4, name='again')
    inputs = keras.Input((4,))
    x = again(again(keras.layers.Dense(4, dtype=policy)(inputs)))
    return keras.Model(inputs, keras.layers.Dense(2, dtype=policy)(x))


def test_equal_networks_are_equal_files(tmp_path):
    for name in ('a.keras', 'b.keras'):
        save(network(), tmp_path / name)
    assert (tmp_path / 'a.keras').read_bytes() == (tmp_path / 'b.keras').read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a.keras', 'b.keras']


def test_it_is_the_network(tmp_path):
    before, images = network(), np.eye(4, dtype=np.float32)
    save(before, tmp_path / 'a.keras')
    after = keras.saving.load_model(tmp_path / 'a.keras')
    np.testing.assert_array_equal(after(images), before(images))
    assert [layer.compute_dtype for layer in after.layers] == [layer.compute_dtype for layer in before.layers]
    assert len(after.weights) == len(before.weights) == 6
