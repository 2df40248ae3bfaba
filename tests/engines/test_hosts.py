"""Hosts are hosts: a contract with the kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.engines.hosts import CHECKOUT, Host, Network, network
from tests.engines.programs import Failed
from tests.engines.worker_env import WorkerEnvironment
from tests.processes import is_alive, wait_for

pytestmark = pytest.mark.engines
WHERE = 'import mien.pipelines, socket; print(socket.gethostname(), mien.pipelines.__file__)'


@pytest.fixture(scope='module')
def pair(hosts: Network) -> tuple[Host, Host]:
    return hosts.host('left'), hosts.host('right')


def test_a_host_has_a_name_and_the_mien_of_a_wheel(pair: tuple[Host, Host]) -> None:
    name, place = pair[0].run(['python', '-c', WHERE]).split()
    assert name == 'left'
    assert place.startswith('/mnt/worker/venv/lib/')


def test_a_host_sees_neither_the_checkout_nor_where_tests_write(pair: tuple[Host, Host], tmp_path: Path) -> None:
    (tmp_path / 'secret').touch()
    look = pair[0].start(['ls', CHECKOUT / 'setup.py', tmp_path / 'secret'], 'look')
    assert look.wait(10) == 2
    assert look.said().count('No such file') == 2


def test_what_a_host_writes_no_other_sees(pair: tuple[Host, Host]) -> None:
    left, right = pair
    left.run(['touch', '/tmp/mine'])
    assert (left.folder / 'mine').exists()
    assert right.run(['ls', '/tmp']) == ''


def test_hosts_see_one_another_until_one_is_cut_off(pair: tuple[Host, Host]) -> None:
    left, right = pair
    assert _answers(left, right.address)
    right.cut_off()
    assert not _answers(left, right.address)
    right.bring_back()
    assert wait_for(lambda: _answers(left, right.address), 20)


def test_processes_are_listed_and_killed_from_outside(pair: tuple[Host, Host]) -> None:
    left, right = pair
    program = left.start(['sh', '-c', 'sleep 1234; true'], 'sleep')
    assert wait_for(lambda: left.processes('1234'), 10)
    assert not right.processes('1234')
    left.processes()[-1].kill()
    assert program.wait(10) == 0
    assert not left.processes()


def test_a_program_that_fails_says_what_it_wrote(pair: tuple[Host, Host]) -> None:
    with pytest.raises(Failed, match='left: sh ended with 3:\nalas'):
        pair[0].run(['sh', '-c', 'echo alas; exit 3'])


def test_a_host_without_power_is_silent(hosts: Network, pair: tuple[Host, Host]) -> None:
    third = hosts.host('third')
    program = third.start(['sleep', '1234'], 'sleep')
    assert _answers(pair[0], third.address)
    third.power_off()
    assert program.wait(10) != 0
    assert not _answers(pair[0], third.address)


def test_nothing_outlives_a_test_run_that_is_killed_nor_disturbs_the_next(worker: WorkerEnvironment, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, '-c', OWNER, str(tmp_path)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        bridge, link, first, inside = owner.stdout.readline().split()
        assert is_alive(int(first))
        assert is_alive(int(inside))
        os.kill(owner.pid, signal.SIGKILL)
    assert wait_for(lambda: not is_alive(int(first)) and not is_alive(int(inside)), 10)
    assert wait_for(lambda: not Path('/sys/class/net', link).exists(), 10)
    with network(tmp_path / 'next', worker) as made:
        assert made.bridge == bridge
        assert made.host('again').run(['hostname']) == 'again\n'
    assert not Path('/sys/class/net', bridge).exists()


OWNER = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from tests.engines.hosts import CHECKOUT, ENGINES, network
    from tests.engines.worker_env import worker_environment
    from tests.processes import wait_for
    with network(Path(sys.argv[1]), worker_environment(CHECKOUT, ENGINES)) as made:
        host = made.host('lonely')
        host.start(['sleep', '4321'], 'sleep')
        wait_for(lambda: host.processes('4321'))
        print(made.bridge, host.link, host.first, host.processes('4321')[0].pid, flush=True)
        time.sleep(60)
""")


def _answers(host: Host, address: str) -> bool:
    """Whether a packet comes back: a refused connection is an answer as well."""
    ask = 'import socket, sys; s = socket.socket(); s.settimeout(2); sys.exit(s.connect_ex((sys.argv[1], 9)) != 111)'
    return host.start(['python', '-c', ask, address], 'ask').wait(20) == 0
