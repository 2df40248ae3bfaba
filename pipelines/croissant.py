"""Croissant: the description by which a tool loads the examples without knowing mien.

Source: the Croissant 1.0 specification, http://mlcommons.org/croissant/1.0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from ..configs.schema import SPLITS
from ..storage.path import located
from ..transforms.example_tables import EXAMPLES
from ..transforms.parts import write_json
from .dataset_facts import DatasetFacts, SourceFacts
from .tfds_files import VERSION

NAME = 'croissant.json'
PARTS = 'parts'  # id of the set of files
NOT_SAID = 'not said'

COLUMN_TEXTS: Mapping[str, str] = {
    'uri': 'the photo: its path below the input',
    'face_id': 'the face, unique in the dataset',
    'image': 'the crop, as PNG',
    'label': 'number of the class',
    'label_name': 'name of the class',
    'label_distribution': 'share of each class in the votes, in label order; 1 for the class alone where none voted',
    'subject': 'who is shown; null where it is not known',
    'split': 'train, validation or test',
    'source': 'name of the collection that the photo is from',
    'weight': 'weight of the example in training',
    'group_id': 'equal for faces that are the same picture; null where there is no other',
}

TERMS = (
    *('citeAs', 'column', 'equivalentProperty', 'extract', 'field', 'fileObject', 'fileProperty', 'fileSet', 'format', 'includes'),
    *('isLiveDataset', 'jsonPath', 'key', 'md5', 'parentField', 'path', 'recordSet', 'references', 'regex', 'repeated', 'replace'),
    *('samplingRate', 'separator', 'source', 'subField', 'transform'),
)
CONTEXT: Mapping[str, Any] = {term: f'cr:{term}' for term in TERMS} | {
    '@language': 'en',
    '@vocab': 'https://schema.org/',
    'conformsTo': 'dct:conformsTo',
    'cr': 'http://mlcommons.org/croissant/',
    'data': {'@id': 'cr:data', '@type': '@json'},
    'dataType': {'@id': 'cr:dataType', '@type': '@vocab'},
    'dct': 'http://purl.org/dc/terms/',
    'examples': {'@id': 'cr:examples', '@type': '@json'},
    'rai': 'http://mlcommons.org/croissant/RAI/',
    'sc': 'https://schema.org/',
}
TYPES = {pa.string(): 'sc:Text', pa.int64(): 'sc:Integer', pa.float32(): 'sc:Float', pa.binary(): 'sc:ImageObject'}
MEANT = {'label': ['cr:Label'], 'label_name': ['cr:Label'], 'split': ['cr:Split']}  # types beyond that of the values, by column
SPLIT_TYPES = dict(zip(SPLITS, ('cr:TrainingSplit', 'cr:ValidationSplit', 'cr:TestSplit'), strict=True))


def write_croissant(facts: DatasetFacts, digests: Mapping[str, str]) -> str:
    """Writes croissant.json and gives its name; equal datasets, equal bytes.

    Args:
        digests: SHA-256 of the parts of `examples`, by path below the folder.
    """
    write_json(located(facts.folder, NAME), croissant(facts, digests))
    return NAME


def croissant(facts: DatasetFacts, digests: Mapping[str, str]) -> dict[str, Any]:
    """The description as JSON-LD; of one size, however many parts there are."""
    return {
        '@context': CONTEXT,
        '@type': 'sc:Dataset',
        'conformsTo': 'http://mlcommons.org/croissant/1.0',
        'name': facts.config.name,
        'description': _description(facts),
        'license': [_licence(source) for source in facts.sources],
        'version': _version(digests),
        'distribution': [_parts(facts)],
        'recordSet': [_examples(), _splits(), _classes(facts.config.classes)],
    }


def _description(facts: DatasetFacts) -> str:
    config = facts.config
    examples = sum(sum(by_class.values()) for by_class in facts.counts.values())
    crops = f'{config.crop_size}x{config.crop_size}x{config.crop_channels} crops'
    return f'Faces labelled {", ".join(config.classes)}: {examples} {crops} of {facts.photos} photos, built by mien.'


def _licence(source: SourceFacts) -> dict[str, Any]:
    """The licence of a source's photos; where none is said, a text that says so, for leaving it out would let another source's
    licence speak for all."""
    name = source.licence or NOT_SAID
    link = {'url': name} if name.startswith(('http://', 'https://')) else {}
    return {'@type': 'sc:CreativeWork', 'name': name, 'description': f'licence of the photos of the source {source.name}'} | link


def _version(digests: Mapping[str, str]) -> str:
    """The format's version, and 12 hex digits that name the content of all parts: a set of files cannot carry their checksums."""
    said = ''.join(f'{digest}  {path}\n' for path, digest in sorted(digests.items()))
    return f'{VERSION}+{hashlib.sha256(said.encode()).hexdigest()[:12]}'


def _parts(facts: DatasetFacts) -> dict[str, Any]:
    return {
        '@type': 'cr:FileSet',
        '@id': PARTS,
        'name': PARTS,
        'description': f'{facts.shards} Parquet files beside this one; snapshot.json holds the SHA-256 of each.',
        'encodingFormat': 'application/x-parquet',
        'includes': 'examples/*.parquet',
    }


def _examples() -> dict[str, Any]:
    """The examples, a record each. `split` and `label` do not reference the record sets of splits and classes: mlcroissant joins what
    is referenced, and then holds all parts in memory at once."""
    fields = [_column(column) for column in EXAMPLES]
    return _record_set('examples', fields) | {'key': {'@id': 'examples/face_id'}}


def _column(column: pa.Field) -> dict[str, Any]:
    many = pa.types.is_list(column.type)
    types = [TYPES[column.type.value_type if many else column.type], *MEANT.get(column.name, [])]
    source = {'fileSet': {'@id': PARTS}, 'extract': {'column': column.name}}
    more = {'description': COLUMN_TEXTS[column.name], 'source': source} | ({'repeated': True} if many else {})
    return _field('examples', column.name, types) | more


def _splits() -> dict[str, Any]:
    fields = [_field('splits', 'name', ['sc:Text']), _field('splits', 'url', ['sc:URL', 'cr:Split'])]
    data = [{'splits/name': name, 'splits/url': url} for name, url in SPLIT_TYPES.items()]
    return _record_set('splits', fields) | {'dataType': 'cr:Split', 'key': {'@id': 'splits/name'}, 'data': data}


def _classes(classes: tuple[str, ...]) -> dict[str, Any]:
    fields = [_field('classes', 'label', ['sc:Integer']), _field('classes', 'name', ['sc:Text'])]
    data = [{'classes/label': label, 'classes/name': name} for label, name in enumerate(classes)]
    return _record_set('classes', fields) | {'dataType': 'sc:Enumeration', 'key': {'@id': 'classes/label'}, 'data': data}


def _record_set(name: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {'@type': 'cr:RecordSet', '@id': name, 'name': name, 'field': fields}


def _field(record_set: str, name: str, types: list[str]) -> dict[str, Any]:
    return {'@type': 'cr:Field', '@id': f'{record_set}/{name}', 'name': name, 'dataType': types}
