"""Adam in one kernel.

Keras 3.15 puts a step together from a dozen operations, each of which goes over all weights: half of a step of a network whose weights are
many and whose images are small. TensorFlow has one kernel for them, on every device.

Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization", the formula before section 2.1.
"""

from __future__ import annotations

import keras
import tensorflow as tf


class Adam(keras.optimizers.Adam):
    """Keras's Adam, the same numbers up to rounding, sooner."""

    def update_step(self, gradient: tf.Tensor, variable: keras.Variable | tf.Variable, learning_rate: tf.Tensor) -> None:
        """Moves a weight and its two moments; a gradient of few rows is left to Keras."""
        if isinstance(gradient, tf.IndexedSlices):
            return super().update_step(gradient, variable, learning_rate)
        place, kind = self._get_variable_index(variable), variable.dtype
        steps = tf.cast(self.iterations + 1, kind)
        beta_1, beta_2 = tf.cast(self.beta_1, kind), tf.cast(self.beta_2, kind)
        tf.raw_ops.ResourceApplyAdam(
            var=_handle(variable),
            m=_handle(self._momentums[place]),
            v=_handle(self._velocities[place]),
            beta1_power=beta_1**steps,
            beta2_power=beta_2**steps,
            lr=tf.cast(learning_rate, kind),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.cast(self.epsilon, kind),
            grad=tf.cast(gradient, kind),
        )


def _handle(variable: keras.Variable | tf.Variable) -> tf.Tensor:
    return (variable.value if isinstance(variable, keras.Variable) else variable).handle
