"""Pictures: equal figures make equal bytes that another reader decodes, and names stay apart."""

import struct
from itertools import combinations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.models.evaluation.confidence import reliability
from mien.models.plots.labels_apart import overlap, placed
from mien.models.plots.plot import Confusion, calibration_png, confusion_png, confusions_png, training_png
from mien.models.plots.scatter import Point, scatter_png

COUNTS = np.array([[90, 10, 0], [20, 60, 20], [0, 0, 0]])
CLASSES = ('neutral', 'happiness', 'surprise')
SURE = reliability(np.array([[0.9, 0.1]] * 12 + [[0.4, 0.6]]), np.array([0] * 12 + [1]))
EPOCH = {'loss': 1.5, 'accuracy': 0.4, 'val_loss': 1.6, 'val_accuracy': 0.35}
HISTORY = [EPOCH, {'loss': 1.0, 'accuracy': 0.6, 'val_loss': 1.2, 'val_accuracy': 0.5}]
POINTS = [Point('small', 1e6, 0.8, 0.01, best=True), Point('large', 1e8, 0.85, 0.01), Point('as large', 1e8, 0.85)]
NO_BOXES = np.zeros((0, 4))

DRAWN = {
    'confusion': lambda path: confusion_png(COUNTS, CLASSES, 'title', path),
    'confusions': lambda path: confusions_png([Confusion('a', COUNTS, CLASSES), Confusion('b', [[1, 0], [0, 2]], CLASSES[:2])], path),
    'calibration': lambda path: calibration_png({'sure': SURE}, 'title', path),
    'calibrations': lambda path: calibration_png({f'model {number}': SURE for number in range(9)}, 'title', path),
    'training': lambda path: training_png({'one': HISTORY}, 'title', path),
    'trainings': lambda path: training_png({'one': HISTORY, 'short': [EPOCH], 'none': []}, 'title', path),
    'scatter': lambda path: scatter_png(POINTS, 'bytes', 'title', path, 'B'),
    'groups': lambda path: scatter_png([*POINTS, Point('elsewhere', 1e7, 0.9, group='other faces')], 'bytes', 'title', path),
    'alone': lambda path: scatter_png(POINTS[:1], 'bytes', 'title', path),
}


def chunks(data):
    """Types of a PNG's chunks."""
    place, found = 8, []
    while place < len(data):
        (length,) = struct.unpack('>I', data[place : place + 4])
        found.append(data[place + 4 : place + 8])
        place += 12 + length
    return found


@pytest.mark.parametrize('draw', DRAWN.values(), ids=DRAWN.keys())
def test_a_picture_depends_on_its_figures_alone(draw, tmp_path):
    draw(tmp_path / 'a.png')
    draw(tmp_path / 'b.png')
    data = (tmp_path / 'a.png').read_bytes()
    assert data == (tmp_path / 'b.png').read_bytes()
    assert b'tEXt' not in chunks(data)
    assert cv2.imread(str(tmp_path / 'a.png')).std() > 5


def test_the_shade_of_a_row_is_its_share(tmp_path):
    confusion_png(np.array([[9, 1], [0, 1000]]), ('a', 'b'), '', tmp_path / 'a.png')
    confusion_png(np.array([[900, 100], [0, 1]]), ('a', 'b'), '', tmp_path / 'b.png')
    one, other = (cv2.imread(str(tmp_path / name)) for name in ('a.png', 'b.png'))
    colours, counts = np.unique(one.reshape(-1, 3), axis=0, return_counts=True)
    shades = colours[np.argsort(counts)[-5:]]  # white and the four cells
    assert {tuple(shade) for shade in shades} <= {tuple(colour) for colour in np.unique(other.reshape(-1, 3), axis=0)}


def test_figures_that_differ_look_different(tmp_path):
    for number, curve in enumerate((SURE, reliability(np.array([[0.9, 0.1]] * 12), np.array([1] * 12)))):
        calibration_png({'model': curve}, 'title', tmp_path / f'{number}.png')
    assert (tmp_path / '0.png').read_bytes() != (tmp_path / '1.png').read_bytes()


def boxes(centres, sizes):
    return np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)


def test_the_shared_area_of_boxes():
    assert overlap(np.array([0.0, 0, 4, 4]), np.array([[2.0, 1, 9, 9], [4, 0, 5, 5], [1, 1, 2, 2]])).tolist() == [6, 0, 1]


def test_a_name_alone_stands_to_the_right_of_its_point():
    assert placed(np.array([[50.0, 50]]), np.array([[20.0, 10]]), 200, 100, NO_BOXES).tolist() == [[67, 50]]


def test_a_name_at_the_edge_goes_to_the_other_side():
    ((x, y),) = placed(np.array([[195.0, 50]]), np.array([[20.0, 10]]), 200, 100, NO_BOXES)
    assert (x, y) == (178, 50)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(150, 350), st.integers(150, 250)), min_size=1, max_size=6))
def test_names_of_a_few_points_hide_nothing(points):
    points, sizes = np.array(points, float), np.tile([40.0, 10.0], (len(points), 1))
    names = boxes(placed(points, sizes, 500, 400, NO_BOXES), sizes)
    hidden = sum(overlap(one, np.array([other]))[0] for one, other in combinations(names, 2))
    hidden += sum(overlap(one, boxes(points, np.full((len(points), 2), 10.0))).sum() for one in names)
    assert hidden <= 10 * len(points)  # of the 400 pixels of a name; a few may go for a nearer place
