"""What is said before a job starts, against servers that answer or do not."""

import re
import sys

import pytest

from mien.configs.errors import UsageError
from mien.pipelines.engines.finding import Given
from mien.pipelines.engines.preflight import findings, preflight, sees_local
from mien.pipelines.runners import Run
from tests.servers import serving

OVERVIEW = {'taskmanagers': 2, 'slots-total': 4, 'slots-available': 3, 'flink-version': '1.19.3'}
RESTARTS = [{'key': 'restart-strategy.type', 'value': 'fixed-delay'}]
GOOGLE = ('--project=some-project', '--region=europe-west1', '--temp_location=gs://bucket/tmp')


def texts(run, *given, fatal=True):
    return [one.text for one in findings(run, given) if one.fatal == fatal]


@pytest.mark.parametrize(
    ('run', 'said'),
    [
        (Run('flink'), '--runner flink: which cluster? say -- --flink_master=HOST:8081, or of a running job server'),
        (Run('spark'), '--runner spark: which cluster? say -- --spark_master_url=spark://HOST:7077, or'),
        (Run('prism'), '--runner prism: where?'),
        (Run('dataflow'), '--runner dataflow: misses --project, --region, --temp_location; say -- --project=PROJECT --region'),
        (Run('dataflow', beam=(*GOOGLE[:2], '--temp_location=/tmp')), "--temp_location '/tmp': Dataflow stages in Cloud Storage"),
        (Run('dataflow', beam=(*GOOGLE, '--staging_location=s3://b')), "--staging_location 's3://b': Dataflow stages in Cloud Storage"),
        (
            Run('spark', beam=('--spark_master_url=local[1]', '--job_server_java_launcher=no-java')),
            "'no-java': no such program, and Beam starts the job server of spark with Java",
        ),
        (
            Run(
                'spark',
                beam=('--spark_master_url=local[1]', '--spark_job_server_jar=/no.jar', f'--job_server_java_launcher={sys.executable}'),
            ),
            "--spark_job_server_jar '/no.jar': no such file",
        ),
    ],
)
def test_what_is_missing_is_named(run, said):
    assert texts(run)[0].startswith(said)


@pytest.mark.parametrize('word', ['--direct_running_mod=multi_processing', '--direct_running_mod'])
def test_an_option_that_beam_does_not_know_is_refused_or_where_a_job_server_may_know_it_told(word):
    run = Run(beam=(word, '--direct_num_workers=2'))
    said = "--direct_running_mod: no option of Beam (did you mean '--direct_running_mode'?); correct what stands behind --"
    assert texts(run) == [said]
    flink = Run('flink', beam=('--flink_master=x:1', '--object_reuse_mode=x'))
    assert texts(flink, fatal=False)[0].startswith("--object_reuse_mode: no option of Beam's Python")


def test_a_value_that_is_none_is_one_line_and_a_word_is_no_option():
    with pytest.raises(UsageError, match=r"^Beam's options '--parallelism=x': argument --parallelism: invalid int value"):
        texts(Run(beam=('--parallelism=x',)))
    assert texts(Run(beam=('direct_num_workers=2',)))[0].startswith('direct_num_workers=2: no option of Beam')


def test_options_that_beam_knows_pass_by_whatever_name():
    words = ('--no_use_public_ips', '--experiments=a', '--experiment', 'b', '--environment_config=h:1', '--save_main_session')
    assert texts(Run('local', beam=words)) == []


def test_dataflow_wants_nothing_more_than_what_it_must_be_told():
    assert texts(Run('dataflow', beam=GOOGLE)) == []


@pytest.mark.parametrize(
    ('runner', 'option'), [('flink', 'flink_master'), ('flink', 'job_endpoint'), ('spark', 'job_endpoint'), ('prism', 'job_endpoint')]
)
def test_a_host_where_nobody_listens_is_named(runner, option, nobody):
    found = texts(Run(runner, beam=(f'--{option}={nobody}', f'--job_server_java_launcher={sys.executable}')))
    assert len(found) == 1
    assert found[0].startswith(f'--{option} {nobody}: nobody there (Connection refused); ')


