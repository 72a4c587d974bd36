"""Why llama.cpp failed, found in all that it says: one line, for an error. It starts nothing and asks nobody."""

import os
import re
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE, STDOUT, TimeoutExpired
from threading import Thread

from app import subprocesses
from app.backends.openai.client import Endpoint
from app.errors import ModelError
from app.models.corrupt_file import short
from app.parent_death_guard import CANNOT_RUN, GRACE_S

TELLING = re.compile(
    r"unknown [a-z]+ (type|architecture)|mismatch between|cannot be used|couldn't bind|not within|failed to seek"
    r"|invalid (magic|argument)|No such file|does this file exist|out of memory|failed to allocate|unable to"
    r"|HTTPLIB failed|failed to (download|resolve)",
    re.IGNORECASE,
)
"""What the line that tells the reason speaks of; the lines after it only say that there was one."""
FAILED = re.compile("error|failed", re.IGNORECASE)
STAMP = re.compile(r"^[\d.]+ [A-Z] +")


def last_words(said: str) -> str:
    """Why it failed, or the last that it said."""
    return failure(said) or told(next(reversed(lines(said)), ""))


def failure(said: str) -> str:
    """The first line that tells a reason, or the last that speaks of a failure; empty if none does."""
    reasons = [line for line in lines(said) if FAILED.search(line) or TELLING.search(line)]
    telling = next((line for line in reasons if TELLING.search(line)), None)
    return told(telling or next(reversed(reasons), ""))


def lines(said: str) -> list[str]:
    return [STAMP.sub("", line.strip()) for line in said.splitlines() if line.strip()]


def told(line: str) -> str:
    return f": {short(line, 200)}" if line else ""


PROGRAM, PACKAGE, HOST = "llama-server", "xllamacpp", "127.0.0.1"
XLLAMACPP_SERVER = Path(__file__).with_name("xllamacpp_server.py")
PATIENCE_S = 180.0
"""A large model from a cold disk."""
TURN_S = 0.1
PORTS = 3
"""How often another port is tried, where one was taken between choosing and binding it."""
CONTEXT = 8192
"""Tokens for one question: pictures, words and answer. A model's own limit, of 128,000 even, would fill the memory."""
THREADS = () if sys.platform == "darwin" else ("-t", str(max(1, (os.cpu_count() or 2) - 1)))
"""Fewer than cores: where all spin, one that has to wait makes all others wait. On a Mac it counts the fast cores."""
KEPT_BYTES = 16_384
"""Of what it says: enough for why it ended, and no more after a day of one line a caption."""
INSTALL = "./install.sh --llama, or put llama-server on PATH (brew install llama.cpp)"
DOWNLOAD = "brew install llama.cpp; or download the two files yourself and name the model: --gguf FILE.gguf"
ON_THE_HUB = "see on huggingface.co whether the name is right, and whether this machine is online"
WHAT_TO_DO = "./run.sh check FILE.gguf says whether the two files fit each other and this llama.cpp"
SURROUNDINGS = {"LLAMA_ARG_CACHE_RAM": "0", "GGML_NO_BACKTRACE": "1"}
"""No prompts kept beside the slots: up to 8 GB, for frames that never come again. Old versions do not heed it. And no
backtrace after a failed assertion, which would push its reason out of what is kept."""
OF_THE_MACHINE = ("N_GPU_LAYERS", "DEVICE", "MAIN_GPU", "SPLIT_MODE", "TENSOR_SPLIT")
"""What a person's own LLAMA_ARG_… may say here, too. The others are for another server: its model, prefix, template."""


@dataclass(frozen=True, slots=True)
class Order:
    """What it is to serve."""

    model: tuple[str, ...]
    """How it is told of the model: `-m FILE --mmproj FILE`, or `-hf OWNER/NAME`."""
    parallel: int = 1
    """How many questions it answers at once."""
    image_tokens: int | None = None
    """The most that a picture may become; None: as the model has it."""
    patience_s: float = PATIENCE_S

    @property
    def hint(self) -> str:
        """What to do where it does not start."""
        return ON_THE_HUB if self.model[0] == "-hf" else WHAT_TO_DO

    @property
    def arguments(self) -> list[str]:
        slots = ("-np", str(self.parallel), "-c", str(CONTEXT * self.parallel), *THREADS)
        limit = () if self.image_tokens is None else ("--image-max-tokens", str(self.image_tokens))
        return [*self.model, *slots, *limit, "--host", HOST, "--no-webui"]


def files(text: Path, mmproj: Path | None) -> tuple[str, ...]:
    """See `Order.model`."""
    return ("-m", str(text), *(("--mmproj", str(mmproj)) if mmproj else ()))


def installed() -> tuple[str, list[str]] | None:
    """Name and command of the llama.cpp server that this machine has: llama-server first, then the wheel."""
    if program := shutil.which(PROGRAM):
        return PROGRAM, [program]
    if find_spec(PACKAGE):
        return PACKAGE, [sys.executable, "-I", str(XLLAMACPP_SERVER)]
    return None


