"""What the engines work on: real portraits, some photos that fail, FER2013's faces in a tar, and labels of all."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tests.engines.s3_server import S3Server
from tests.processes import SLOW

BUCKET = 'archive'
PORTRAITS, SLOWS = 300, 16
CONFIG = """
extends: ferplus_portraits
sources:
  fer2013: {inputs: [fer2013]}
  portraits:
    whole_image: false
    label_column: emotion
    votes: {}
    subject_column: subject
    split_column: null
    split_map: {}
    weight: 0.5
reject_ceiling: 1.0
"""


@dataclass(frozen=True)
class Archive:
    """The inputs on this machine's disk.

    Attributes:
        portraits: a folder of photos, most of them with one face, some with many, some broken.
        slow: a folder of photos that take about a second each.
        faces: a tar of face crops.
        config: a build of `portraits` and `faces`.
        labels: an option that names the labels files of both.
    """

    folder: Path
    portraits: Path
    slow: Path
    faces: Path
    config: Path
    labels: str

    def put(self, store: S3Server) -> None:
        """Puts all of it into a bucket of a store."""
        store.make_bucket(BUCKET)
        store.put_folder(self.folder, BUCKET)


def archive(folder: Path, portraits: Path, photos: Path, faces: Path, labels: Path) -> Archive:
    """Copies some of the real data into a folder."""
    made = Archive(
        folder,
        folder / 'portraits',
        folder / 'slow',
        folder / 'fer2013.tar',
        folder.with_name('build.yaml'),
        f'--labels=portraits={labels / "portraits-labels.csv"},fer2013={labels / "fer2013-labels.csv"}',
    )
    made.config.write_text(CONFIG)
    made.portraits.mkdir()
    made.slow.mkdir()
    for path in islice(sorted(portraits.iterdir()), PORTRAITS):
        shutil.copy(path, made.portraits)
    for path in sorted(photos.glob('*.jpg')):
        (made.portraits / 'more').mkdir(exist_ok=True)
        shutil.copy(path, made.portraits / 'more')
    (made.portraits / 'empty.jpg').touch()
    (made.portraits / 'note.jpg').write_text('no photo')
    (made.portraits / 'half.jpg').write_bytes((portraits / 'Aaron_Patterson_0001.jpg').read_bytes()[:4000])
    for number in range(SLOWS):
        (made.slow / f'{number:02d}.jpg').write_bytes(SLOW)
    shutil.copy(faces, made.faces)
    return made
