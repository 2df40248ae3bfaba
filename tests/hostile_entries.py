"""Makes entries of a folder that no photo should be: names that break those who believe them, links, pipes, sockets, folders."""

from __future__ import annotations

import os
import stat
from pathlib import Path

READ = frozenset({'no_face'})
REFUSED = frozenset({'unreadable'})


def make_entries(folder: Path, photo: bytes) -> dict[str, frozenset[str]]:
    """Fills a folder; gives the statuses that each input may have, by uri.

    Args:
        photo: the content of what is a file; no face is in it.
    """
    return _names(folder, photo) | _entries(folder, photo)


def _names(folder: Path, photo: bytes) -> dict[str, frozenset[str]]:
    """Whole small photos under names that break those who believe names."""
    uris = {
        b'a\nb.jpg': 'a\nb.jpg',
        '🙂.jpg'.encode(): '🙂.jpg',
        b'\xff\xfe\x80.jpg': '%FF%FE%80.jpg',
        b'caf\xe9.jpg': 'caf%E9.jpg',
        b'caf%E9.jpg': 'caf%25E9.jpg',
        'caf\u00e9.jpg'.encode(): 'caf\u00e9.jpg',
        'cafe\u0301.jpg'.encode(): 'cafe\u0301.jpg',
        '\u202egpj.exe'.encode(): '\u202egpj.exe',
        b'--out.jpg': '--out.jpg',
        b'$(touch x).jpg': '$(touch x).jpg',
        b"' OR 1=1 --.jpg": "' OR 1=1 --.jpg",
        b'..\\..\\x.jpg': '..\\..\\x.jpg',
        b' ': ' ',
        b'...': '...',
        b'.hidden': '.hidden',
        b'part-00000-of-00001.parquet': 'part-00000-of-00001.parquet',
        b'n' * 251 + b'.jpg': 'n' * 251 + '.jpg',
    }
    for name in uris:
        with open(os.path.join(os.fsencode(folder), name), 'wb') as file:
            file.write(photo)
    return dict.fromkeys(uris.values(), READ)


def _entries(folder: Path, photo: bytes) -> dict[str, frozenset[str]]:
    """Links, pipes, sockets, devices, folders with the name of a photo."""
    (folder / 'dangling.jpg').symlink_to('nowhere')
    (folder / 'circle-1.jpg').symlink_to('circle-2.jpg')
    (folder / 'circle-2.jpg').symlink_to('circle-1.jpg')
    (folder / 'itself').symlink_to('.')
    (folder / 'zeros.jpg').symlink_to('/dev/zero')
    os.mkfifo(folder / 'pipe.jpg')
    os.mknod(folder / 'socket.jpg', stat.S_IFSOCK | 0o600)
    (folder / 'empty-folder.jpg').mkdir()
    (folder / 'folder.jpg').mkdir()
    (folder / 'folder.jpg/inside.jpg').write_bytes(photo)
    expected = dict.fromkeys(('circle-1.jpg', 'circle-2.jpg', 'itself', 'zeros.jpg', 'pipe.jpg', 'socket.jpg'), REFUSED)
    return expected | {'dangling.jpg': frozenset({'missing'}), 'folder.jpg/inside.jpg': READ} | _forbidden(folder, photo)


def _forbidden(folder: Path, photo: bytes) -> dict[str, frozenset[str]]:
    if os.geteuid() == 0:  # root may read all
        return {}
    for name in ('forbidden.jpg', 'forbidden-folder.jpg/inside.jpg'):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(photo)
    (folder / 'forbidden.jpg').chmod(0)
    (folder / 'forbidden-folder.jpg').chmod(0)
    return dict.fromkeys(('forbidden.jpg', 'forbidden-folder.jpg'), REFUSED)
