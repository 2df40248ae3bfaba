"""mien demo: labels photos that installed packages carry and files that it damages itself, and shows what was found."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from ..configs.errors import UsageError
from ..configs.load import load
from ..configs.schema import LabelConfig

FACES = {'skimage': ['data/astronaut.png'], 'matplotlib': ['mpl-data/sample_data/grace_hopper.jpg']}
NO_FACES = {
    'skimage': [f'data/{name}' for name in ('chelsea.png', 'coffee.png', 'rocket.jpg', 'horse.png', 'hubble_deep_field.jpg', 'page.png')]
}
NEEDED = ('skimage', 'matplotlib', 'duckdb')
FOUND = """
SELECT uri, face_index AS face, label, score, abstained, detection_score AS detection,
       box_x AS x, box_y AS y, box_width AS width, box_height AS height
FROM '{out}/labels/*.parquet' JOIN '{out}/faces/*.parquet' USING (face_id, uri, face_index) ORDER BY uri, face_index
"""
STATUSES = """
SELECT status, count(*) AS photos, string_agg(uri, ', ' ORDER BY uri) AS which
FROM '{out}/images/*.parquet' GROUP BY status ORDER BY status
"""
QUERY = """
SELECT label, count(*) AS faces, round(avg(score), 2) AS mean_score, round(avg(detection_score), 2) AS mean_detection
FROM '{out}/labels/*.parquet' JOIN '{out}/faces/*.parquet' USING (face_id)
GROUP BY label ORDER BY faces DESC, label
""".strip()


def demo(out: str) -> None:
    """Prints the faces found with their labels, each status, the files and a DuckDB query over them.

    Raises:
        UsageError: a package that only the demo needs is missing; the folder holds something else.
    """
    for package in NEEDED:
        package_folder(package)
    from .label import label
    from .runners import Run
    from .sheet import write_sheet

    photos, tables, sheet = Path(out, 'photos'), Path(out, 'tables'), Path(out, 'sheet.png')
    own = {photos.name, tables.name, f'{tables.name}.partial', sheet.name}
    if Path(out).exists() and not Path(out).is_dir():
        raise UsageError(f'output {out!r} is a file; name a folder')
    if Path(out).is_dir() and any(path.name not in own and not path.name.startswith('.') for path in Path(out).iterdir()):
        raise UsageError(f'output {out!r} holds other files than a demo; name another folder')
    _lay_out(photos)
    label([str(photos)], str(tables), load(LabelConfig, 'label'), Run())
    write_sheet(tables, sheet)
    _print(tables, sheet)


def _lay_out(photos: Path) -> None:
    photos.mkdir(parents=True, exist_ok=True)
    for package, names in [*FACES.items(), *NO_FACES.items()]:
        for name in names:
            shutil.copyfile(package_folder(package) / name, photos / Path(name).name)
    whole = (photos / 'grace_hopper.jpg').read_bytes()
    (photos / 'cut_off.jpg').write_bytes(whole[: len(whole) // 2])
    (photos / 'empty.jpg').write_bytes(b'')
    (photos / 'text.jpg').write_text('This is no photo, whatever its name says.\n')


def package_folder(package: str) -> Path:
    """Where an installed package keeps its files; it is not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"mien demo needs the package {package!r}, which is not installed: pip install '.[demo]' in mien's checkout")
    return Path(spec.submodule_search_locations[0])


def _print(tables: Path, sheet: Path) -> None:
    import duckdb

    faces, statuses = FOUND.format(out=tables), STATUSES.format(out=tables)
    query = QUERY.format(out=tables)
    print('Faces and their labels:', table(duckdb.sql(faces)), 'Photos by status:', table(duckdb.sql(statuses)), sep='\n')
    print('Parquet files:', *sorted(f'  {path}' for path in tables.glob('*/*.parquet') if path.parent.name != 'plan'), sep='\n')
    print(f'\nA query over them with DuckDB:\n\n{query}\n', table(duckdb.sql(query)), f'Contact sheet: {sheet}', sep='\n')


def table(result: object) -> str:
    """A query's result as aligned text."""
    columns, rows = result.columns, result.fetchall()  # type: ignore[attr-defined]
    cells = [[f'{cell:.2f}' if isinstance(cell, float) else str(cell) for cell in row] for row in [columns, *rows]]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    lines = ['  ' + '  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return '\n'.join([lines[0], '  ' + '  '.join('-' * width for width in widths), *lines[1:]]) + '\n'
