"""The detector against the annotated photos: boxes, and five points out of the 68 of iBUG 300-W."""

from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.transforms.detect import FaceDetector, overlap, working_size
from mien.transforms.photo import Photo
from mien.transforms.yunet import _has_extent


@pytest.fixture(scope='module')
def detector():
    return FaceDetector(0.025, 0.7)


@pytest.fixture(scope='module')
def annotated(photos_dir):
    """(image, boxes (n, 4), landmarks (n, 5, 2)) of each annotated photo."""
    root = ElementTree.parse(photos_dir / 'training_with_face_landmarks.xml').getroot()
    return [(cv2.imread(str(photos_dir / image.get('file'))), *_faces(image)) for image in root.iter('image')]


def _faces(image):
    boxes = [[float(box.get(key)) for key in ('left', 'top', 'width', 'height')] for box in image.iter('box')]
    parts = [[(float(part.get('x')), float(part.get('y'))) for part in box.iter('part')] for box in image.iter('box')]
    points = np.array(parts)
    five = [points[:, 36:42].mean(1), points[:, 42:48].mean(1), points[:, 30], points[:, 48], points[:, 54]]
    return np.array(boxes), np.stack(five, axis=1)


def test_boxes_and_landmarks_match_the_annotations(detector, annotated):
    overlaps, errors = [], []
    for image, boxes, landmarks in annotated:
        found = detector.detect(Photo.of_image(image))
        for box, points in zip(boxes, landmarks, strict=True):
            scores = [overlap(other, box) for other in found.boxes]
            overlaps.append(max(scores))
            near = found.landmarks[int(np.argmax(scores))]
            errors.append(np.linalg.norm(near - points, axis=1).mean() / np.linalg.norm(points[0] - points[1]))
    assert len(overlaps) == 18
    assert np.mean(np.array(overlaps) >= 0.5) >= 0.9
    assert np.median(errors) <= 0.12


def test_faces_come_by_falling_score(detector, annotated):
    for image, boxes, _ in annotated:
        found = detector.detect(Photo.of_image(image))
        assert len(found.scores) >= len(boxes)
        assert (np.diff(found.scores) <= 0).all()
        assert (found.boxes.dtype, found.landmarks.dtype, found.scores.dtype) == (np.float32,) * 3


def test_a_photo_without_a_face_has_none(detector, photos_dir):
    found = detector.detect(Photo.of_image(cv2.imread(str(photos_dir / 'background.jpg'))))
    assert (found.boxes.shape, found.landmarks.shape, found.scores.shape) == ((0, 4), (0, 5, 2), (0,))


@given(height=st.integers(1, 70), width=st.integers(1, 700), turned=st.booleans())
@settings(max_examples=60)
def test_noise_of_any_size_holds_no_face(detector, height, width, turned):
    noise = np.random.default_rng(height * width).integers(0, 256, (height, width, 3), np.uint8)
    image = np.ascontiguousarray(noise.transpose(1, 0, 2)) if turned else noise
    assert len(detector.detect(Photo.of_image(image)).scores) == 0


def test_a_smaller_face_asks_for_a_larger_working_size():
    assert working_size(0.025) == 640
    assert working_size(0.0125) == 1280


def test_overlap_of_half_shifted_boxes_is_a_third():
    assert overlap(np.array([0, 0, 2, 2]), np.array([1, 0, 2, 2])) == pytest.approx(1 / 3)
    assert overlap(np.array([0, 0, 2, 2]), np.array([5, 5, 2, 2])) == 0


def test_a_face_without_sides_is_none():
    points = np.arange(10, dtype=np.float32)
    rows = np.float32([[1, 1, *sides, *points, 0.9] for sides in ((20, 20), (0, 0), (1e-44, 20), (np.inf, 20))])
    assert _has_extent(rows).tolist() == [True, False, False, False]
