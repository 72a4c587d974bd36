"""`./run.sh serve` with the demo model as a user starts it, for as long as a block lasts."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from tests.running import SLOW_S, environment

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/v1")


def started(model: str, port: int, *key_file: Path) -> subprocess.Popen[str]:
    named = ["--key-file", str(key_file[0])] if key_file else []
    command = [sys.executable, "-m", "app", "serve", "--model", model, "--port", str(port), *named]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=environment(), **pipes)


@dataclass
class Up:
    """A server that answers."""

    process: subprocess.Popen[str]
    port: int
    said: list[str]
    """What it has said so far, on standard error."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def ended(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        """Ask it to end: exit code, standard output, and what was said since on standard error."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=SLOW_S)
        return self.process.returncode, out, err


@contextmanager
def up(*key_file: Path) -> Iterator[Up]:
    process = started("demo", 0, *key_file)
    patience = Timer(SLOW_S, process.kill)
    patience.start()
    try:
        said = [line for line in until_ready(process) if line]
        found = ADDRESS.search("".join(said))
        assert found, said
        yield Up(process, int(found[1]), said)
    finally:
        patience.cancel()
        process.kill()
        process.communicate()


def until_ready(process: subprocess.Popen[str]) -> Iterator[str]:
    """Its lines, up to the last of the greeting or its end."""
    assert process.stderr
    for line in process.stderr:
        yield line
        if line.startswith("Open WebUI"):
            return
