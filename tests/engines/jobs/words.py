"""Counts the words of the texts below s3://BUCKET/texts/ by their first letter: python words.py BUCKET [Beam's options].

It writes `counts/<letter>`, and `done/<host>/<text>` for each text, where it was read; it says the job's id, and how it ended, as JSON.
SECONDS in the environment: how long each text takes.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from obstore.store import S3Store


def bucket(name: str) -> S3Store:
    """A client; keys and endpoint come from the environment."""
    return S3Store(name, client_options={'allow_http': True}, virtual_hosted_style_request=False)


class ReadText(beam.DoFn):
    """Name of a text -> its words; notes where it was read."""

    def __init__(self, name: str, seconds: float) -> None:
        self.name, self.seconds = name, seconds

    def setup(self) -> None:
        self.store = bucket(self.name)

    def process(self, key: str) -> Iterator[tuple[str, int]]:
        time.sleep(self.seconds)
        words = bytes(self.store.get(key).bytes()).decode().split()
        self.store.put(f'done/{socket.gethostname()}/{key.rpartition("/")[2]}', b'')
        return ((word[0], 1) for word in words)


class WriteCount(beam.DoFn):
    """(letter, count) -> an object."""

    def __init__(self, name: str) -> None:
        self.name = name

    def process(self, counted: tuple[str, int]) -> None:
        bucket(self.name).put(f'counts/{counted[0]}', str(counted[1]).encode())


def main(name: str, options: list[str]) -> None:
    keys = sorted(found['path'] for found in bucket(name).list('texts/').collect())
    pipeline = beam.Pipeline(options=PipelineOptions(options))
    (
        pipeline
        | 'Texts' >> beam.Create(keys)
        | 'Spread' >> beam.Reshuffle()
        | 'Read' >> beam.ParDo(ReadText(name, float(os.environ.get('SECONDS', '0'))))
        | 'Count' >> beam.CombinePerKey(sum)
        | 'Write' >> beam.ParDo(WriteCount(name))
    )
    begun = time.monotonic()
    result = pipeline.run()
    print(json.dumps({'job': result._job_id, 'seconds': time.monotonic() - begun}), flush=True)
    state = result.wait_until_finish()
    print(json.dumps({'state': state, 'seconds': time.monotonic() - begun}), flush=True)


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2:])
