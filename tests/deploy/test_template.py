"""The Flex Templates: their files are what the service reads, their parameters what the command line takes."""

import argparse
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from google.cloud.dataflow_v1beta3 import ContainerSpec, ParameterType, TemplateMetadata
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from deploy.dataflow import launcher, template
from deploy.dataflow.launcher import COMMANDS, command_line, parameters
from mien.configs.load import load
from mien.configs.schema import BuildConfig, LabelConfig
from mien.pipelines.arguments import parser
from tests.generated import make_photos

FOLDER = Path(template.__file__).parent
CONFIGS = {'label': LabelConfig, 'build': BuildConfig}
CLOUD = ['--project=some-project', '--region=europe-west1', '--temp_location=gs://bucket/temp', '--job_name=nightly']
BOTH = pytest.mark.parametrize('command', COMMANDS)


def matching(command: str) -> dict[str, str]:
    return {parameter.name: parameter.regex for parameter in parameters(command)}


def test_the_files_are_what_the_arguments_say():
    assert {path.name: path.read_text() for path in FOLDER.glob('*.json')} == template.files()  # else: python -m deploy.dataflow.template


@BOTH
def test_the_service_reads_the_files(command):
    """By its own messages; an unknown field, or a kind of parameter that there is not, is an error."""
    spec, metadata = ContainerSpec.pb(ContainerSpec()), TemplateMetadata.pb(TemplateMetadata())
    json_format.Parse((FOLDER / f'{command}_spec.json').read_text(), spec)
    json_format.Parse((FOLDER / f'{command}_metadata.json').read_text(), metadata)
    assert spec.metadata == metadata
    assert [one.name for one in metadata.parameters] == [one.name for one in parameters(command)]
    assert {ParameterType(one.param_type).name for one in metadata.parameters} == {'TEXT', 'NUMBER', 'BOOLEAN'}
    assert [one.name for one in metadata.parameters if not one.is_optional] == ['inputs', 'out']
    assert all(re.fullmatch('[a-z][a-z_0-9]*', one.name) and one.label and one.help_text for one in metadata.parameters)


@BOTH
def test_every_option_of_the_command_is_a_parameter_and_every_parameter_an_option(command):
    call = [sys.executable, '-m', 'mien.pipelines.cli', command, '--help']
    shown = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r'^  (?:-h, )?(--[a-z-]+)', shown, re.MULTILINE)) | set(re.findall(r', (--no-[a-z-]+)', shown))
    said = {flag for one in parameters(command) for flag in (one.option, one.negated) if flag not in ('', '--')}
    assert options - said == {'--help', '--json'}
    assert said <= options
    assert [one.name for one in parameters(command) if not one.option] == ['inputs']


@BOTH
def test_no_parameter_has_the_name_of_an_option_of_beam(command):
    names = set()
    for options in PipelineOptions.__subclasses__():
        reader = argparse.ArgumentParser()
        options._add_argparse_args(reader)
        names |= {name for action in reader._actions for name in (action.dest, *(flag.lstrip('-') for flag in action.option_strings))}
    assert {'project', 'labels', 'runner', 'temp_location'} <= names
    assert set(matching(command)) & names == set()


@BOTH
def test_the_defaults_of_the_config_are_values_that_the_parameters_take(command):
    config, regexes = load(CONFIGS[command], command), matching(command)
    values = {launcher.RENAMED.get(name, name): value for name, value in vars(config).items()}
    said = {name: text(value) for name, value in values.items() if name in regexes and value not in (None, ())}
    assert len(said) > 5
    assert {name: value for name, value in said.items() if not re.fullmatch(regexes[name], value)} == {}


def text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ','.join(map(str, value)) if isinstance(value, tuple) else str(value)


