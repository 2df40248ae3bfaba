"""`mien prune`: which nights stay, and that no night is ever half there."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mien.configs.errors import UsageError
from mien.pipelines import cli
from mien.pipelines.description import KEYS
from mien.pipelines.prune import prune
from mien.pipelines.snapshot import reading


@pytest.fixture
def nights(tmp_path):
    for day in range(1, 6):
        make(tmp_path / f'dt=2026-11-0{day}')
    return tmp_path


def make(night: Path, parts: int = 2, kind: str = 'label') -> None:
    (night / 'labels').mkdir(parents=True)
    for part in range(parts):
        (night / f'labels/part-{part}').touch()
    (night / 'snapshot.json').write_text(json.dumps({key: form() for key, form in KEYS.items()} | {'kind': kind}))


def left(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_the_last_ones_stay_and_each_removed_one_is_a_line(nights, capsys):
    assert cli.main(['prune', str(nights), '--keep', '2', '--dry-run']) == 0
    assert len(left(nights)) == 5
    assert capsys.readouterr().out == ''.join(f'{nights}/dt=2026-11-0{day}: would be removed\n' for day in (1, 2, 3))
    assert cli.main(['prune', str(nights), '--keep', '2']) == 0
    assert left(nights) == ['dt=2026-11-04', 'dt=2026-11-05']
    assert capsys.readouterr().out == ''.join(f'{nights}/dt=2026-11-0{day}: removed\n' for day in (1, 2, 3))
    assert list(prune(str(nights), 2)) == []


def test_night_10_comes_after_night_9(tmp_path):
    for number in (1, 2, 9, 10):
        make(tmp_path / f'night-{number}')
    list(prune(str(tmp_path), 2))
    assert left(tmp_path) == ['night-10', 'night-9']


def test_datasets_and_labels_do_not_take_each_others_places(nights, capsys):
    make(nights / 'faces', kind='build')
    assert cli.main(['prune', str(nights), '--keep', '2']) == 2
    assert 'holds snapshots of `mien build` and `mien label`; keep each kind in a folder of its own' in capsys.readouterr().err
    assert len(left(nights)) == 6
    (nights / 'faces').rename(nights / '.faces')
    assert cli.main(['prune', str(nights), '--keep', '5']) == 0


def test_unfinished_ones_strangers_and_links_are_left_and_not_counted(nights):
    (nights / 'dt=2026-11-01.partial').mkdir()
    (nights / 'dt=2026-11-09.partial').mkdir()
    (nights / 'dt=2026-11-09.partial/snapshot.json').touch()
    (nights / 'thumbnails').mkdir()
    (nights / 'latest').symlink_to('dt=2026-11-05')
    (nights / 'README').touch()
    said = list(prune(str(nights), 1))
    assert left(nights) == ['README', 'dt=2026-11-01.partial', 'dt=2026-11-05', 'dt=2026-11-09.partial', 'latest', 'thumbnails']
    assert f'{nights}/dt=2026-11-01.partial: left, it is unfinished' in said
    assert f'{nights}/dt=2026-11-09.partial: left, it is unfinished' in said
    assert f'{nights}/thumbnails: left, it holds no snapshot.json that mien wrote' in said
    assert f'{nights}/latest: left, it is a link' in said
    assert len(said) == 8


@pytest.mark.parametrize('content', ['', '{"jest": 1}', '[]', '[' * 100_000])
def test_a_folder_with_another_tools_snapshot_is_left_and_takes_no_nights_place(nights, content):
    (nights / 'webapp').mkdir()
    (nights / 'webapp/snapshot.json').write_text(content)
    said = list(prune(str(nights), 4))
    assert left(nights) == [*(f'dt=2026-11-0{day}' for day in (2, 3, 4, 5)), 'webapp']
    assert f'{nights}/webapp: left, it holds no snapshot.json that mien wrote' in said


def test_what_a_job_reads_is_left_until_the_job_ends_or_dies(nights):
    code = f"""import sys, time
