"""Hosts on one machine: each has namespaces of its own for network, mounts, processes and its name; a bridge joins them, and nothing else.

A host sees neither the checkout nor the test's temporary folder. What it sees instead: `/tmp`, a folder of its own; `/mnt/engines`,
the engines; `/mnt/worker`, a Python environment with the mien of a wheel. Nothing outlives the process that made it: the first
process of each host dies with it, by SIGKILL too, and takes the host's processes along; the bridge and its links stay then, and are
removed at the next start.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.engines.namespaces import INIT, call, first_process, ip, remove, slot
from tests.engines.programs import Failed, HostProcess, Program, processes_beside
from tests.engines.worker_env import WorkerEnvironment

CHECKOUT = Path(__file__).resolve().parents[2]
ENGINES = CHECKOUT / '.engines'
PATH = '/mnt/worker/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'


@dataclass(eq=False)
class Host:
    """One host.

    Attributes:
        address: its IPv4 address on the bridge.
        folder: what it sees as `/tmp`, from outside.
        link: the bridge's end of its network link.
        first: the number of its first process, outside of its namespace.
        logs: where its programs' logs lie; it does not see them.
    """

    name: str
    address: str
    folder: Path
    logs: Path
    link: str
    first: int
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def start(self, words: Sequence[object], log: str, env: Mapping[str, str] | None = None) -> Program:
        """Starts a command there, in `/tmp`, with an environment that takes nothing from the test's but what is said."""
        path = self.logs / f'{self.name}-{next(self._numbers):02d}-{log}.log'
        said = {'PATH': PATH, 'HOME': '/tmp', 'LANG': 'C.UTF-8', 'TMPDIR': '/tmp'} | dict(env or {})
        with path.open('wb') as file:
            entered = subprocess.Popen([*self._enter(), *map(str, words)], env=said, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        return Program(entered, path)

    def run(self, words: Sequence[object], log: str = 'run', env: Mapping[str, str] | None = None, seconds: float = 60.0) -> str:
        """What a command there says.

        Raises:
            Failed: its exit status is not 0.
        """
        program = self.start(words, log, env)
        if status := program.wait(seconds):
            raise Failed(f'{self.name}: {words[0]} ended with {status}:\n{program.tail()}')
        return program.said()

    def processes(self, word: str = '') -> list[HostProcess]:
        """What runs there, in the order in which it was started; with a word, only what has it in its command."""
        return [process for process in processes_beside(self.first) if any(word in said for said in process.words)]

    def cut_off(self) -> None:
        """Takes its link down: packets vanish, connections hang."""
        ip('link', 'set', self.link, 'down')

    def bring_back(self) -> None:
        """Takes its link up."""
        ip('link', 'set', self.link, 'up')

    def power_off(self) -> None:
        """Ends everything on it at once, for good."""
        os.kill(self.first, signal.SIGKILL)

    def _enter(self) -> list[str]:
        return ['nsenter', f'--target={self.first}', '--mount', '--uts', '--net', '--pid', '--wdns=/tmp', '--']


@dataclass(eq=False)
class Network:
    """A bridge, on which the test's own namespace is the submitter's host.

    Attributes:
        address: the submitter's.
    """

    slot: int
    folder: Path
    worker: WorkerEnvironment
    _stack: ExitStack
    _names: dict[str, str] = field(default_factory=dict)

    @property
    def bridge(self) -> str:
        """The name of its device."""
        return f'mien{self.slot}'

    @property
    def address(self) -> str:
        """The submitter's address."""
        return self._address(1)

    def host(self, name: str) -> Host:
        """A new host; its name must be new as well.

        Raises:
            NotPermitted: no namespaces can be made here.
        """
        number = len(self._names) + 2
        self._names[self._address(number)] = name
        (self.folder / 'hosts').write_text(''.join(f'{address} {name}\n' for address, name in self._all_names()))
        own, logs = self.folder / name, self.folder / 'logs'
        own.mkdir()
        logs.mkdir(exist_ok=True)
        self._stack.callback(shutil.rmtree, own, ignore_errors=True)  # what is left of a cluster is large; logs stay
        first = self._stack.enter_context(first_process(self._init(name, own)))
        self._join(first, number)
        return Host(name, self._address(number), own, logs, f'{self.bridge}-{number}', first)

    def _init(self, name: str, own: Path) -> list[str]:
        seen = [own, self.folder / 'hosts', ENGINES, self.worker.venv, self.worker.packages]
        return ['sh', '-c', INIT, self.bridge, name, *map(str, seen + hidden())]

    def _join(self, first: int, number: int) -> None:
        inside, link = ['nsenter', f'--target={first}', '--net', 'ip'], f'{self.bridge}-{number}'
        ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', str(first))
        ip('link', 'set', link, 'master', self.bridge, 'up')
        call(*inside, 'addr', 'add', f'{self._address(number)}/24', 'dev', 'eth0')
        for device in ('eth0', 'lo'):
            call(*inside, 'link', 'set', device, 'up')

    def _address(self, number: int) -> str:
        return f'10.86.{self.slot}.{number}'

    def _all_names(self) -> list[tuple[str, str]]:
        return [('127.0.0.1', 'localhost'), (self.address, 'submitter'), *self._names.items()]


@contextmanager
def network(folder: Path, worker: WorkerEnvironment) -> Iterator[Network]:
    """A network, empty at first; all of it is gone at the end.

    Raises:
        NotPermitted: no namespaces can be made here.
    """
    with slot() as number, ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        made = Network(number, folder, worker, stack)
        remove(made.bridge)
        ip('link', 'add', made.bridge, 'type', 'bridge')
        stack.callback(remove, made.bridge)
        ip('addr', 'add', f'{made.address}/24', 'dev', made.bridge)
        ip('link', 'set', made.bridge, 'up')
        yield made


def hidden() -> list[Path]:
    """Folders in whose place a host sees empty ones: the checkout, the data beside it, and where tests write."""
    return [CHECKOUT, (CHECKOUT.parent / 'shared').resolve(), Path(tempfile.gettempdir()).resolve(), Path('/tmp')]
