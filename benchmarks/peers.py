"""`mien label` beside its peers fer and deepface on the same 640x480 JPEGs and one core, start-up taken out.

    python -m benchmarks.peers [--images FOLDER] [--count N] [--rounds N]

Each peer is installed from pins into an environment of its own, .venv-fer (8 GB, with PyTorch for its MTCNN) and .venv-deepface, and used
as its README says, photo by photo. One that can't be installed or can't fetch its weights is a row that says why; of deepface, the
speed is then measured with random weights. Faces of a peer are those of its own detector: fer's is OpenCV's Haar cascade, or MTCNN.
"""

from __future__ import annotations

import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .arguments import repeated
from .compare import Folders
from .marginal import Marginal, marginal
from .peer_tools import TOOLS, Tool, install
from .throughput import HEIGHT, WIDTH, run_rounds
from .tree import Failed

REASON = 100  # characters of an error that fit into the table


@dataclass(frozen=True)
class Result:
    """One round of a tool."""

    cost: Marginal
    faces: int


def main() -> None:
    said = repeated(__doc__, count=200, rounds=3).parse_args()
    results: dict[str, list[Result]] = {tool.name: [] for tool in TOOLS}
    failures: dict[str, str] = {}
    run_rounds(said, lambda folders, _: _round(folders, results, failures))
    print(f'{said.rounds} rounds, {said.count} and {2 * said.count} images of {WIDTH}x{HEIGHT}, one core, start-up taken out')
    _print(results, failures, 2 * said.count)


def _round(folders: Folders, results: dict[str, list[Result]], failures: dict[str, str]) -> None:
    for tool in TOOLS:
        if tool.name not in failures and (tool.only_after is None or tool.only_after in failures):
            _measure(tool, folders, results, failures)


def _measure(tool: Tool, folders: Folders, results: dict[str, list[Result]], failures: dict[str, str]) -> None:
    try:
        if tool.pins:
            install(tool)
        with tempfile.TemporaryDirectory() as answers:
            cost = marginal(folders, lambda folder: tool.command(folder, Path(answers, folder.name)), {0})
            results[tool.name].append(Result(cost, tool.faces(Path(answers, folders.twice.name))))
    except Failed as error:
        last = str(error).strip().splitlines()[-1].encode('ascii', 'ignore').decode()
        failures[tool.name] = textwrap.shorten(last, REASON, placeholder=' ...')


def _print(results: dict[str, list[Result]], failures: dict[str, str], photos: int) -> None:
    """Prints the medians over the rounds, or why there are none."""
    print(f'{"":26}{"version":10}{"images a processor s":>22}{"images/s":>10}{"peak MB":>9}{"with a face":>13}')
    for tool in TOOLS:
        costs = [result.cost for result in results[tool.name]]
        if tool.name in failures:
            print(f'{tool.name:26}{tool.version:10}  {failures[tool.name]}')
        elif costs:
            processor, clock, peak = (median(getattr(cost, of) for cost in costs) for of in ('processor_speed', 'speed', 'peak'))
            faces = f'{results[tool.name][-1].faces} of {photos}'
            print(f'{tool.name:26}{tool.version:10}{processor:22.1f}{clock:10.1f}{peak:9.0f}{faces:>13}')


if __name__ == '__main__':
    main()