from pathlib import Path
from mien.pipelines.snapshot import reading
with reading(Path({str(nights / 'dt=2026-11-02')!r})):
    print('reading', flush=True)
    time.sleep(60)"""
    with subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True) as job, reading(nights / 'dt=2026-11-01'):
        assert job.stdout.readline() == 'reading\n'
        assert list(prune(str(nights), 4)) == [f'{nights}/dt=2026-11-01: left, it is being read']
        with reading(nights / 'dt=2026-11-01'):  # several may read it
            assert list(prune(str(nights), 3))[1] == f'{nights}/dt=2026-11-02: left, it is being read'
        job.send_signal(signal.SIGKILL)
        job.wait()
        assert list(prune(str(nights), 3))[1] == f'{nights}/dt=2026-11-02: removed'
    assert list(prune(str(nights), 3)) == [f'{nights}/dt=2026-11-01: removed']


def test_what_other_tools_left_under_hidden_names_is_no_hindrance(nights, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp('elsewhere')
    (elsewhere / 'kept').touch()
    (nights / '.pruned-link').symlink_to(elsewhere)
    (nights / '.pruned-dt=2026-11-01').touch()
    (nights / '.pruned-dt=2026-11-02').mkdir()
    (nights / '.pruned-dt=2026-11-02/half').touch()
    assert [line.rpartition('/')[2] for line in prune(str(nights), 4)] == ['.pruned-dt=2026-11-02: removed', 'dt=2026-11-01: removed']
    assert left(elsewhere) == ['kept']


@pytest.mark.parametrize(
    ('name', 'call'),
    [
        ('training.train.train', ['train', 'dt=2026-11-04', '--out', 'm']),
        ('training.train.train', ['train', 'dt=2026-11-05', '--out', 'm', '--measure-on', 'dt=2026-11-04']),
        ('evaluation.evaluate.evaluate', ['evaluate', 'm', 'dt=2026-11-04']),
        ('compare.compare.compare', ['compare', 'dt=2026-11-05', 'dt=2026-11-04', '--out', 'c']),
        ('compare.compare.compare', ['compare', 'dt=2026-11-05', '--test', 'dt=2026-11-04', '--out', 'c']),
    ],
)
def test_so_is_what_is_learnt_from_or_measured_on(nights, monkeypatch, name, call):
    """Pruned while the command is at its work."""
    said = []

    def work(*values):
        said.extend(prune(str(nights), 1))
        raise UsageError('enough')

    monkeypatch.setattr(f'mien.models.{name}', work)
    monkeypatch.setattr('mien.models.compare.compare.prepared', lambda *values: None)
    monkeypatch.chdir(nights)
    assert cli.main(call) == 2
    assert f'{nights}/dt=2026-11-04: left, it is being read' in said


def test_a_job_reads_no_night_that_goes_or_is_none(nights):
    with pytest.raises(UsageError, match='No such file'), reading(nights / 'dt=2026-11-06'):
        pass
    (nights / 'dt=2026-11-05/snapshot.json').unlink()
    with pytest.raises(UsageError, match='it is no finished one'), reading(nights / 'dt=2026-11-05'):
        pass


def test_killed_at_any_step_no_half_night_is_seen_and_the_next_one_goes_on(tmp_path):
    """Killed before each change of the disk; a reader's glob finds whole nights alone."""
    for step in range(1, 100):
        folder = tmp_path / str(step)
        for day in (1, 2):
            make(folder / f'dt={day}')
        killed = killed_prune(folder, step)
        assert all(len(list(night.glob('labels/part-*'))) == 2 for night in folder.glob('dt=*')), 'half a night'
        list(prune(str(folder), 1))
        assert left(folder) == ['dt=2']
        if not killed:
            break
    assert step == 7  # a name, three files, two folders


def killed_prune(folder: Path, step: int) -> bool:
    """Prunes in a process that is killed before its n-th change of the disk; gives whether it came so far."""
    code = f"""import os, signal
from mien.pipelines.prune import prune
from tests.every_change import before_change
before_change({step}, lambda: os.kill(os.getpid(), signal.SIGKILL))
list(prune({str(folder)!r}, 1))"""
    status = subprocess.run([sys.executable, '-c', code]).returncode
    assert status in (0, -signal.SIGKILL)
    return status != 0


def test_a_wrong_call_is_told(nights):
    with pytest.raises(UsageError, match='--keep 0: must be at least 1'):
        prune(str(nights), 0)
    with pytest.raises(UsageError, match='no such folder'):
        prune(str(nights / 'nowhere'), 1)
    assert len(left(nights)) == 5
