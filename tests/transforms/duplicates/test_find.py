"""The transforms on the local runner, against the pure functions and worked-out values; FER2013's duplicates, exactly."""

import csv
import random
import tarfile
from collections import defaultdict
from dataclasses import dataclass, replace

import apache_beam as beam
import cv2
import numpy as np
import pytest
from apache_beam.testing.util import assert_that, equal_to

from mien.transforms.duplicates.find import FindCrossingPhotos, FindCrossingSubjects, FindGroups
from mien.transforms.duplicates.groups import groups_of, statistics
from mien.transforms.duplicates.hashes import crop_dhash, pixels_digest, thumbnail
from mien.transforms.duplicates.links import components, identical
from mien.transforms.duplicates.records import Crossing, HashedFace, LargeGroup
from mien.transforms.duplicates.rows import pack, spot, unpack
from mien.transforms.duplicates.thumbnails import write_thumbnails
from mien.transforms.judged import JudgedFace

FER2013_IDENTICAL = {'groups': 1270, 'too_many': 1519, 'crossing': 269, 'conflicting': 46}
SPLIT = {'Training': 'train', 'PublicTest': 'validation'}
NOISE = np.random.default_rng(5)


def smooth():
    return cv2.GaussianBlur(NOISE.uniform(0, 255, (48, 48, 1)).astype(np.float32), (0, 0), 6)


def evened(image):
    return cv2.normalize(image, None, 40, 200, cv2.NORM_MINMAX).astype(np.uint8).reshape(48, 48, 1)


@pytest.fixture(scope='module')
def crops():
    """Six pictures; of the first also an identical, a darker and a marked copy, and of the second two identical ones."""
    pictures = [evened(smooth()) for _ in range(6)]
    marked = pictures[0].copy()
    marked[40:44, 4:12] = 220
    return [*pictures, pictures[0], (pictures[0] * 0.7).astype(np.uint8), marked, pictures[1], pictures[1]]


@pytest.fixture
def faces(tmp_path, crops):
    """The faces in two shards, their thumbnails written."""
    made = []
    for shard, some in enumerate((crops[:4], crops[4:])):
        write_thumbnails(tmp_path, shard, map(thumbnail, some))
        for place, crop in enumerate(some):
            made.append(HashedFace(f'{len(made):02d}', shard, place, pixels_digest(crop), crop_dhash(crop), 'train', 'anger', ''))
    return made


def check(faces, find, groups, large):
    """That the groups, by face_id, and what is too large are these, for faces in any order."""
    with beam.Pipeline(runner='FnApiRunner') as pipeline:
        found = pipeline | beam.Create(random.Random(2).sample(faces, len(faces))) | 'FindGroups' >> find
        named = found.groups | 'Name' >> beam.Map(lambda group: [group.too_large, *(face.face_id for face in group.faces)])
        assert_that(named, equal_to(groups), label='groups')
        assert_that(found.large, equal_to(large), label='large')
        assert_that(found.crowds, equal_to([]), label='crowds')


def test_similar_faces_are_one_group(tmp_path, faces):
    check(faces, FindGroups(str(tmp_path), 4, 0.25, 100), [[0, '00', '06', '07', '08'], [0, '01', '09', '10']], [])


def test_without_bits_identical_pixels_are_a_group(tmp_path, faces):
    check(faces, FindGroups('not looked at', None, 0.25, 100), [[0, '00', '06'], [0, '01', '09', '10']], [])


def test_thumbnails_that_differ_are_no_duplicates(tmp_path, faces):
    for shard, some in ((0, 4), (1, 7)):
        write_thumbnails(tmp_path, shard, NOISE.integers(0, 256, (some, 16, 16), np.uint8))
    check(faces, FindGroups(str(tmp_path), 4, 0.25, 100), [[0, '00', '06'], [0, '01', '09', '10']], [])


def test_a_group_that_is_too_large_is_said(tmp_path, faces):
    check(faces, FindGroups(str(tmp_path), 4, 0.25, 2), [[3, '00', '06'], [0, '01', '09', '10']], [LargeGroup('00', 3)])


def test_no_faces_make_no_groups(tmp_path):
    check([], FindGroups(str(tmp_path), 2, 0.25, 100), [], [])


