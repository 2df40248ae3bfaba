"""How the engines' Java is started: small heaps, quick starts, and one jar of many."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

# Source: Flink's own configuration, env.java.opts.all, of 1.19; Java 17 closes these.
OPENS = [
    *(f'java.base/java.{name}' for name in ('io', 'lang', 'lang.reflect', 'net', 'nio', 'text', 'time', 'util')),
    *(f'java.base/java.util.concurrent{name}' for name in ('', '.atomic', '.locks')),
    'java.base/sun.nio.ch',
]
EXPORTS = [
    *(f'jdk.compiler/com.sun.tools.javac.{name}' for name in ('api', 'file', 'parser', 'tree', 'util')),
    *('java.base/sun.net.util', 'java.rmi/sun.rmi.registry', 'java.security.jgss/sun.security.krb5'),
]
QUICK = ('-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto')  # short-lived processes that share two cores


def java(heap: int, classpath: list[str], *rest: str) -> list[str]:
    """A command; the heap in megabytes, class path entries as the host sees them, then properties, main class and its words."""
    opens = [f'--add-opens={name}=ALL-UNNAMED' for name in OPENS]
    exports = [f'--add-exports={name}=ALL-UNNAMED' for name in EXPORTS]
    return ['java', f'-Xmx{heap}m', *QUICK, *opens, *exports, '-cp', ':'.join(classpath), *rest]


def one_jar(path: Path, jars: Path, main: str) -> Path:
    """Merges a folder's jars into one for `java -jar`, as projects publish it; does nothing where one stands that is newer than they.

    One, not a jar that names others: Flink's dispatcher stores each jar of a job by a connection to itself that waits 0.1 s a jar.
    """
    changed = max(jar.stat().st_ctime for jar in jars.glob('*.jar'))
    if not path.exists() or path.stat().st_mtime < changed:
        unfinished = path.with_suffix(f'.{os.getpid()}')
        with zipfile.ZipFile(unfinished, 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as merged:
            merged.writestr('META-INF/MANIFEST.MF', _manifest(main))
            _merge(sorted(jars.glob('*.jar')), merged)
        unfinished.rename(path)
    return path


def _merge(jars: list[Path], merged: zipfile.ZipFile) -> None:
    """Copies all files, the first of a name; lists of services are joined, signatures left out, as a merged jar has none."""
    services: dict[str, list[bytes]] = {}
    seen = {'META-INF/MANIFEST.MF'}
    for jar in jars:
        with zipfile.ZipFile(jar) as file:
            for name in file.namelist():
                if name.startswith('META-INF/services/') and not name.endswith('/'):
                    services.setdefault(name, []).append(file.read(name))
                elif name not in seen and not name.endswith(('/', '.SF', '.RSA', '.DSA', 'module-info.class')):
                    seen.add(name)
                    merged.writestr(name, file.read(name))
    for name, lists in services.items():
        merged.writestr(name, b'\n'.join(lists))


def _manifest(main: str) -> str:
    opened = {'Add-Opens': ' '.join(OPENS), 'Add-Exports': ' '.join(EXPORTS)}
    entries = {'Manifest-Version': '1.0', 'Main-Class': main, 'Multi-Release': 'true'} | opened
    return ''.join(_wrapped(f'{name}: {value}') for name, value in entries.items()) + '\r\n'


def _wrapped(line: str) -> str:
    """At most 72 bytes a line; a line that goes on begins with a space. Source: the JAR file specification."""
    first, rest = line[:70], line[70:]
    return '\r\n '.join([first, *(rest[start : start + 69] for start in range(0, len(rest), 69))]) + '\r\n'
