"""The job servers of Flink and Spark, which Beam starts with Java where no running one is named."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator

from .asked import Asked
from .finding import Finding

# What Flink and Spark reach into from Java 16 on. Source: `env.java.opts.all` of Flink 1.19's config.yaml; JavaModuleOptions of Spark 3.5.
OPENED = (
    *('java.lang', 'java.lang.invoke', 'java.lang.reflect', 'java.io', 'java.net', 'java.nio', 'java.text', 'java.time', 'java.util'),
    *('java.util.concurrent', 'java.util.concurrent.atomic', 'java.util.concurrent.locks'),
    *('jdk.internal.ref', 'sun.nio.ch', 'sun.nio.cs', 'sun.security.action', 'sun.util.calendar'),
)
OPENS = [f'--add-opens=java.base/{package}=ALL-UNNAMED' for package in OPENED]


def defaults(asked: Asked, properties: list[str]) -> list[str]:
    """Options with which Beam starts a job server that ends with this process; what the user says of Java comes after them."""
    java = asked.value('job_server_java_launcher')
    words = ['-m', 'mien.pipelines.engines.tied', java, *OPENS, *properties]
    return [f'--job_server_jvm_properties={word}' for word in words]


def overrides() -> list[str]:
    """What must stand behind the user's options: the launcher that starts the user's Java."""
    return [f'--job_server_java_launcher={sys.executable}']


def findings(asked: Asked, engine: str) -> Iterator[Finding]:
    """No Java, or no such file."""
    java, jar = asked.value('job_server_java_launcher'), asked.value(f'{engine}_job_server_jar')
    if shutil.which(java) is None:
        yield Finding(
            f'{java!r}: no such program, and Beam starts the job server of {engine} with Java; '
            'install Java 11 or 17 (--job_server_java_launcher says where), or name a running job server: -- --job_endpoint=HOST:PORT'
        )
    if jar and '://' not in jar and not os.path.isfile(jar):
        yield Finding(f'--{engine}_job_server_jar {jar!r}: no such file; check the path')
