"""The tools of `peers`: their pins, how each is installed, and the command that runs it."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from .compare import label_command
from .tree import measure

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Tool:
    """What is measured.

    Attributes:
        how: its name in `peer_loop`; None: `mien label`.
        pins: what pip installs; the tool itself comes first.
        only_after: measured only where that tool failed.
    """

    name: str
    how: str | None = None
    pins: tuple[str, ...] = ()
    only_after: str | None = None

    @property
    def version(self) -> str:
        return self.pins[0].partition('==')[2] if self.pins else version('mien')

    @property
    def environment(self) -> Path:
        return ROOT / f'.venv-{self.pins[0].partition("==")[0]}'

    def command(self, folder: Path, answer: Path) -> list[str]:
        if self.how is None:
            return label_command(folder, answer, '--shards', '16')
        return [str(self.environment / 'bin/python'), str(ROOT / 'benchmarks/peer_loop.py'), self.how, str(folder), str(answer)]

    def faces(self, answer: Path) -> int:
        """In how many photos it found a face."""
        if self.how is None:
            return json.loads((answer / 'snapshot.json').read_text())['statuses'].get('ok', 0)
        return int(answer.read_text())


def install(tool: Tool) -> None:
    """Makes a peer's environment, unless it stands there from the same pins.

    Raises:
        Failed: pip could not.
    """
    done = tool.environment / 'pins.txt'
    if done.is_file() and done.read_text().split() == list(tool.pins):
        return
    print(f'installing {tool.pins[0]} and what it needs into {tool.environment.name}', file=sys.stderr)
    measure([shutil.which('python3.11') or sys.executable, '-m', 'venv', '--clear', str(tool.environment)])
    measure([str(tool.environment / 'bin/python'), '-m', 'pip', 'install', '--quiet', *tool.pins])
    done.write_text('\n'.join(tool.pins))


# The newest fer, and what goes with it under Python 3.11; setuptools 80 still has pkg_resources, which fer imports.
FER = (
    'fer==25.10.3',
    'facenet-pytorch==2.5.3',
    'keras==3.15.1',
    'moviepy==1.0.3',
    'numpy==2.1.3',
    'opencv-contrib-python==5.1.0.95',
    'pillow==13.0.0',
    'setuptools==80.9.0',
    'tensorflow==2.19.1',
    'torch==2.15.0',
    'torchvision==0.29.2',
)
# OpenCV 5's headless wheels have no Haar cascades; werkzeug is imported and not required; onnx writes random weights.
DEEPFACE = (
    'deepface==0.0.103',
    'numpy==2.4.6',
    'onnx==1.18.0',
    'onnxruntime==1.32.0',
    'opencv-contrib-python-headless==4.14.0.94',
    'pandas==3.1.1',
    'retina-face==0.0.19',
    'werkzeug==3.1.9',
)
TOOLS = (
    Tool('mien label'),
    Tool('fer', 'fer', FER),
    Tool('fer, mtcnn=True', 'fer-mtcnn', FER),
    Tool('deepface', 'deepface', DEEPFACE),
    Tool('deepface, random weights', 'deepface-random', DEEPFACE, only_after='deepface'),
)
