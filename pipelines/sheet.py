"""A contact sheet: each photo with the boxes, landmarks and labels that a snapshot holds of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq

from ..transforms.decode import decode
from ..transforms.formats import read_header
from ..transforms.parts import write_whole
from ..transforms.plan_file import read_plan
from ..transforms.records import READ, Entry

TILE, CAPTION, COLUMNS = 320, 24, 4  # pixels, pixels, tiles
GROUND, INK, BOX, DOT = 32, (230, 230, 230), (80, 220, 80), (60, 120, 255)  # grey, BGR


def write_sheet(snapshot: str | Path, path: str | Path) -> None:
    """Draws every photo of a small snapshot of `label` on one PNG."""
    images, faces, labels = (pq.read_table(Path(snapshot, table)).to_pylist() for table in ('images', 'faces', 'labels'))
    shards = len(list(Path(snapshot, 'plan').glob('part-*')))
    entries = {entry.uri: entry for shard in range(shards) for entry in read_plan(snapshot, shard, shards)}
    label_of = {row['face_id']: f'{row["label"]} {row["score"]:.2f}' for row in labels}
    faces_of = defaultdict(list)
    for face in faces:
        faces_of[face['uri']].append(face)
    tiles = [_tile(row, entries[row['uri']], faces_of[row['uri']], label_of) for row in sorted(images, key=lambda row: row['uri'])]
    done, data = cv2.imencode('.png', grid(tiles, COLUMNS))
    if not done:
        raise RuntimeError('OpenCV encodes no PNG of the contact sheet')
    write_whole(path, lambda file: file.write(data.tobytes()))


def grid(tiles: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Tiles of one shape, row by row; the places that are left are empty.

    Args:
        tiles: (height, width, channels) uint8, at least one.
    """
    blank = np.full_like(tiles[0], GROUND)
    filled = [*tiles, *[blank] * (-len(tiles) % columns)]
    return np.vstack([np.hstack(filled[start : start + columns]) for start in range(0, len(filled), columns)])


def _tile(row: dict[str, Any], entry: Entry, faces: list[dict[str, Any]], label_of: dict[str, str]) -> np.ndarray:
    tile = np.full((TILE + CAPTION, TILE, 3), GROUND, np.uint8)
    if row['status'] in READ:
        _draw(tile, entry, faces, label_of)
    else:
        _write(tile, row['status'], (12, TILE // 2), 0.9)
        _write(tile, (row['detail'] or '')[:48], (12, TILE // 2 + 30), 0.38)
    _write(tile, f'{row["uri"]}: {row["status"]}', (6, TILE + 16), 0.42)
    return tile


def _draw(tile: np.ndarray, entry: Entry, faces: list[dict[str, Any]], label_of: dict[str, str]) -> None:
    data = Path(entry.path).read_bytes()
    header = read_header(data)
    if header is None:
        raise RuntimeError(f'{entry.path} was an image when it was labelled and is none now')
    image = decode(data, header)
    scale = TILE / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    tile[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    for face in faces:
        _draw_face(tile, face, scale, label_of[face['face_id']])


def _draw_face(tile: np.ndarray, face: dict[str, Any], scale: float, label: str) -> None:
    left, top = round(face['box_x'] * scale), round(face['box_y'] * scale)
    right, bottom = round((face['box_x'] + face['box_width']) * scale), round((face['box_y'] + face['box_height']) * scale)
    cv2.rectangle(tile, (left, top), (right, bottom), BOX, 2)
    points = (np.array(face['landmarks'] or []).reshape(-1, 2) * scale).round().astype(int)
    for x, y in points.tolist():
        cv2.circle(tile, (x, y), 2, DOT, -1)
    _write(tile, label, (max(2, left), max(12, top - 5)), 0.45)


def _write(tile: np.ndarray, text: str, place: tuple[int, int], size: float) -> None:
    shown = text.encode('ascii', 'replace').decode()  # OpenCV's fonts know no more
    cv2.putText(tile, shown, place, cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(tile, shown, place, cv2.FONT_HERSHEY_SIMPLEX, size, INK, 1, cv2.LINE_AA)
