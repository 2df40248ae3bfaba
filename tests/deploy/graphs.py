"""Looks into a pipeline that was built and not yet run: what crosses its shuffles, and what its steps carry to the workers."""

from __future__ import annotations

import base64
import bz2
import io
import os
import pickle
import pickletools
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, get_type_hints

import apache_beam as beam
from apache_beam.pipeline import AppliedPTransform, Pipeline, PipelineVisitor
from apache_beam.portability import python_urns
from apache_beam.portability.api import beam_runner_api_pb2 as api
from apache_beam.typehints import typehints
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import PaneInfo

GROUP_BY_KEY = 'beam:transform:group_by_key:v1'
PORTABLE = {  # the model's own and those of the Python SDK that say in the proto what they are made of
    f'beam:coder:{name}:v1'
    for name in ('bytes', 'string_utf8', 'kv', 'bool', 'varint', 'double', 'iterable', 'nullable', 'tuple', 'global_window', 'row')
} | {'beam:coder:length_prefix:v1', 'beam:coder:windowed_value:v1'}
LIGHT = (int, float, str, bool, type(None), Enum, Timestamp, PaneInfo)
LIBRARIES = {'mien', 'apache_beam', 'numpy', 'pyarrow', 'tensorflow', 'tensorflow_metadata', 'tensorflow_transform', 'tfx_bsl'}
FOUND_ON_WORKERS = (LIBRARIES | sys.stdlib_module_names) - {'_io', 'io'}  # of these is what an open file becomes


@dataclass(frozen=True)
class Crossing:
    """What a runner holds, or sends from worker to worker: the elements of a GroupByKey, of a Reshuffle, of a side input.

    Attributes:
        step: full label of the transform.
        element: type of its elements, as Beam knows it.
    """

    step: str
    element: Any


@dataclass(frozen=True)
class Code:
    """What a step's function brings to the workers.

    Attributes:
        step: full label of the transform.
        pickled: the pickle, unpacked.
    """

    step: str
    pickled: bytes
    packed: int


def crossings(pipeline: Pipeline) -> list[Crossing]:
    """All that is not handed from step to step in one process."""
    visitor = _Crossings()
    pipeline.visit(visitor)
    return visitor.found


class _Crossings(PipelineVisitor):
    def __init__(self) -> None:
        self.found: list[Crossing] = []

    def enter_composite_transform(self, node: AppliedPTransform) -> None:
        self.visit_transform(node)

    def visit_transform(self, node: AppliedPTransform) -> None:
        if isinstance(node.transform, (beam.GroupByKey, beam.Reshuffle)):
            self.found += [Crossing(node.full_label, one.element_type) for one in node.main_inputs.values()]
        self.found += [Crossing(node.full_label, side.pvalue.element_type) for side in node.side_inputs]


def pixels_crossing(found: Iterable[Crossing], known: Iterable[str]) -> list[str]:
    """A line for every crossing whose elements may hold pixels.

    Args:
        known: how the labels of steps begin whose elements have no type that says it, but are known to be small.
    """
    begins = tuple(known)
    lines = [(one, _heavy(one.element)) for one in found if not one.step.startswith(begins)]
    return [f'{one.step}: {heavy} crosses' for one, heavy in lines if heavy]


def _heavy(element: Any) -> str | None:
    """The first thing of a type that may be large; None where there is none."""
    if isinstance(element, typehints.TypeConstraint):
        parts = getattr(element, 'tuple_types', None) or getattr(element, 'union_types', None) or (getattr(element, 'inner_type', Any),)
        return next(filter(None, map(_heavy, parts)), None)
    if isinstance(element, type) and is_dataclass(element):
        return _heavy_parts(get_type_hints(element)[field.name] for field in fields(element))
    if isinstance(element, type) and hasattr(element, '_fields'):  # a NamedTuple
        return _heavy_parts(get_type_hints(element).values())
    if (isinstance(element, type) and issubclass(element, LIGHT)) or element is None:
        return None
    arguments = getattr(element, '__args__', ())
    if arguments:
        return _heavy_parts(one for one in arguments if one is not Ellipsis)
    return str(element)


