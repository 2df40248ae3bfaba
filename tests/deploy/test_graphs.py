"""What a runner gets: no pixels across a shuffle, no coder that only this Python reads, nothing of this machine."""

import apache_beam as beam
import numpy as np
import pytest

from mien.models.package import find
from mien.transforms.records import ExtractedImage
from tests.deploy.conftest import watched
from tests.deploy.graphs import codes, crossings, local_things, pixels_crossing, unportable_coders

pytestmark = pytest.mark.slow

SMALL = {  # begin of a step's label: what crosses there, though its type does not say it; the test of sizes looks at all of them
    'FindGroups/GroupByPixels': 'rows of 32 bytes, see duplicates/rows.py',
    'FindGroups/LinkSimilar/GroupByBands': 'the same rows',
    'Files/': 'what Create encoded: names and places of record files',
    'Count/AddUp': 'names and numbers of duplicates',
    'WriteCounts/Gather': 'the same',
    'WriteBalance/Gather': 'a face_id a class',
    'WriteSubjects/Gather': 'names of subjects',
    'AnalyzeExamples/': "tensorflow-transform's own: counted class names and three sums",
}
PICKLED_VALUES = {  # begin of a step's label: why what stands beside its keys may be pickled: the runner sees bytes, and never looks in
    'Shards/Reshuffle/': "Beam's own: window and pane beside each shard number",
    'Files/': 'the same, beside what Create encoded',
    'FindGroups/Connect/': 'two numbers, and a record of hashes: frozen dataclasses of ours, read by the next step alone',
    'WriteRulings/Gather': 'the same',
    'WriteCounts/Gather': 'the same',
    'WriteBalance/Gather': 'the same',
    'WriteSubjects/Gather': 'the same',
    'Count/AddUp': 'numbers',
    'AnalyzeExamples/': "tensorflow-transform's own",
}
PICKLED_KEYS = {  # keys must be equal as bytes where they are equal: these are texts and None, for which Beam's coder sees to that
    'WriteSubjects/Gather': 'None',
    'WriteCounts/Gather': 'None',
    'WriteBalance/Gather': 'None',
    'AnalyzeExamples/': "tensorflow-transform's own: class names, None",
}
REQUEST = 10 << 20  # bytes that Dataflow takes as a job


def test_the_jobs_run_all_the_pipelines_that_there_are(graphs):
    named = {step.split('/')[0] for graph in graphs for step in (crossing.step for crossing in graph.crossings)}
    assert {'Shards', 'Files', 'WriteSubjects', 'FindGroups', 'WriteBalance', 'Count', 'AnalyzeExamples'} <= named
    assert {graph.name.split()[0] for graph in graphs} == {'label', 'night', 'build'}


def test_no_type_that_can_hold_pixels_crosses_a_shuffle(graphs):
    assert [line for graph in graphs for line in pixels_crossing(graph.crossings, SMALL)] == []


def test_no_element_that_crossed_a_shuffle_was_as_large_as_a_crop(graphs):
    crop = find('default').crop
    assert {graph.name: graph.largest for graph in graphs if graph.largest >= crop.size**2 * crop.channels} == {}
    assert all(graph.largest for graph in graphs)


def test_what_crosses_a_shuffle_is_portable(graphs):
    assert [line for graph in graphs for line in unportable_coders(graph.proto, PICKLED_KEYS, PICKLED_VALUES)] == []


def test_what_is_listed_as_known_is_there(graphs):
    steps = [one.step for graph in graphs for one in graph.crossings]
    listed = {*SMALL, *PICKLED_KEYS, *PICKLED_VALUES}
    assert [begin for begin in listed if not any(step.startswith(begin) for step in steps)] == []


def test_steps_carry_nothing_of_this_machine(graphs):
    assert [line for graph in graphs for code in codes(graph.proto) for line in local_things(code, graph.roots)] == []


def test_a_step_is_small_but_for_the_model_and_a_job_fits_into_a_request(graphs):
    export = find('default').export_path.stat().st_size
    large = {code.step: code.packed for graph in graphs for code in codes(graph.proto) if code.packed > 1 << 14}
    assert set(large) == {'LabelFaces/Infer/BeamML_RunInference'}
    assert large['LabelFaces/Infer/BeamML_RunInference'] < 4 / 3 * export + (1 << 14)  # the export as base64
    assert {graph.name: graph.proto.ByteSize() for graph in graphs if graph.proto.ByteSize() > REQUEST} == {}


def photo(number: int) -> ExtractedImage:
    raise NotImplementedError  # built into a pipeline, never run


def handed_out():
    """A pipeline that the checks must not let pass: photos are reshuffled, grouped by a number that has no type, and a side input."""
    pipeline = beam.Pipeline()
    photos = pipeline | beam.Create([1]) | 'Photos' >> beam.Map(photo).with_output_types(ExtractedImage)
    photos | 'Spread' >> beam.Reshuffle()
    photos | 'Pairs' >> beam.Map(lambda some: (some.shard, some)) | 'Group' >> beam.GroupByKey()
    pipeline | 'More' >> beam.Create([1]) | 'Beside' >> beam.Map(lambda one, all: one, beam.pvalue.AsList(photos))
    return pipeline


def test_pixels_that_cross_are_found():
    found = dict(line.split(': ', 1) for line in pixels_crossing(crossings(handed_out()), SMALL))
    assert {'Spread', 'Spread/ReshufflePerKey/GroupByKey', 'Group', 'Beside'} <= set(found)
    assert 'ndarray' in found['Spread'] or 'Any' in found['Spread']  # the first of its fields that may be large


def test_pickled_keys_and_values_are_found():
    found = unportable_coders(handed_out().to_runner_api(), [], [])
    assert {'Group: key beam:coder:pickled_python:v1', 'Group: value beam:coder:pickled_python:v1'} <= set(found)
    allowed = unportable_coders(handed_out().to_runner_api(), [], ['Group'])
    assert 'Group: key beam:coder:pickled_python:v1' in allowed
    assert 'Group: value beam:coder:pickled_python:v1' not in allowed


def test_what_is_of_this_machine_is_found(tmp_path):
    with open(tmp_path / 'open.txt', 'w+') as file:
        pipeline = beam.Pipeline()
        numbers = pipeline | beam.Create([1])
        numbers | 'Path' >> beam.Map(lambda one, path=str(tmp_path): (one, path))
        numbers | 'Handle' >> beam.Map(lambda one, handle=file: (one, handle))
        numbers | 'Module' >> beam.Map(photo)
        numbers | 'Fine' >> beam.Map(lambda one: one)
        proto = pipeline.to_runner_api()
    steps = {code.step: code for code in codes(proto)}
    assert local_things(steps['Path'], []) == [f'Path: {tmp_path}']
    assert local_things(steps['Path'], [str(tmp_path)]) == []
    assert local_things(steps['Handle'], [str(tmp_path)]) == ['Handle: _io']
    assert local_things(steps['Module'], []) == [f'Module: {__name__}']
    assert local_things(steps['Fine'], []) == []


@pytest.mark.parametrize('held', [np.zeros((40, 40), np.uint8), b'x' * 3000])
def test_the_size_of_what_crosses_is_measured(held, tmp_path):
    with watched('bad', tmp_path) as seen, beam.Pipeline('FnApiRunner') as pipeline:
        pipeline | beam.Create([1, 2]) | beam.Map(lambda one, held=held: (one, held)) | 'Group' >> beam.GroupByKey()
    assert seen[0].largest >= len(bytes(held))
