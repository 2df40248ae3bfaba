"""The pipelines of real jobs, as they were before they ran, and what then crossed their shuffles."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from apache_beam.coders.coder_impl import create_InputStream
from apache_beam.pipeline import Pipeline
from apache_beam.portability.api import beam_runner_api_pb2 as api
from apache_beam.runners.portability.fn_api_runner.execution import GroupingBuffer

from mien.configs.load import load
from mien.configs.schema import BuildConfig, LabelConfig
from mien.pipelines.build import build
from mien.pipelines.label import label
from mien.pipelines.runners import Run
from tests.deploy.graphs import Crossing, crossings


@dataclass
class Graph:
    """A pipeline that a job ran.

    Attributes:
        roots: the folders that the job was given.
        largest: bytes of the largest element that was grouped, key and value, as encoded.
    """

    name: str
    proto: api.Pipeline
    crossings: list[Crossing]
    roots: list[str]
    largest: int = 0


@contextmanager
def watched(name: str, *roots: Path) -> Iterator[list[Graph]]:
    """Notes each pipeline that is run meanwhile, and the size of what its GroupByKeys get."""
    graphs: list[Graph] = []
    run, append = Pipeline.run, GroupingBuffer.append

    def noting(pipeline: Pipeline, *more: object, **named: object) -> object:
        graphs.append(Graph(f'{name} {len(graphs)}', pipeline.to_runner_api(), crossings(pipeline), [str(root) for root in roots]))
        return run(pipeline, *more, **named)

    def measuring(buffer: GroupingBuffer, data: bytes) -> None:
        graphs[-1].largest = max(graphs[-1].largest, largest(buffer, data))
        append(buffer, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pipeline, 'run', noting)
        patch.setattr(GroupingBuffer, 'append', measuring)
        yield graphs


def largest(buffer: GroupingBuffer, data: bytes) -> int:
    """Bytes of the largest element of encoded ones."""
    stream, coder, found = create_InputStream(data), buffer._pre_grouped_coder.get_impl(), 0
    while before := stream.size():
        coder.decode_from_stream(stream, True)
        found = max(found, before - stream.size())
    return found


@pytest.fixture(scope='session')
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two class folders of photos of noise, no two alike: no crop of them is smaller than its pixels."""
    folder, random = tmp_path_factory.mktemp('noise'), np.random.default_rng(3)
    for name in ('anger', 'happiness'):
        (folder / name).mkdir()
        for number in range(12):
            cv2.imwrite(str(folder / name / f'{number}.png'), random.integers(0, 256, (96, 96, 3), np.uint8))
    cv2.imwrite(str(folder / 'anger/double.png'), cv2.imread(str(folder / 'anger/0.png')))
    return folder


@pytest.fixture(scope='session')
def graphs(noise: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Graph]:
    """Of a label, of the night after it, and of a build that does all that a build can do."""
    folder = tmp_path_factory.mktemp('snapshots')
    config = dataclasses.replace(load(LabelConfig, 'label'), whole_image=True)
    with watched('label', noise, folder) as first:
        label([str(noise)], str(folder / 'one'), config, Run())
    with watched('night', noise, folder) as second:
        label([str(noise)], str(folder / 'two'), config, Run(previous=str(folder / 'one')))
    labels = write_labels(noise, folder / 'labels.csv')
    columns = {'label_column': 'label', 'split_column': 'split', 'subject_column': 'subject'}
    built = {'whole_image': True, 'classes': ('anger', 'happiness'), 'labels': (str(labels),), 'per_class': 3} | columns
    with watched('build', noise, folder) as third:
        build([str(noise)], str(folder / 'built'), dataclasses.replace(load(BuildConfig, 'build'), **built), Run())
    return [*first, *second, *third]


def write_labels(photos: Path, path: Path) -> Path:
    """Class, split and subject of each photo; one subject stands in two splits."""
    rows = ['image,label,split,subject']
    for number, photo in enumerate(sorted(photos.rglob('*.png'))):
        split = ('train', 'train', 'train', 'validation', 'test')[number % 5]
        rows.append(f'{photo.relative_to(photos)},{photo.parent.name},{split},{"" if number > 3 else "Ada"}')
    path.write_text('\n'.join(rows))
    return path
