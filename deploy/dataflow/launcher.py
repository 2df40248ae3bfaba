"""What a Flex Template starts: turns the template's parameters into a command line of mien, and has a worker of the job run it.

A template hands over one graph, from a program that ends at once. `mien label` and `mien build` run several pipelines, one after the
other, and finish the snapshot when the last has ended. So the template's own job is one step on one small worker: it calls mien, which
starts the jobs that do the work and waits for them. Where that worker is lost, the runner repeats the step, and the same command goes on.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult

from mien.pipelines.arguments import commands_of, parse, parser

COMMANDS = ('label', 'build')
ENGINES = ('dataflow', 'local')
RENAMED = {'runner': 'engine', 'labels': 'label_files'}  # Beam has options of these names, and the service says them
LEFT_OUT = ('help', 'json')  # the result is always said as JSON
STORE = r'^gs://[^/]+/.+$'
NUMBERS = {int: r'^-?[0-9]+$', float: r'^-?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?$'}
OWN = ('runner', 'job_name', 'template_location', 'num_workers', 'max_num_workers', 'autoscaling_algorithm')  # of the template's own job
ONE_WORKER = ('--num_workers=1', '--max_num_workers=1', '--autoscaling_algorithm=NONE')


@dataclass(frozen=True)
class Parameter:
    """A parameter of the template.

    Attributes:
        option: the command's argument: its flag, or nothing where it has a place.
        flag: true and false are said by the flag alone.
        negated: what says false; nothing where leaving the flag out does.
        kind: of the service's parameter types.
        regex: what its text must match.
    """

    name: str
    option: str
    help: str
    optional: bool
    regex: str
    kind: str = 'TEXT'
    flag: bool = False
    negated: str = ''


def parameters(command: str) -> list[Parameter]:
    """One for each argument of a command, in its order, and one for Beam's own options."""
    own = [_parameter(action) for action in commands_of(parser())[command]._actions if action.dest not in LEFT_OUT]
    more = "options of Beam's for the jobs that do the work, as on a shell's line, like --machine_type=n2-standard-4"
    return [*own, Parameter('beam_options', '--', more, True, r'^--[a-z].*$')]


def _parameter(action: argparse.Action) -> Parameter:
    name = RENAMED.get(action.dest, action.dest)
    flag = action.option_strings[0] if action.option_strings else ''
    text = (action.help or '').replace('%%', '%')
    if action.nargs == 0:
        negated = next((other for other in action.option_strings if other.startswith('--no-')), '')
        return Parameter(name, flag, text, True, '^(true|false)$', 'BOOLEAN', True, negated)
    if action.dest == 'inputs':
        return Parameter(name, '', f'{text}; several as on a shell line', False, '^.+$')
    if action.dest == 'runner':
        text = 'dataflow: jobs of their own do the work (default); local: the one worker of the template does it all'
        return Parameter(name, flag, text, True, f'^({"|".join(ENGINES)})$')
    if action.dest in ('out', 'previous'):
        return Parameter(name, flag, text, not action.required, STORE)
    if action.type in NUMBERS:
        return Parameter(name, flag, text, not action.required, NUMBERS[action.type], 'NUMBER')
    return Parameter(name, flag, text, not action.required, '^.+$')


def command_line(command: str, given: Mapping[str, str], beam_words: Sequence[str]) -> list[str]:
    """The words after `mien`.

    Args:
        given: what was said, by parameter.
        beam_words: Beam's options of the template's job, `--name=value` each: those that are not its alone hold for mien's jobs as well.
    Raises:
        ValueError: a value is not what its parameter takes.
    """
    words, places = [command], []
    said = {'engine': ENGINES[0]} | given
    for parameter in parameters(command):
        value = said.get(parameter.name)
        if value is None or parameter.option == '--':
            continue
        if not re.fullmatch(parameter.regex, value):
            raise ValueError(f'{parameter.name} {value!r}: must match {parameter.regex}')
        if not parameter.option:
            places += shlex.split(value)
        elif parameter.flag:
            words += [parameter.option] if value == 'true' else [parameter.negated] if parameter.negated else []
        else:
            words.append(f'{parameter.option}={value}')
    return [*words, '--json', *places, *_beam_words(said, beam_words)]


def _beam_words(said: Mapping[str, str], beam_words: Sequence[str]) -> list[str]:
    if said['engine'] == 'local':
        return []
    kept = [word for word in beam_words if word.removeprefix('--').partition('=')[0] not in OWN]
    return ['--', *kept, *shlex.split(said.get('beam_options', ''))]


def submit(words: list[str]) -> int:
    """Runs mien to its end; its lines go to the worker's log.

    Raises:
        RuntimeError: it failed; the runner tries the step again, and the same command goes on.
    """
    status = subprocess.run([sys.executable, '-m', 'mien.pipelines.cli', *words], check=False).returncode
    if status != 0:
        raise RuntimeError(f'mien {shlex.join(words)}: exit status {status}; see the lines of the log before this one')
    return status


def main(argv: Sequence[str] | None = None) -> PipelineResult:
    """Builds the template's job; with the service's `--template_location` it is written there, and the service starts it."""
    command = os.environ.get('MIEN_COMMAND', COMMANDS[0])
    reader = argparse.ArgumentParser(prog=f'mien {command} (template)', allow_abbrev=False)
    for parameter in parameters(command):
        reader.add_argument(f'--{parameter.name}', required=not parameter.optional)
    given, beam_words = reader.parse_known_args(argv)
    said = {name: value for name, value in vars(given).items() if value}  # the service says '' for what was left empty
    try:
        words = command_line(command, said, beam_words)
    except ValueError as error:
        reader.error(str(error))
    parse(words[: words.index('--')] if '--' in words else words, [])  # a wrong call fails here, not on a worker
    return job(words, beam_words).run()


def job(words: list[str], beam_words: Sequence[str]) -> beam.Pipeline:
    """The template's own job."""
    pipeline = beam.Pipeline(options=PipelineOptions([*beam_words, *ONE_WORKER]))
    _ = pipeline | 'Command' >> beam.Create([words]) | 'Submit' >> beam.Map(submit)
    return pipeline


if __name__ == '__main__':
    main()
