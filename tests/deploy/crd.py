"""Checks a custom resource by its definition, as a Kubernetes that refuses unknown fields would: CRD.yml MANIFEST.yaml; a line a finding.

Runs in .engines/deploy-venv, which has jsonschema; imports nothing of ours.
"""

from __future__ import annotations

import sys
from typing import Any

import yaml
from jsonschema import Draft202012Validator


def main(definition: str, manifest: str) -> int:
    with open(definition) as file:
        crd = yaml.safe_load(file)
    with open(manifest) as file:
        documents = list(yaml.safe_load_all(file))
    lines = [line for document in documents for line in findings(crd, document)]
    print('\n'.join(lines))
    return 1 if lines or not documents else 0


def findings(crd: dict[str, Any], document: dict[str, Any]) -> list[str]:
    spec, group = crd['spec'], document['apiVersion'].partition('/')
    versions = {version['name']: version for version in spec['versions']}
    if (group[0], document['kind']) != (spec['group'], spec['names']['kind']) or group[2] not in versions:
        return [f'{document["apiVersion"]} {document["kind"]}: not what {crd["metadata"]["name"]} defines']
    schema = strict(versions[group[2]]['schema']['openAPIV3Schema'])
    own = {'apiVersion', 'kind', 'metadata'}
    found = Draft202012Validator(schema).iter_errors({key: value for key, value in document.items() if key not in own})
    return [f'{".".join(map(str, error.absolute_path))}: {error.message}' for error in found]


def strict(schema: Any) -> Any:
    """The same schema without room for fields that it doesn't name, and with Kubernetes' own numbers and quantities."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    if made.get('x-kubernetes-int-or-string'):
        made = {'type': ['integer', 'string']}
    if 'properties' in made and not made.get('x-kubernetes-preserve-unknown-fields'):
        made.setdefault('additionalProperties', False)
    return made


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
