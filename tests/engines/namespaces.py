"""Linux namespaces and network devices, as `unshare`, `nsenter` and `ip` make them."""

from __future__ import annotations

import fcntl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tests.engines.programs import first_child

SLOTS = 16  # networks at a time: one a test run
NAMESPACES = 'setpriv --pdeathsig KILL unshare --mount --uts --net --pid --fork --kill-child --mount-proc'
# The first process of a host. Words: name, own folder, hosts file, engines, virtual environment, packages, folders to hide.
INIT = """
set -e
hostname "$1"; own=$2 names=$3 engines=$4 venv=$5 packages=$6; shift 6
mount -t tmpfs tmpfs /mnt
mkdir -p /mnt/own /mnt/engines /mnt/worker/venv /mnt/worker/packages
mount --bind "$own" /mnt/own
mount --bind "$names" /etc/hosts
mount --bind -o ro "$engines" /mnt/engines
mount --bind -o ro "$venv" /mnt/worker/venv
mount --bind -o ro "$packages" /mnt/worker/packages
for hidden in "$@"; do if [ -d "$hidden" ]; then mount -t tmpfs -o size=64k tmpfs "$hidden"; fi; done
mount --bind /mnt/own /tmp
cd /tmp
echo ready
exec sleep infinity
"""


class NotPermitted(RuntimeError):
    """No namespaces can be made here; the message says why."""


@contextmanager
def slot() -> Iterator[int]:
    """A number that no other living test run has; the system frees it with the process.

    Raises:
        NotPermitted: all are in use.
    """
    for number in range(SLOTS):
        with (Path(tempfile.gettempdir()) / f'mien-hosts-{number}.lock').open('w') as file:
            if _locked(file):
                yield number
                return
    raise NotPermitted(f'{SLOTS} networks of test runs are in use')


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def first_process(init: list[str]) -> Iterator[int]:
    """The first process of new namespaces: its number. It dies with the body, and with the thread that calls.

    Raises:
        NotPermitted: they can't be made.
    """
    words = [*NAMESPACES.split(), *init]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or process.stdout.readline() != 'ready\n':
                raise NotPermitted(f'a host: {process.communicate()[1].strip()}')
            yield first_child(process.pid)
        finally:
            process.kill()


def remove(bridge: str) -> None:
    """Removes a bridge and its links, of this run or of one that was ended by force.

    The kernel takes links away with the hosts that they lead to, but not at once.
    """
    for device in Path('/sys/class/net').iterdir():
        if device.name.partition('-')[0] == bridge:
            subprocess.run(['ip', 'link', 'del', device.name], capture_output=True, check=False)


def ip(*words: str) -> None:
    """Runs `ip`, as `call` does."""
    call('ip', *words)


def call(*words: str) -> None:
    """Runs a command of the system.

    Raises:
        NotPermitted: it fails, or is not there.
    """
    try:
        subprocess.run(words, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise NotPermitted(f'{words[0]}: no such command') from error
    except subprocess.CalledProcessError as error:
        raise NotPermitted(f'{" ".join(words)}: {error.stderr.strip()}') from error
