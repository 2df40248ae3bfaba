"""The comparison in Markdown."""

from __future__ import annotations

from .views import View


def markdown(title: str, lines: list[str], views: list[View], pictures: list[str]) -> str:
    """A page.

    Args:
        lines: paragraphs that stand first.
        pictures: paths of pictures, from the page's folder.
    """
    tables = [f'## {view.title}\n\n{view.note}\n\n{table(view)}' if view.note else f'## {view.title}\n\n{table(view)}' for view in views]
    shown = ['## Plots', *(f'![{path}]({path})' for path in pictures)] if pictures else []
    return '\n\n'.join([f'# {title}', *lines, *tables, *shown]) + '\n'


def table(view: View) -> str:
    """A table of GitHub's kind; strong rows have their run in bold."""
    rows = [
        (f'**{_cell(row[0])}**' if place in view.strong else _cell(row[0]), *map(_cell, row[1:])) for place, row in enumerate(view.rows)
    ]
    return '\n'.join(f'| {" | ".join(row)} |' for row in [view.head, ('---',) * len(view.head), *rows])


def _cell(text: str) -> str:
    """A text that can neither end its cell nor its line."""
    return ' '.join(text.replace('\\', '\\\\').replace('|', '\\|').split())