def test_somebody_who_is_no_engine_is_named():
    with serving({}) as other:
        flink = texts(Run('flink', beam=(f'--flink_master={other}', f'--job_server_java_launcher={sys.executable}')))
        prism = texts(Run('prism', beam=(f'--job_endpoint={other}',)))
    assert [text.partition(';')[0] for text in flink] == [f'--flink_master {other}: no JobManager of Flink answers']
    assert prism[0].startswith(f'--job_endpoint {other}: no job service of Beam answers')


@pytest.mark.parametrize('value', ['flink', 'flink:port', ':8081', 'http://flink'])
def test_an_address_without_host_or_port_is_refused(value):
    with pytest.raises(UsageError, match=rf"^--flink_master '{re.escape(value)}': names no host and port; say --flink_master=HOST:PORT$"):
        list(findings(Run('flink', beam=(f'--flink_master={value}',)), []))


@pytest.mark.parametrize(
    ('overview', 'config', 'workers', 'fatal', 'said'),
    [
        ({}, RESTARTS, 3, None, ''),
        ({}, RESTARTS, 5, True, '2 TaskManagers with 4 slots, and 5 are wanted; start more or say --workers 4'),
        ({}, RESTARTS, 4, False, '3 of them free, and 4 are wanted: the job waits'),
        ({}, RESTARTS, None, False, '3 of them free, and 4 are wanted: the job waits'),
        (
            {'taskmanagers': 0, 'slots-total': 0, 'slots-available': 0},
            RESTARTS,
            None,
            True,
            '0 TaskManagers with 0 slots, and 1 are wanted; start',
        ),
        ({}, [*RESTARTS, {'key': 'execution.target', 'value': 'kubernetes-session'}], 5, False, '4 slots, and 5 are wanted'),
        ({}, [], 3, False, 'has no restart strategy, so a worker that is killed fails the job'),
        ({}, [{'key': 'restart-strategy', 'value': 'none'}], 3, False, 'has no restart strategy'),
        ({'flink-version': '1.18.1'}, RESTARTS, 3, True, 'Flink 1.18, and Beam has job servers of 1.19, '),
    ],
)
def test_a_flink_cluster_is_asked_whether_it_can(overview, config, workers, fatal, said):
    with serving({'/overview': OVERVIEW | overview, '/jobmanager/config': config}) as master:
        run = Run('flink', workers, (f'--flink_master={master}', f'--job_server_java_launcher={sys.executable}'))
        found = {one.fatal: one.text for one in findings(run, [])}
    assert list(found) == ([] if fatal is None else [fatal])
    assert said in found.get(fatal, '')


def test_workers_elsewhere_see_no_folder_of_this_machine(nobody):
    places = [Given('output', 's3://bucket/out'), Given('input', '/photos'), Given('--previous', 'last')]
    far = Run('flink', beam=('--flink_master=10.1.2.3:8081',))
    assert findings_of_words(far, places) == [
        f"{what}: is on this machine, and the workers of --runner flink don't see it; copy it to, and name, a place like s3://... or gs://..."
        for what in ("input '/photos'", "--previous 'last'")
    ]
    warned = []
    with pytest.raises(UsageError, match=r"^output 'out': is on this machine.*; name a place like s3://"):
        preflight(Run('dataflow'), [Given('output', 'out')], warned.append)
    assert warned == []


def findings_of_words(run, places):
    """Those that need no network."""
    return [one.text for one, _ in zip(findings(run, places), places[1:], strict=False)]


@pytest.mark.parametrize(
    ('run', 'sees'),
    [
        (Run(), True),
        (Run('prism', beam=('--job_endpoint=localhost:8073',)), True),
        (Run('prism', beam=('--job_endpoint=10.0.0.1:8073',)), False),
        (Run('flink', beam=('--flink_master=127.0.0.1:8081',)), True),
        (Run('flink', beam=('--flink_master=[::1]:8081',)), True),
        (Run('flink', beam=('--flink_master=http://flink:8081',)), False),
        (Run('flink', beam=('--job_endpoint=localhost:8099', '--flink_master=flink:8081')), False),
        (Run('spark', beam=('--spark_master_url=spark://localhost:7077',)), True),
        (Run('spark', beam=('--spark_master_url=local[2]',)), True),
        (Run('spark', beam=('--spark_master_url=spark://10.0.0.1:7077',)), False),
        (Run('dataflow', beam=GOOGLE), False),
    ],
)
def test_who_sees_this_machines_folders(run, sees):
    assert sees_local(run) == sees
