"""llama-server for as long as a block lasts: started on a free port of the loopback, and ended whatever happens."""

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen, TimeoutExpired
from tempfile import TemporaryFile
from typing import IO

from app.errors import ModelError
from app.headers.spoilt import short
from app.vision.server.talk import get

PATIENCE_S = 180.0
"""A large model from a cold disk."""
TURN_S = 0.1
ENDING_S = 5.0
INSTALL = "install llama.cpp: brew install llama.cpp"


@contextmanager
def llama_server(gguf: Path, mmproj: Path, patience_s: float = PATIENCE_S) -> Iterator[str]:
    """Yield its address once it says that it is ready.

    Raises:
        ModelError: it is not on PATH or cannot be run, or it ends or is silent; its own last words are the reason.
    """
    program = shutil.which("llama-server")
    if program is None:
        raise ModelError("llama-server is not on PATH", INSTALL)
    port = free_port()
    files, where = ("-m", str(gguf), "--mmproj", str(mmproj)), ("--host", "127.0.0.1", "--port", str(port))
    with TemporaryFile() as said:
        process = started([program, *files, *where, "--no-webui"], said)
        try:
            wait_for(process, root := f"http://127.0.0.1:{port}", said, patience_s)
            yield root
        finally:
            end(process)


def started(command: list[str], said: IO[bytes]) -> Popen[bytes]:
    """The running program. Raises ModelError if it cannot be run: made for other machines, or no program at all."""
    try:
        return Popen(command, stdin=DEVNULL, stdout=said, stderr=STDOUT)
    except OSError as failure:
        raise ModelError(f"{command[0]} cannot be run: {failure.strerror or failure}", INSTALL) from failure


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def wait_for(process: Popen[bytes], root: str, said: IO[bytes], patience_s: float) -> None:
    """Return when it is ready to be asked. Raises ModelError if it ends, or if that takes too long."""
    give_up_at = time.monotonic() + patience_s
    while not get(root + "/health"):
        if process.poll() is not None:
            raise ModelError(f"llama-server ended with status {process.returncode}{last_words(said)}", WHAT_TO_DO)
        if time.monotonic() > give_up_at:
            raise ModelError(f"llama-server was not ready within {patience_s:g} s{last_words(said)}", WHAT_TO_DO)
        time.sleep(TURN_S)


WHAT_TO_DO = "./run.sh check FILE.gguf says whether the two files fit each other and this llama.cpp"


def last_words(said: IO[bytes]) -> str:
    """The last line that speaks of an error, or the last one at all."""
    said.seek(0)
    lines = [line.strip() for line in said.read().decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "failed" in line.lower()] or lines
    return f": {short(telling[-1], 200)}" if telling else ""


def end(process: Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(ENDING_S)
    except TimeoutExpired:
        process.kill()
        process.wait()
