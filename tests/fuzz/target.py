"""What is fuzzed: bytes in, a photo's facts and crop out. Atheris (libFuzzer for Python) leads the search to new lines of the readers.

    python -m tests.fuzz.target FOLDER_OF_SEEDS [libFuzzer's flags]

Any exception ends the process, and so does a crash, a run of too long or too much memory; libFuzzer then writes the input to a file.
"""

from __future__ import annotations

import random
import resource
import sys

import atheris
import numpy as np

with atheris.instrument_imports(include=['mien.transforms.formats', 'mien.transforms.extract', 'mien.transforms.decode']):
    from mien.configs.schema import Crop
    from mien.transforms.decode import silence
    from mien.transforms.detect import FaceDetector
    from mien.transforms.extract import Extracted, Extraction, extract
    from mien.transforms.records import READ, Status
from tests.fuzz.mutate import mutate

PIXELS = 1 << 20
CHANGES = 4
MEMORY = 256 << 10  # KiB that an input of so few pixels may take
HOW = Extraction(Crop('arcface-112', 1.0, 64, 3), 0.025, 0.7, PIXELS, True)
DETECTOR = FaceDetector(HOW.smallest_face, HOW.min_score)
FAILURES = (Status.EMPTY, Status.NOT_AN_IMAGE, Status.TRUNCATED, Status.CORRUPT, Status.TOO_LARGE)


def check(data: bytes) -> None:
    """What holds for any bytes, whatever the decoder makes of them.

    Raises:
        AssertionError: something did not hold.
    """
    peak = _peak()
    found = extract(data, HOW, DETECTOR)
    facts = found.facts
    assert _peak() - peak < MEMORY, f'{facts}: took {_peak() - peak:,} KiB'
    assert facts.status in (*READ, *FAILURES), facts
    assert (facts.status is Status.OK) == (len(found.faces) == 1) == (len(found.crops) == 1), facts
    assert facts.status is not Status.OK or 0 < facts.width * facts.height <= PIXELS, facts
    assert _same(found, extract(data, HOW, DETECTOR)), f'{facts}: another result the second time'


def _peak() -> int:
    """The most memory of this process so far, KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _same(one: Extracted, other: Extracted) -> bool:
    return one.facts == other.facts and one.faces == other.faces and np.array_equal(one.crops, other.crops)


def _mutated(data: bytes, most: int, seed: int) -> bytes:
    """Half of the changes are libFuzzer's own."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, CHANGES)):
        data = mutate(data, chance) if chance.random() < 0.5 else bytes(atheris.Mutate(data, most))
    return data[:most]


def main() -> None:
    silence()
    atheris.Setup(sys.argv, check, custom_mutator=_mutated)
    atheris.Fuzz()


if __name__ == '__main__':
    main()