TEXTS = st.text(st.characters(codec='utf-8', exclude_categories=('Cc', 'Zl', 'Zp')), min_size=1, max_size=20)
SAID = st.fixed_dictionaries(
    {'out': TEXTS.map(lambda name: f'gs://bucket/{name}')},
    optional={
        'workers': st.integers(1, 4096).map(str),
        'min_score': st.floats(0, 1).map(repr),
        'limit': st.integers(1).map(str),
        'key_column': TEXTS,
        'include': st.lists(TEXTS.map(lambda glob: glob.replace(',', ';')), min_size=1, max_size=3).map(','.join),
        'whole_image': st.sampled_from(['true', 'false']),
        'overwrite': st.sampled_from(['true', 'false']),
    },
)


@given(SAID, st.lists(TEXTS.map(lambda name: f'gs://photos/{name}'), min_size=1, max_size=3))
def test_the_command_understands_what_the_parameters_say(said, inputs):
    words = command_line('label', {**said, 'inputs': shlex.join(inputs)}, CLOUD)
    understood = vars(parser().parse_args(words[: words.index('--')]))
    assert understood['inputs'] == inputs
    assert understood['json'] is True
    assert understood['runner'] == 'dataflow'
    for name, value in said.items():
        meant = understood[name]
        assert (text(tuple(meant)) if isinstance(meant, list) else text(meant)) == value or float(meant) == float(value)


def test_beams_options_go_on_to_the_jobs_that_do_the_work_but_for_those_of_the_templates_own():
    said = {'inputs': 'gs://photos', 'out': 'gs://bucket/out', 'beam_options': '--machine_type=n2-standard-4 --labels "a b"'}
    words = command_line('build', said, [*CLOUD, '--runner=DataflowRunner', '--template_location=gs://t', '--max_num_workers=9'])
    assert words[words.index('--') + 1 :] == [*CLOUD[:3], '--machine_type=n2-standard-4', '--labels', 'a b']
    assert '--' not in command_line('build', {**said, 'engine': 'local'}, CLOUD)


@pytest.mark.parametrize(
    ('said', 'heard'),
    [
        ({'out': '/disk/out'}, "out '/disk/out': must match"),
        ({'workers': 'many'}, "workers 'many': must match"),
        ({'engine': 'spark'}, "engine 'spark': must match"),
        ({'crops': 'yes'}, "crops 'yes': must match"),
        ({'inputs': ''}, 'the following arguments are required: INPUT'),
    ],
)
def test_a_wrong_parameter_ends_the_launch_with_status_2(said, heard, capsys):
    words = {'inputs': 'gs://photos', 'out': 'gs://bucket/out'} | said
    with pytest.raises(SystemExit) as end:
        launcher.main([f'--{name}={value}' for name, value in words.items()])
    assert end.value.code == 2
    assert heard in capsys.readouterr().err


@BOTH
def test_the_templates_own_job_is_one_small_step_for_dataflow(command, monkeypatch):
    monkeypatch.setenv('MIEN_COMMAND', command)
    words = ['--inputs=gs://photos/a', '--out=gs://bucket/out', '--limit=', *CLOUD, '--max_num_workers=9']
    made = launcher.main([*words, '--sdk_container_image=example/worker:1', '--runner=DataflowRunner', '--dry_run=True']).job
    steps = [step for step in made.proto_pipeline.components.transforms.values() if not step.subtransforms]
    ours = {step.unique_name for step in steps if step.spec.urn == 'beam:transform:pardo:v1' and not step.unique_name.startswith('Command')}
    assert ours == {'Submit'}
    assert made.options.get_all_options()['max_num_workers'] == 1
    assert made.proto_pipeline.ByteSize() < 1 << 16


def test_the_step_runs_the_command_to_its_snapshot_and_fails_where_it_fails(tmp_path):
    photos = make_photos(tmp_path / 'in', 3, size=48)
    words = ['label', '--whole-image', f'--out={tmp_path / "out"}', '--json', str(photos)]
    assert launcher.job(words, ['--runner=FnApiRunner']).run().state == 'DONE'
    assert pq.read_table(tmp_path / 'out/labels').num_rows == 3
    with pytest.raises(RuntimeError, match='exit status 2; see the lines'):
        launcher.submit(['label', '--out', str(tmp_path / 'other'), str(tmp_path / 'nothing')])
