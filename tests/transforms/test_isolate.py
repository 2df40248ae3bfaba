"""The child process: what it answers is what `extract` gives; what kills it is one photo's status; it outlives nobody."""

import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.configs.schema import Crop
from mien.transforms.detect import FaceDetector
from mien.transforms.extract import Extraction, extract
from mien.transforms.formats.ifd import first_directory
from mien.transforms.isolate import Asked, IsolatedExtractor, Limits
from mien.transforms.records import Status
from tests.processes import extractors

HOW = Extraction(Crop('fer2013', 1.0, 48, 1), 0.025, 0.7, 100_000_000, False)
LIMITS = Limits(seconds=20.0, memory=2 << 30)
SETPRIV = shutil.which('setpriv')
WITHOUT_PRIVILEGES = (SETPRIV, '--bounding-set', '-sys_resource') if SETPRIV and not os.getuid() else ()  # who is not root has none


@pytest.fixture
def extractor():
    extractor = IsolatedExtractor(HOW, LIMITS)
    yield extractor
    extractor.close()


def png(width: int, height: int, row: bytes) -> bytes:
    """A grey PNG of equal rows, which compress to next to nothing."""
    packed = zlib.compress((b'\0' + row) * height, 9)
    chunks = [(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)), (b'IDAT', packed), (b'IEND', b'')]
    return b'\x89PNG\r\n\x1a\n' + b''.join(
        struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data)) for kind, data in chunks
    )


def test_the_child_answers_as_the_function(extractor, photos_dir):
    detector = FaceDetector(HOW.smallest_face, HOW.min_score)
    for path in sorted(photos_dir.glob('*.jpg')):
        data = path.read_bytes()
        answer, expected = extractor.extract(data), extract(data, HOW, detector)
        assert (answer.facts, answer.faces) == (expected.facts, expected.faces)
        assert np.array_equal(answer.crops, expected.crops)
        assert answer.crops.shape == expected.crops.shape
        assert extractor.extract(data, expected.faces).faces == expected.faces


