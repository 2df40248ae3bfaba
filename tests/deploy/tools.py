"""The programs that check what deploy/ holds; `make engines` puts them into .engines/."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / 'deploy'
ENGINES = Path(os.environ.get('MIEN_ENGINES', ROOT / '.engines'))
OPERATOR_CRD = 'flink-operator/META-INF/fabric8/flinkdeployments.flink.apache.org-v1.yml'


def tool(name: str) -> Path:
    """A file or folder below .engines/; skips where it is absent, fails in CI."""
    path = ENGINES / name
    if not path.exists():
        reason = f'needs {path}: make engines'
        pytest.fail(reason) if os.environ.get('CI') else pytest.skip(reason)
    return path
