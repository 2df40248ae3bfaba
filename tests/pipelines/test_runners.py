"""The profiles of the runners, against Beam's own parser."""

import sys

import pytest
from apache_beam.options import pipeline_options as options

from mien.configs.errors import UsageError
from mien.pipelines.runners import Run, pipeline_options
from tests.servers import serving

OVERVIEW = {'taskmanagers': 2, 'slots-total': 4, 'slots-available': 3, 'flink-version': '1.19.3'}
RESTARTS = [{'key': 'restart-strategy.type', 'value': 'fixed-delay'}]
FLINK = {'/overview': OVERVIEW, '/jobmanager/config': RESTARTS}
GOOGLE = ('--project=some-project', '--region=europe-west1', '--temp_location=gs://bucket/tmp')


def seen(run, name=None):
    """What Beam reads of a run's options."""
    views = (
        options.StandardOptions,
        options.DirectOptions,
        options.PortableOptions,
        options.JobServerOptions,
        options.FlinkRunnerOptions,
        options.GoogleCloudOptions,
        options.WorkerOptions,
        options.SetupOptions,
        options.DebugOptions,
    )
    parsed = pipeline_options(run, name)
    values = {}
    for view in views:
        values |= parsed.view_as(view).get_all_options(current_only=True)
    return values


@pytest.mark.parametrize(
    ('run', 'expected'),
    [
        (Run(), {'runner': 'FnApiRunner', 'direct_num_workers': 1, 'direct_running_mode': 'multi_threading'}),
        (Run(workers=3), {'direct_num_workers': 3}),
        (Run(beam=('--direct_running_mode=multi_processing',)), {'direct_running_mode': 'multi_processing'}),
        (
            Run('flink', 6, ('--job_endpoint=flink:8099',)),
            {
                'runner': 'PortableRunner',
                'job_endpoint': 'flink:8099',
                'parallelism': 6,
                'environment_type': 'EXTERNAL',
                'environment_config': 'localhost:50000',
            },
        ),
        (Run('flink', 6, ('--job_endpoint=flink:8099', '--parallelism=2')), {'parallelism': 2}),
        (
            Run('flink', 6, ('--job_endpoint=flink:8099', '--environment_type=DOCKER')),
            {'environment_type': 'DOCKER', 'environment_config': None},
        ),
        (Run('prism', None, ('--job_endpoint=h:1', '--environment_config=pool:50001')), {'environment_config': 'pool:50001'}),
        (Run('spark', None, ('--job_endpoint=h:1',)), {'runner': 'PortableRunner', 'job_server_java_launcher': 'java'}),
        (
            Run('dataflow', 7, GOOGLE),
            {'runner': 'DataflowRunner', 'max_num_workers': 7, 'autoscaling_algorithm': 'THROUGHPUT_BASED', 'region': 'europe-west1'},
        ),
        (
            Run('dataflow', None, (*GOOGLE, '--sdk_container_image=some/image', '--machine_type=e2-standard-8')),
            {'sdk_location': 'container', 'setup_file': None, 'machine_type': 'e2-standard-8'},
        ),
    ],
)
def test_a_profile_makes_beams_options_and_the_users_own_win(run, expected):
    found = seen(run)
    assert {name: found[name] for name in expected} == expected


def test_flink_is_told_the_clusters_version_and_all_its_slots():
    with serving(FLINK) as master:
        found = seen(Run('flink', beam=(f'--flink_master={master}',)), 'mien-job')
    assert (found['runner'], found['flink_version'], found['parallelism'], found['job_name']) == ('FlinkRunner', '1.19', 4, 'mien-job')
    assert '--object_reuse' in pipeline_options(Run('flink', 1, ('--job_endpoint=h:1',)))._flags


def test_a_job_server_is_tied_to_this_process_whatever_java_the_user_says():
    java = ('--job_server_java_launcher=/opt/java', '--job_server_jvm_properties=-Xmx2g')
    found = seen(Run('spark', 5, ('--spark_master_url=local[1]', *java)))
    assert found['job_server_java_launcher'] == sys.executable
    properties = found['job_server_jvm_properties']
    assert properties[:3] == ['-m', 'mien.pipelines.engines.tied', '/opt/java']
    assert properties[-1] == '-Xmx2g'
    assert '-Dspark.cores.max=5' in properties


def test_what_beam_cannot_read_is_one_line():
    with pytest.raises(UsageError, match=r"^Beam's options .*'two'.*see what stands behind --$"):
        pipeline_options(Run('flink', 1, ('--job_endpoint=h:1', '--parallelism=two')))


def test_beam_itself_reads_all_options_of_every_profile():
    """An option that Beam doesn't know is dropped without a word; only those of the Java side may be unknown to Python."""
    runs = [
        Run(),
        Run('prism', 1, ('--job_endpoint=h:1',)),
        Run('flink', 1, ('--job_endpoint=h:1',)),
        Run('spark', 1, ('--job_endpoint=h:1',)),
    ]
    for run in [*runs, Run('dataflow', 1, GOOGLE)]:
        parsed = pipeline_options(run, 'name')
        known = {f'--{name}' for name in parsed.get_all_options()} | {'--worker_machine_type', '--object_reuse'}
        assert {flag.partition('=')[0] for flag in parsed._flags} <= known
