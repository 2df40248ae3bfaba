"""Writes the files of the Flex Templates from the command line's own arguments: `python -m deploy.dataflow.template`, from the checkout.

`NAME_metadata.json` is what `gcloud dataflow flex-template build --metadata-file` takes; `NAME_spec.json` is what that would write:
put your images' names into it, and it can be copied to a bucket as it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploy.dataflow.launcher import COMMANDS, Parameter, parameters

LAUNCHER = 'REGION-docker.pkg.dev/PROJECT/mien/launcher-{command}:0.1.0'
WORKER = 'REGION-docker.pkg.dev/PROJECT/mien/worker:0.1.0'
TEXTS = {
    'label': ('mien label', 'Photos to tables: a row per photo, a row per face, a label per face and model, as Parquet.'),
    'build': ('mien build', 'Labelled photos to TFRecords for training, and a row with its reason for everything that became none.'),
}


def metadata(command: str) -> dict[str, Any]:
    """A template's name, description and parameters, as the service's TemplateMetadata."""
    name, description = TEXTS[command]
    return {'name': name, 'description': description, 'streaming': False, 'parameters': [_said(one) for one in parameters(command)]}


def spec(command: str) -> dict[str, Any]:
    """A template, as the service's ContainerSpec."""
    return {
        'image': LAUNCHER.format(command=command),
        'sdkInfo': {'language': 'PYTHON'},
        'defaultEnvironment': {'sdkContainerImage': WORKER, 'additionalExperiments': ['use_runner_v2']},
        'metadata': metadata(command),
    }


def files() -> dict[str, str]:
    """What the files hold, by name."""
    made = {f'{command}_metadata.json': metadata(command) for command in COMMANDS}
    made |= {f'{command}_spec.json': spec(command) for command in COMMANDS}
    return {name: json.dumps(said, indent=2) + '\n' for name, said in made.items()}


def _said(parameter: Parameter) -> dict[str, Any]:
    return {
        'name': parameter.name,
        'label': parameter.name.replace('_', ' ').capitalize(),
        'helpText': parameter.help[:1].upper() + parameter.help[1:],
        'isOptional': parameter.optional,
        'regexes': [parameter.regex],
        'paramType': parameter.kind,
    }


if __name__ == '__main__':
    for name, text in files().items():
        Path(__file__).with_name(name).write_text(text)
