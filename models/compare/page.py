"""The comparison as one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import re
from html import escape
from pathlib import Path

from .row import FAILED
from .texts import NOTHING
from .views import View

NUMBER = re.compile(r'[\d,.]+( |%|$)')
LONG = 60

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2024; background: #fff; margin: 2rem auto; max-width: 92rem; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin-bottom: .3rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; }
p { margin: .3rem 0 .7rem; max-width: 60rem; }
p.note { color: #60646c; font-size: .87rem; }
div.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .32rem .7rem; text-align: left; white-space: nowrap; border-bottom: 1px solid #e4e7eb; }
th { color: #60646c; font-weight: 600; border-bottom: 2px solid #c5cad1; }
th.number, td.number { text-align: right; }
td.text { white-space: normal; }
tr.strong td { background: #edf4fb; font-weight: 600; }
tr.failed td { color: #a3282b; }
div.pictures { display: flex; flex-wrap: wrap; gap: 1.2rem; align-items: flex-start; }
div.pictures img { max-width: min(100%, 42rem); border: 1px solid #e4e7eb; }
"""


def page(title: str, lines: list[str], views: list[View], pictures: list[Path]) -> str:
    """The whole page.

    Args:
        lines: paragraphs that stand first.
        pictures: PNG files, which become part of it.
    """
    body = [f'<h1>{escape(title)}</h1>', *(f'<p>{_inline(line)}</p>' for line in lines), *map(_section, views), _pictures(pictures)]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n' + '\n'.join(body) + '\n</body></html>\n'


def _section(view: View) -> str:
    note = f'<p class="note">{escape(view.note)}</p>' if view.note else ''
    kinds = tuple(map(_kind, zip(*view.rows, strict=True)))
    head = ''.join(f'<th{kind}>{escape(name)}</th>' for kind, name in zip(kinds, view.head, strict=True))
    rows = '\n'.join(_row(view, place, row, kinds) for place, row in enumerate(view.rows))
    return f'<h2>{escape(view.title)}</h2>{note}<div class="table"><table><tr>{head}</tr>\n{rows}\n</table></div>'


def _row(view: View, place: int, row: tuple[str, ...], kinds: tuple[str, ...]) -> str:
    standing = ' class="strong"' if place in view.strong else ' class="failed"' if FAILED in row else ''
    cells = ''.join(f'<td{kind}>{escape(text)}</td>' for kind, text in zip(kinds, row, strict=True))
    return f'<tr{standing}>{cells}</tr>'


def _kind(column: tuple[str, ...]) -> str:
    """How the cells of a column are set: numbers to the right, long texts in several lines."""
    said = [text for text in column if text != NOTHING]
    if said and all(NUMBER.match(text) for text in said):
        return ' class="number"'
    return ' class="text"' if any(len(text) > LONG for text in said) else ''


def _inline(text: str) -> str:
    """Escaped; what stands between ** is strong."""
    return ''.join(part if place % 2 == 0 else f'<strong>{part}</strong>' for place, part in enumerate(escape(text).split('**')))


def _pictures(pictures: list[Path]) -> str:
    if not pictures:
        return ''
    shown = '\n'.join(f'<img alt="{escape(path.stem)}" src="data:image/png;base64,{_base64(path)}">' for path in pictures)
    return f'<h2>Plots</h2><div class="pictures">{shown}</div>'


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
