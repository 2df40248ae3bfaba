"""Reads the labels file of a build: CSV or Parquet, whose columns the config names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from ..configs.errors import UsageError
from ..configs.load import suggestion
from ..configs.schema import BuildConfig
from ..transforms.label_file import Label
from .build_config import columns

PARQUET = b'PAR1'


@dataclass(frozen=True)
class LabelsTable:
    """A labels file in memory, every value a text; a null is an empty one.

    Attributes:
        texts: values by column.
        rows: number of rows.
    """

    texts: dict[str, list[str]]
    rows: int

    def labels(self, config: BuildConfig) -> Iterator[Label]:
        """Every row, with what it calls its image as uri."""
        for index in range(self.rows):
            yield Label(
                uri=self._text(config.image_column, index),
                row=index + 1,
                label='' if config.votes else self._text(config.label_column, index),
                votes=tuple(self.texts[column][index] for column in config.votes.values()),
                split=self._text(config.split_column, index),
                subject=self._text(config.subject_column, index),
                face_id=self._text(config.face_id_column, index),
                box=tuple(self.texts[column][index] for column in config.box_columns),
            )

    def _text(self, column: str | None, index: int) -> str:
        return '' if column is None else self.texts[column][index].strip()


def read_labels_table(path: str, config: BuildConfig) -> LabelsTable:
    """The columns that the config names.

    Raises:
        UsageError: no file, neither CSV nor Parquet, or a column that it does not have.
    """
    try:
        table = _read(path, columns(config))
    except OSError as error:
        raise UsageError(f'labels {path!r}: {error.strerror or error}; name a CSV or Parquet file') from error
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
        raise UsageError(f'labels {path!r}: neither CSV in UTF-8 nor Parquet: {" ".join(str(error).split())}') from error
    texts = {name: [text or '' for text in table.column(name).to_pylist()] for name in table.column_names}
    return LabelsTable(texts, table.num_rows)


def _read(path: str, wanted: list[str]) -> pa.Table:
    with open(path, 'rb') as file:
        is_parquet = file.read(len(PARQUET)) == PARQUET
    return _read_parquet(path, wanted) if is_parquet else _read_csv(path, wanted)


def _read_parquet(path: str, wanted: list[str]) -> pa.Table:
    with pq.ParquetFile(path) as file:
        _check_columns(path, wanted, file.schema_arrow.names)
        table = file.read(columns=wanted)
    return pa.table({name: table.column(name).cast(pa.string()) for name in wanted})


def _read_csv(path: str, wanted: list[str]) -> pa.Table:
    parse = csv.ParseOptions(newlines_in_values=True)
    with csv.open_csv(path, parse_options=parse) as reader:
        names = reader.schema.names
    _check_columns(path, wanted, names)
    texts = {name: pa.string() for name in wanted}
    convert = csv.ConvertOptions(column_types=texts, include_columns=wanted, strings_can_be_null=False)
    return csv.read_csv(path, parse_options=parse, convert_options=convert)


def _check_columns(path: str, wanted: list[str], names: list[str]) -> None:
    for column in wanted:
        if column not in names:
            raise UsageError(f'labels {path!r}: no column {column!r}{suggestion(column, names)}; it has {", ".join(names)}')
        if names.count(column) > 1:
            raise UsageError(f'labels {path!r}: {names.count(column)} columns are called {column!r}; rename all but one')
