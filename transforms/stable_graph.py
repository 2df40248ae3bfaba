"""Gives a saved graph names that depend on the graph alone: equal graphs, equal bytes. Imports TensorFlow."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from google.protobuf import text_format
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from .parts import write_whole

NUMBERED = re.compile(r'\b(__inference_\w+?)_(\d+)\b')  # TensorFlow counts functions per process, over all threads


def stabilise(folder: str | Path) -> None:
    """Rewrites the `saved_model.pb` of a folder: functions numbered anew within each name, and sorted."""
    path = Path(folder, 'saved_model.pb')
    model = renumbered(SavedModel.FromString(path.read_bytes()))
    for graph in model.meta_graphs:
        functions = sorted(graph.graph_def.library.function, key=lambda function: function.signature.name)
        del graph.graph_def.library.function[:]
        graph.graph_def.library.function.extend(functions)
    write_whole(path, lambda file: file.write(model.SerializeToString(deterministic=True)))


def renumbered(model: SavedModel) -> SavedModel:
    """The model with its functions' numbers replaced by their order of creation among those of one name."""
    text = text_format.MessageToString(model)
    numbers: defaultdict[str, set[int]] = defaultdict(set)
    for name, number in NUMBERED.findall(text):
        numbers[name].add(int(number))
    places = {name: sorted(found) for name, found in numbers.items()}
    text = NUMBERED.sub(lambda match: f'{match[1]}_{places[match[1]].index(int(match[2]))}', text)
    return text_format.Parse(text, SavedModel())
