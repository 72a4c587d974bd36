"""Starting looksay as a user does, for tests that look at it from outside."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.waiting import LIMIT_S, until

ROOT = Path(__file__).parents[1]
DEMO = str(ROOT / "models" / "demo")
SLOW_S = LIMIT_S
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


def run_until(is_enough: Callable[["Records"], object], log: Path, *argv: str, **how: Any) -> Ended:
    """`./run.sh ARGV --log LOG`, ended by Ctrl-C as soon as the log says enough.

    `--seconds` would end it by a time, in which a busy machine may say nothing.
    """
    process = start(*argv, "--log", str(log), **how)
    until(lambda: is_enough(records(log)) or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SLOW_S)
    return Ended(process.returncode, out, err)


Records = Sequence[dict[str, Any]]


def sentences(told: Records) -> Records:
    return [each for each in told if each["event"] == "sentence"]


def records(log: Path) -> Records:
    """Its whole lines, so far."""
    whole = log.read_text().rpartition("\n")[0] if log.exists() else ""
    return [json.loads(line) for line in whole.splitlines()]
