"""The jobs' graphs as Dataflow's own runner makes them ready for its service, as far as that goes without a cloud."""

from types import SimpleNamespace

import apache_beam as beam
import pytest
from apache_beam.portability.api import beam_runner_api_pb2 as api
from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner
from apache_beam.runners.dataflow.internal import apiclient

from mien.pipelines.runners import Run, pipeline_options
from tests.deploy.conftest import Graph
from tests.deploy.graphs import codes, local_things

pytestmark = pytest.mark.slow

IMAGE = 'europe-docker.pkg.dev/some-project/mien/worker:0.1.0'
CLOUD = ('--project=some-project', '--region=europe-west1', '--temp_location=gs://bucket/temp', f'--sdk_container_image={IMAGE}')
RUN = Run('dataflow', 8, (*CLOUD, '--dry_run=True'))


@pytest.fixture(scope='module')
def jobs(graphs: list[Graph]) -> list[SimpleNamespace]:
    return [SimpleNamespace(name=graph.name, roots=graph.roots, job=dry_run(graph.proto)) for graph in graphs]


def dry_run(proto: api.Pipeline) -> apiclient.Job:
    """All that the runner does before it calls the service: its overrides, its views of side inputs, packed combiners, environments."""
    options = pipeline_options(RUN, 'nightly')
    return DataflowRunner().run_pipeline(beam.Pipeline.from_runner_api(proto, DataflowRunner(), options), options).job


def test_workers_are_of_the_one_image_and_get_no_code_beside_it(jobs):
    for some in jobs:
        environments = some.job.proto_pipeline.components.environments.values()
        assert {environment.urn for environment in environments} == {'beam:env:docker:v1'}
        assert {api_image(environment) for environment in environments} == {IMAGE}
        staged = [artifact.role_payload for environment in environments for artifact in environment.dependencies]
        assert all(b'submission_environment_dependencies.txt' in name for name in staged)  # what the submitter had: for people to read


def test_the_runner_adds_nothing_of_this_machine(jobs):
    assert [line for some in jobs for code in codes(some.job.proto_pipeline) for line in local_things(code, some.roots)] == []


def test_every_step_has_an_environment_that_there_is(jobs):
    for some in jobs:
        components = some.job.proto_pipeline.components
        named = {step.environment_id for step in components.transforms.values() if step.environment_id}
        assert named
        assert named <= set(components.environments)


def test_the_service_is_asked_for_workers_of_that_image(jobs):
    """The part of the request that says what machines run: Beam's own code fills it in."""
    some = jobs[0].job
    environment = apiclient.Environment([], some.options, '9', 'gs://bucket/temp/pipeline.pb', some.proto_pipeline).proto
    pool = environment.worker_pools[0]
    assert [image.container_image for image in pool.sdk_harness_container_images] == [IMAGE]
    assert environment.temp_storage_prefix.startswith('storage.googleapis.com/bucket')
    assert list(pool.packages) == []
    assert pool.autoscaling_settings.max_num_workers == 8


def api_image(environment: api.Environment) -> str:
    return api.DockerPayload.FromString(environment.payload).container_image