@pytest.mark.parametrize('killer', [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_child_that_a_signal_ends_costs_its_photo_alone(extractor, killer):
    healthy = png(64, 64, bytes(64))
    assert extractor.extract(healthy).facts.status is Status.NO_FACE
    (child,) = extractors(os.getpid())
    os.kill(child, signal.SIGSTOP)  # it cannot answer before it dies
    threading.Timer(0.3, lambda: (os.kill(child, killer), os.kill(child, signal.SIGCONT))).start()
    failure = extractor.extract(healthy)
    assert (failure.status, failure.detail) == (Status.CRASHED, f'the decoder died of {killer.name}')
    assert extractor.extract(healthy).facts.status is Status.NO_FACE
    assert child not in extractors(os.getpid())


def test_of_a_few_photos_the_one_that_is_too_much_costs_itself_alone():
    extractor = IsolatedExtractor(replace(HOW, max_pixels=1 << 40), replace(LIMITS, seconds=0.3))
    try:
        bomb, healthy = png(20_000, 20_000, bytes(20_000)), [png(side, side, bytes(side)) for side in (64, 65, 66)]
        for at in range(4):
            few = [Asked(data) for data in (*healthy[:at], bomb, *healthy[at:])]
            found = extractor.extract_all(few)
            assert found[at].status is Status.TIMEOUT
            assert [some.facts.width for some in (*found[:at], *found[at + 1 :])] == [64, 65, 66]
    finally:
        extractor.close()


def test_a_photo_that_takes_too_much_processor_time_is_timeout():
    extractor = IsolatedExtractor(replace(HOW, max_pixels=1 << 40), replace(LIMITS, seconds=0.2))
    try:
        failure = extractor.extract(png(20_000, 20_000, bytes(20_000)))
        assert (failure.status, failure.detail) == (Status.TIMEOUT, 'took more than 0.2 s of processor time')
        assert extractor.extract(png(64, 64, bytes(64))).facts.status is Status.NO_FACE
    finally:
        extractor.close()


def test_a_child_that_hangs_without_working_is_timeout():
    extractor = IsolatedExtractor(HOW, replace(LIMITS, seconds=0.2))
    try:
        assert extractor.extract(png(64, 64, bytes(64))).facts.status is Status.NO_FACE
        (child,) = extractors(os.getpid())
        os.kill(child, signal.SIGSTOP)
        started = time.monotonic()
        assert extractor.extract(png(64, 64, bytes(64))).status is Status.TIMEOUT
        assert time.monotonic() - started < 5
    finally:
        extractor.close()


def test_a_photo_that_takes_too_much_memory_is_crashed():
    extractor = IsolatedExtractor(HOW, replace(LIMITS, memory=100 << 20))
    try:
        failure = extractor.extract(png(9_000, 9_000, bytes(9_000)))
        assert (failure.status, failure.detail) == (Status.CRASHED, 'took more than 100 MB of memory')
    finally:
        extractor.close()


def test_a_bug_in_the_child_is_loud(extractor):
    face = extract(png(64, 64, bytes(64)), replace(HOW, whole_image=True), None).faces[0]
    with pytest.raises(RuntimeError, match='extraction ended with status 1: Traceback'):
        extractor.extract(png(64, 64, bytes(64)), (face,))  # a face without landmarks, where one is asked for


def test_a_jpeg_that_was_cut_and_closed_again_is_truncated(extractor):
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    data = cv2.imencode('.jpg', image)[1].tobytes()
    answer = extractor.extract(data[: len(data) // 2] + b'\xff\xd9')
    assert (answer.facts.status, answer.facts.detail, answer.faces) == (Status.TRUNCATED, 'its pixels end before the image does', ())
    assert extractor.extract(data).facts.status is Status.NO_FACE


@pytest.mark.parametrize('progressive', [0, 1])
def test_stray_bytes_in_a_jpeg_do_not_hide_that_it_was_cut(extractor, progressive):
    """Of a decoder's warnings the first one alone is said."""
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive])[1].tobytes()
    scan = data.index(b'\xff\xda')
    strays = data[:scan] + b'\0\0\0' + data[scan:]
    assert extractor.extract(strays).facts.status is Status.NO_FACE
    assert extractor.extract(strays[: len(data) // 2] + b'\xff\xd9').facts.status is Status.TRUNCATED


@pytest.mark.parametrize('compression', [5, 8, 32773])  # LZW, Deflate, PackBits
def test_a_tiff_with_a_strip_that_cannot_be_decoded_is_corrupt(extractor, compression):
    image = np.random.default_rng(0).integers(0, 9, (64, 256), np.uint8)
    data = bytearray(cv2.imencode('.tiff', image, [cv2.IMWRITE_TIFF_COMPRESSION, compression])[1].tobytes())
    assert extractor.extract(bytes(data)).facts.status is Status.NO_FACE
    directory = first_directory(bytes(data), (273, 279))
    start, length = directory.numbers(273)[0], directory.numbers(279)[0]
    data[start + 20 : start + length] = bytes(length - 20)
    answer = extractor.extract(bytes(data))
    assert (answer.facts.status, answer.facts.detail) == (Status.CORRUPT, 'some of its pixels cannot be decoded')


LIMITED_PARENT = """
import resource
from mien.transforms.isolate import IsolatedExtractor
from tests.transforms.test_isolate import HOW, LIMITS, png
resource.setrlimit(resource.RLIMIT_CPU, (600, 600))
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
extractor = IsolatedExtractor(HOW, LIMITS)
print(extractor.extract(png(64, 64, bytes(64))).facts.status)
extractor.close()
"""


def test_hard_limits_of_the_user_stay():
    """One without privileges may not raise them."""
    command = [*WITHOUT_PRIVILEGES, sys.executable, '-c', LIMITED_PARENT]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert (done.stdout, done.returncode) == ('no_face\n', 0), done.stderr


def test_a_child_answers_beside_a_thousand_open_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    extractor = IsolatedExtractor(HOW, LIMITS)
    try:
        assert extractor.extract(png(64, 64, bytes(64))).facts.status is Status.NO_FACE
    finally:
        extractor.close()
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


BUSY_PARENT = """
from mien.transforms.isolate import IsolatedExtractor
from tests.transforms.test_isolate import HOW, LIMITS, png
extractor = IsolatedExtractor(HOW, LIMITS)
extractor.extract(png(64, 64, bytes(64)))
print('ready', flush=True)
while True:
    extractor.extract(png(9_000, 9_000, bytes(9_000)))
"""


def test_no_child_outlives_its_parent():
    with subprocess.Popen([sys.executable, '-c', BUSY_PARENT], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as parent:
        parent.stdout.readline()
        (child,) = extractors(parent.pid)
        parent.kill()
    deadline = time.monotonic() + 3
    while Path(f'/proc/{child}').exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f'/proc/{child}').exists()


def test_there_is_little_in_the_child_for_who_breaks_a_decoder():
    heavy = ('apache_beam', 'tensorflow', 'pyarrow', 'ai_edge_litert')
    code = f'import sys, mien.transforms.child; print([name for name in {heavy} if name in sys.modules])'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout == '[]\n'