class LlamaServer:
    """One llama.cpp server, from its start to its end. Used by one thread.

    Raises ModelError if none is installed that can serve this order.
    """

    def __init__(self, order: Order) -> None:
        self.name, command = server_for(order)
        self._order = order
        self._key, self._port, self._is_ready = secrets.token_urlsafe(24), free_port(), False
        self._process = subprocesses.start(
            subprocesses.guarded([*command, *order.arguments, "--port", str(self._port)]),
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            env=surroundings() | {"LLAMA_API_KEY": self._key},
        )
        self._said = b""
        self._listening = Thread(target=self._listen, name="llama.cpp's words", daemon=True)
        self._listening.start()

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("http", HOST, self._port, "", (HOST,), self._key)

    @property
    def pid(self) -> int:
        """Of parent_death_guard.py, which runs the server, and of their process group."""
        return self._process.pid

    def is_ready(self, timeout_s: float = TURN_S) -> bool:
        """Whether it can be asked."""
        self._is_ready = self._is_ready or is_open_to(self._port, self._key, timeout_s)
        return self._is_ready and not self.has_ended()

    def has_ended(self, within_s: float = 0.0) -> bool:
        """Whether it has ended by itself, or does so within this time."""
        with suppress(TimeoutExpired):
            self._process.wait(within_s)
        return self._process.poll() is not None

    def has_lost_its_port(self) -> bool:
        """Whether it ended because another program was there first."""
        return self.has_ended() and "couldn't bind" in self.words()

    def reason(self) -> ModelError:
        """Why it ended, once it has."""
        status = self._process.wait()
        if status == CANNOT_RUN:
            return ModelError(f"{self.name} cannot be run{last_words(self.words())}", INSTALL)
        if status > 128 or status < 0:  # negative: the guard itself was killed
            by = -status if status < 0 else status - 128
            return ModelError(f"{self.name} was ended by signal {by}{failure(self.words())}", self._order.hint)
        return ModelError(f"{self.name} ended with status {status}{last_words(self.words())}", self._order.hint)

    def words(self) -> str:
        """What it said last; all of it, once it has ended."""
        if self._process.poll() is not None:
            self._listening.join(TURN_S)
        return self._said.decode("utf-8", "replace")

    def close(self) -> None:
        """End it: in order, else by force. May be called twice."""
        assert self._process.stdin is not None, "opened as a pipe"
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        with suppress(TimeoutExpired):
            self._process.wait(2 * GRACE_S)
        subprocesses.kill(self._process)
        self._listening.join()

    def _listen(self) -> None:
        assert self._process.stdout is not None, "opened as a pipe"
        with self._process.stdout as said:
            while more := os.read(said.fileno(), 4096):
                self._said = (self._said + more)[-KEPT_BYTES:]


def server_for(order: Order) -> tuple[str, list[str]]:
    """Name and command of the server. Raises ModelError if none is installed, or none that downloads from the hub."""
    found = installed()
    if order.model[0] == "-hf" and (found is None or found[0] != PROGRAM):
        raise ModelError(f"downloading {order.model[1]} needs {PROGRAM}, which is not on PATH", DOWNLOAD)
    if found is None:
        raise ModelError(f"--backend llama needs {PACKAGE} or {PROGRAM}, and neither is installed", INSTALL)
    return found


def opened(order: Order) -> LlamaServer:
    """One that is ready to be asked.

    Raises:
        ModelError: none is installed or it cannot be run, or it ends or is silent; its own words are the reason.
    """
    for left in reversed(range(PORTS)):
        server = LlamaServer(order)
        try:
            wait_for(server, order.patience_s)
            return server
        except BaseException:
            is_lost = left > 0 and server.has_lost_its_port()
            server.close()
            if not is_lost:
                raise
    raise AssertionError("the last one is raised for")


def wait_for(server: LlamaServer, patience_s: float) -> None:
    """Return when it is ready to be asked. Raises ModelError if it ends, or if that takes too long."""
    give_up_at = time.monotonic() + patience_s
    while not server.is_ready(timeout_s=1.0):
        if server.has_ended():
            raise server.reason()
        if time.monotonic() > give_up_at:
            why = last_words(server.words())
            raise ModelError(f"{server.name} was not ready within {patience_s:g} s{why}", WHAT_TO_DO)
        time.sleep(TURN_S)


@contextmanager
def llama_server(order: Order) -> Iterator[LlamaServer]:
    """One for as long as a block lasts. Raises ModelError as `opened` does."""
    with closing(opened(order)) as server:
        yield server


def surroundings() -> dict[str, str]:
    """Environment of the server; xllamacpp reads no LLAMA_ARG_ variable."""
    kept = {f"LLAMA_ARG_{name}" for name in OF_THE_MACHINE}
    own = {name: said for name, said in os.environ.items() if not name.startswith("LLAMA_ARG_") or name in kept}
    return own | SURROUNDINGS


def free_port() -> int:
    with socket.create_server((HOST, 0)) as found:
        return int(found.getsockname()[1])


def is_open_to(port: int, key: str, timeout_s: float) -> bool:
    """Whether a server there is ready, and opens to this key but not to another: no other program has it."""
    return answer(port, key, timeout_s) == 200 and answer(port, "", timeout_s) == 401


def answer(port: int, key: str, timeout_s: float) -> int:
    """The status of /props, which a llama.cpp server shows to nobody without the key; 0 for no answer."""
    with closing(HTTPConnection(HOST, port, timeout=timeout_s)) as connection:
        try:
            connection.request("GET", "/props", headers={"Authorization": f"Bearer {key}"} if key else {})
            return connection.getresponse().status
        except (OSError, HTTPException):
            return 0
