"""Starting looksay as a user does, for tests that look at it from outside."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DEMO = str(ROOT / "models" / "demo")
SLOW_S = 120
"""A test waits this long for what takes seconds, so that a busy machine does not fail it."""


@dataclass(frozen=True)
class Ended:
    """A run that is over."""

    code: int
    out: str
    err: str

    @property
    def sentences(self) -> list[str]:
        return self.out.splitlines()


def environment(**more: str) -> Mapping[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", **more}


def start(*argv: str, **how: Any) -> subprocess.Popen[str]:
    """`./run.sh ARGV`, without the shell."""
    pipes = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "env": environment(),
        **how,
    }
    return subprocess.Popen([sys.executable, "-m", "app", *argv], text=True, **pipes)


def run(*argv: str, **how: Any) -> Ended:
    process = start(*argv, **how)
    out, err = process.communicate(timeout=SLOW_S)
    return Ended(process.returncode, out, err)


def records(log: Path) -> Sequence[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]
