"""Where a training calculates: on this machine's processors, its GPUs, its TPU, or on several machines that TF_CONFIG names.

Two equal runs on one machine give the same weights on every device. On a CPU, TensorFlow's kernels do so by themselves; on GPUs the
ones that add up in any order are exchanged for slower ones that do not (`enable_op_determinism`), and an operation that has no such
kernel is an error. The number of devices is part of what must be equal: sums over other shares round in another way.
"""

from __future__ import annotations

import os

import tensorflow as tf

from ...configs.errors import UsageError
from .cluster import Cluster


def strategy_for(device: str, cluster: Cluster | None = None) -> tf.distribute.Strategy:
    """How the work is shared out. Call it before TensorFlow calculates anything: later, devices cannot be changed any more.

    Args:
        device: cpu, gpu or tpu.
        cluster: the workers that take part; None: this process alone.
    Raises:
        UsageError: the device is not here, or this worker cannot listen at its address.
    """
    if device == 'tpu':
        return _tpu(cluster)
    if device == 'cpu':
        _hide_gpus()
    gpus = _gpus() if device == 'gpu' else []
    if cluster is not None:
        return _of_workers(cluster)
    return tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()


def _hide_gpus() -> None:
    if tf.config.get_visible_devices('GPU'):
        tf.config.set_visible_devices([], 'GPU')


def _gpus() -> list[tf.config.PhysicalDevice]:
    gpus: list[tf.config.PhysicalDevice] = tf.config.list_physical_devices('GPU')
    if not gpus:
        raise UsageError("device 'gpu': TensorFlow finds none here; use --device cpu")
    tf.config.experimental.enable_op_determinism()
    return gpus


def _tpu(cluster: Cluster | None) -> tf.distribute.Strategy:
    if cluster is not None:
        raise UsageError("device 'tpu': TF_CONFIG names several workers, which a TPU does not need; unset it, or use --device cpu or gpu")
    name = os.environ.get('TPU_NAME', '')
    if not name and not tf.config.list_physical_devices('TPU'):
        raise UsageError("device 'tpu': TensorFlow finds none here; use --device cpu or gpu, or say where it is with TPU_NAME")
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver.connect(tpu=name or 'local')
    except (ValueError, OSError, RuntimeError, tf.errors.OpError) as error:
        reason = str(error).partition('\n')[0]
        raise UsageError(f"device 'tpu': TensorFlow finds none at {name or 'local'!r} ({reason}); use --device cpu or gpu") from error
    return tf.distribute.TPUStrategy(resolver)


def _of_workers(cluster: Cluster) -> tf.distribute.Strategy:
    address = cluster.addresses[cluster.index]
    print(f'worker {cluster.index} of {len(cluster.addresses)} at {address}: waits until all are there', flush=True)
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except tf.errors.OpError as error:
        reason = str(error).partition('\n')[0]
        raise UsageError(f'TF_CONFIG: worker {cluster.index} cannot join at {address} ({reason}); give each worker a free port') from error