def test_subjects_in_several_splits():
    said = [
        ('ann', 'test'),
        ('ann', 'train'),
        ('ann', 'train'),
        ('bob', 'train'),
        ('', 'train'),
        ('', 'test'),
        ('cy', 'validation'),
        ('cy', 'test'),
    ]
    faces = [JudgedFace(str(place), 'fear', split, subject, '', whole=True) for place, (subject, split) in enumerate(said)]
    with beam.Pipeline(runner='FnApiRunner') as pipeline:
        found = pipeline | beam.Create(faces) | 'FindCrossingSubjects' >> FindCrossingSubjects()
        assert_that(found, equal_to([Crossing('ann', ('train', 'test')), Crossing('cy', ('validation', 'test'))]))


def test_photos_that_are_a_face_and_show_faces_in_several_splits():
    said = [
        ('1', 'train', True),
        ('1', 'test', False),
        ('1', 'test', False),
        ('2', 'train', False),  # two people of one photo
        ('2', 'test', False),
        ('3', 'test', False),
        ('3', 'test', True),
    ]
    faces = [JudgedFace(str(place), 'fear', split, '', photo, whole, 'g' * whole) for place, (photo, split, whole) in enumerate(said)]
    with beam.Pipeline(runner='FnApiRunner') as pipeline:
        found = pipeline | beam.Create(faces) | 'FindCrossingPhotos' >> FindCrossingPhotos()
        assert_that(found, equal_to([Crossing('1', ('train', 'test')), Crossing('g', ('train', 'test'))]))


@dataclass(frozen=True)
class Fer2013:
    """Its faces, their thumbnails' folder, and by face_id the label of most of FER+'s annotators."""

    folder: str
    faces: list[HashedFace]
    majority: dict[str, str]


@pytest.fixture(scope='module')
def fer2013(fer2013_tars, labels_dir, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp('fer2013'))
    with open(labels_dir / 'fer2013-labels.csv', newline='') as file:
        said = {row['image']: row for row in csv.DictReader(file)}
    crops = {name: crop for tar in fer2013_tars for name, crop in tar_faces(tar)}
    write_thumbnails(folder, 0, map(thumbnail, crops.values()))
    faces = [fer2013_face(name, place, crop, said[name]) for place, (name, crop) in enumerate(crops.items())]
    return Fer2013(folder, faces, {name: majority(said[name]) for name in crops})


def tar_faces(path):
    with tarfile.open(path) as tar:
        for member in tar:
            if member.isfile():
                png = np.frombuffer(tar.extractfile(member).read(), np.uint8)
                yield member.name.rpartition('/')[2], cv2.imdecode(png, cv2.IMREAD_GRAYSCALE)[..., None]


def fer2013_face(name, place, crop, said):
    return HashedFace(name, 0, place, pixels_digest(crop), crop_dhash(crop), SPLIT[said['usage']], said['fer2013_label'], '')


def majority(said):
    return max((column for column in said if column.startswith('ferplus_')), key=lambda column: int(said[column]))


def identical_groups(faces):
    """The groups of identical pixels, by the pure functions."""
    lowest, linked = components(identical(unpack(map(pack, faces)))), defaultdict(list)
    for face in faces:
        if spot(face) in lowest:
            linked[lowest[spot(face)]].append(face)
    return [group for some in linked.values() for group in groups_of(some, 100)]


def test_fer2013_s_identical_pixels(fer2013):
    assert statistics(identical_groups(fer2013.faces))['identical'] == FER2013_IDENTICAL
    by_majority = [replace(face, label=fer2013.majority[face.face_id]) for face in fer2013.faces]
    assert statistics(identical_groups(by_majority))['identical'] == FER2013_IDENTICAL | {'conflicting': 0}


def test_fer2013_s_similar_pictures_through_the_runner(fer2013):
    with beam.Pipeline(runner='FnApiRunner') as pipeline:
        found = pipeline | beam.Create(fer2013.faces) | 'FindGroups' >> FindGroups(fer2013.folder, 2, 0.25, 100)
        assert_that(found.groups, as_compared_all_with_all)


def as_compared_all_with_all(groups):
    """Similar counts are those of a comparison of all with all."""
    counts = statistics(groups)
    assert counts['identical'] == FER2013_IDENTICAL
    assert counts['similar'] == {'groups': 1540, 'too_many': 2020, 'crossing': 349, 'conflicting': 108}
    assert max(len({face.pixels for face in group.faces}) for group in groups) == 8
