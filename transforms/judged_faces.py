"""The faces of a shard that may become examples, as the decisions about all of them need to know them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import apache_beam as beam
from apache_beam.pvalue import PCollection

from .duplicates.hashes import crop_dhash, pixels_digest, thumbnail
from .duplicates.records import HashedFace
from .duplicates.thumbnails import write_thumbnails
from .judge import Judge, read_crops
from .judged import JudgedFace
from .settled_files import Step, read_rulings
from .tables import from_png


@dataclass(eq=False)
class JudgeFaces(beam.PTransform):
    """Shard numbers to the faces that may become examples.

    Attributes:
        grouped: those that might if it were not for their duplicates, too, with their groups.
    """

    judge: Judge
    grouped: bool = False

    def expand(self, shards: PCollection[int]) -> PCollection[JudgedFace]:
        return shards | 'Judge' >> beam.FlatMap(self._faces).with_output_types(JudgedFace)

    def _faces(self, shard: int) -> Iterator[JudgedFace]:
        return grouped_faces(self.judge, shard) if self.grouped else judged_faces(self.judge, shard)


@dataclass(eq=False)
class HashFaces(beam.PTransform):
    """The same, with the hashes of their crops; their thumbnails are written."""

    judge: Judge

    def expand(self, shards: PCollection[int]) -> PCollection[HashedFace]:
        return shards | 'Hash' >> beam.FlatMap(self._faces).with_output_types(HashedFace)

    def _faces(self, shard: int) -> list[HashedFace]:
        crops = read_crops(self.judge.folder, shard, self.judge.shards)
        faces = [(face, from_png(crops[face.face_id])) for face in judged_faces(self.judge, shard)]
        write_thumbnails(self.judge.folder, shard, [thumbnail(crop) for _, crop in faces])
        return [
            HashedFace(face.face_id, shard, place, pixels_digest(crop), crop_dhash(crop), face.split, face.label, face.subject)
            for place, (face, crop) in enumerate(faces)
        ]


def judged_faces(judge: Judge, shard: int) -> Iterator[JudgedFace]:
    """The faces of a shard that may become examples, by uri and face."""
    for photo in judge.shard(shard):
        content = photo.image.facts.sha256 or ''
        for example in photo.examples:
            whole = photo.image.faces[example.face].detection_score is None
            yield JudgedFace(photo.face_id(example), example.label, example.split, example.subject, content, whole)


def grouped_faces(judge: Judge, shard: int) -> Iterator[JudgedFace]:
    """The faces of a shard that may become examples whatever their duplicates are, with their groups."""
    before = replace(judge, settled=judge.settled - {Step.GROUPS})
    groups = {ruling.face.face_id: ruling.group_id for ruling in read_rulings(judge.folder, shard, judge.shards)}
    return (replace(face, group=groups.get(face.face_id, '')) for face in judged_faces(before, shard))
