"""The options that most benchmarks have."""

from __future__ import annotations

import argparse


def parser(text: str) -> argparse.ArgumentParser:
    """A parser that knows --images, where photos come from; its description is the first line of a benchmark's docstring."""
    made = argparse.ArgumentParser(description=text.splitlines()[0])
    made.add_argument('--images', help='folder of photos to make the images from; default: portraits that installed packages carry')
    return made


def repeated(text: str, count: int, rounds: int) -> argparse.ArgumentParser:
    """The same with --count and --rounds."""
    made = parser(text)
    made.add_argument('--count', type=int, default=count, help=f'number of images (default: {count})')
    made.add_argument('--rounds', type=int, default=rounds, help=f'default: {rounds}')
    return made