def _heavy_parts(parts: Iterable[Any]) -> str | None:
    return next(filter(None, map(_heavy, parts)), None)


def unportable_coders(pipeline: api.Pipeline, keys: Iterable[str], values: Iterable[str]) -> list[str]:
    """A line for every coder of a GroupByKey's keys or values that only this Python can read.

    Args:
        keys, values: how the labels of steps begin whose keys or values may be pickled.
    """
    found = []
    for step in pipeline.components.transforms.values():
        if step.spec.urn == GROUP_BY_KEY:
            for place, urns, known in zip(('key', 'value'), _coders(pipeline, step), (keys, values), strict=True):
                foreign = sorted({*urns} - PORTABLE) if not step.unique_name.startswith(tuple(known)) else []
                found += [f'{step.unique_name}: {place} {urn}' for urn in foreign]
    return found


def _coders(pipeline: api.Pipeline, step: api.PTransform) -> list[list[str]]:
    """URNs of the coders of a GroupByKey's keys, and of its values."""
    collection = pipeline.components.pcollections[next(iter(step.inputs.values()))]
    pair = pipeline.components.coders[collection.coder_id]
    return [list(coder_urns(pipeline, part)) for part in pair.component_coder_ids]


def coder_urns(pipeline: api.Pipeline, coder_id: str) -> Iterator[str]:
    """URNs of a coder and of all that it is made of."""
    coder = pipeline.components.coders[coder_id]
    yield coder.spec.urn
    for part in coder.component_coder_ids:
        yield from coder_urns(pipeline, part)


def codes(pipeline: api.Pipeline) -> list[Code]:
    """The functions of all steps that run Python of ours or of a library's."""
    found = []
    for step in pipeline.components.transforms.values():
        payload = _function(step.spec)
        if payload is not None:
            found.append(Code(step.unique_name, _unpacked(payload), len(payload)))
    return found


def _function(spec: api.FunctionSpec) -> bytes | None:
    if spec.urn == 'beam:transform:pardo:v1':
        function = api.ParDoPayload.FromString(spec.payload).do_fn
        return function.payload if function.urn == python_urns.PICKLED_DOFN_INFO else None
    if spec.urn == 'beam:transform:combine_per_key:v1':
        function = api.CombinePayload.FromString(spec.payload).combine_fn
        return function.payload if function.urn == python_urns.PICKLED_COMBINE_FN else None
    return None


def _unpacked(payload: bytes) -> bytes:
    packed = base64.b64decode(payload)
    return bz2.decompress(packed) if packed.startswith(b'BZh') else zlib.decompress(packed)


def local_things(code: Code, roots: Iterable[str]) -> list[str]:
    """A line for everything of this machine that a step carries: paths that exist here, modules that workers don't have, open files.

    A source file's name is no path that anybody opens: tracebacks show it.

    Args:
        roots: what the job itself reads and writes; in a cluster these lie in a store.
    """
    strings = [argument for _, argument, _ in pickletools.genops(code.pickled) if isinstance(argument, str)]
    paths = [text for text in strings if text.startswith('/') and not text.endswith('.py') and os.path.exists(text)]
    foreign = [path for path in dict.fromkeys(paths) if not path.startswith(tuple(roots))]
    modules = sorted(name for name in imported(code) if name.split('.')[0] not in FOUND_ON_WORKERS)
    return [f'{code.step}: {thing}' for thing in (*foreign, *modules)]


def imported(code: Code) -> set[str]:
    """The modules that a worker imports to unpickle a step's function; an open file is pickled as its text, in one of `_io`."""
    reader = _Reader(io.BytesIO(code.pickled))
    reader.load()
    return reader.modules


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.modules: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.modules.add(module)
        return super().find_class(module, name)
