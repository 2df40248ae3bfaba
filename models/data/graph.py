"""The dataset's own preprocessing, as training and the exported model call it: one SavedModel, loaded once."""

from __future__ import annotations

import tensorflow as tf

from ...configs.errors import UsageError
from .dataset import Dataset
from .store import fetched, is_stored, names


class TransformGraph(tf.Module):
    """tensorflow-transform's graph of a dataset.

    tft's own layer is tf_keras and does not go into an export; the SavedModel below it does.
    """

    def __init__(self, dataset: Dataset) -> None:
        """Opens a dataset's.

        Raises:
            UsageError: it has none, or one that is damaged.
        """
        super().__init__()
        folder = f'{dataset.folder}/transform_fn'
        if not names(folder):
            raise UsageError(f'dataset {dataset.folder!r}: holds no transform_fn/, as it has no training examples; build it with some')
        self._copy = fetched(folder) if is_stored(folder) else None  # kept: an export copies the graph's vocabularies from there
        try:
            self._loaded = tf.saved_model.load(self._copy.name if self._copy else folder)
            self._inputs = self._loaded.transform_fn.structured_input_signature[0][0]
        except (OSError, ValueError, AttributeError, tf.errors.OpError) as error:
            reason = str(error).partition('\n')[0]
            raise UsageError(f'dataset {dataset.folder!r}: transform_fn/ cannot be read ({reason}); build it again') from error

    def __call__(self, image: tf.Tensor, label_name: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """Runs the graph.

        Args:
            image: uint8 (n, size, size, channels), decoded crops.
            label_name: string (n,); without it `label` and `class_weight` mean nothing.
        Returns:
            image float32, label int64, class_weight, pixel_mean and pixel_variance float32: see `transforms.preprocess`.
        """
        rows = tf.shape(image)[:1]
        blank = {name: tf.fill(rows, tf.zeros((), spec.dtype)) for name, spec in self._inputs.items() if name != 'image'}
        given = {'image': image} | ({} if label_name is None else {'label_name': label_name})
        return self._loaded.transform_fn(blank | given)

    def pixel_statistics(self) -> tuple[float, float]:
        """Mean and variance of the training split's values, 0..255."""
        shape = self._inputs['image'].shape
        outputs = self(tf.zeros([1, *shape[1:]], tf.uint8))
        return float(outputs['pixel_mean'][0]), float(outputs['pixel_variance'][0])
