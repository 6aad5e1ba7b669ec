"""The engine and small networks work with Python's own library alone: others are imported where they are used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("pure_core.py")


def test_the_core_works_where_no_other_package_is():
    command = [sys.executable, "-S", PROGRAM]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=PROGRAM.parents[1], check=False)
    assert done.returncode == 0, done.stderr
    worked = [line for line in done.stdout.splitlines() if line.endswith(": works")]
    assert worked == ["gradients: works", "checks: works", "texts: works", "networks: works"]
