"""What is said when the server is ready: where it is, what opens it, and lines to paste. Never on standard output."""

import errno
import logging
import os
import shlex
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, NoReturn

from app.api_server.guard import VARIABLE, Guard, Key
from app.api_server.runtime import Engine, Opened
from app.errors import OutputError, UserError
from app.signals import INTERRUPTED, Interrupts
from app.text import sanitize


def start_lines(name: str, port: int, key: Key) -> Iterator[str]:
    """Lines for a person. A key that the user has given is not repeated; one that was made here is shown this once."""
    address = f"http://127.0.0.1:{port}/v1"
    yield f"Serving {sanitize(name)} at {address} until Ctrl-C, for programs on this machine."
    yield f"model:       {sanitize(name)}"
    yield f"key:         {shown(key)}"
    yield f"curl:        {header(key)} | curl -H @- {address}/models"
    yield f"Open WebUI:  Admin Panel, Settings, Connections, OpenAI API: URL {address}, key {shown(key)}"


def shown(key: Key) -> str:
    if not key.is_given:
        return key.secret
    return f"the one in {key.file}" if key.file else f"the one in {VARIABLE}"


def header(key: Key) -> str:
    """A command that writes the header which curl reads: among curl's own arguments every user could read the key."""
    if key.file:
        return f"(printf 'Authorization: Bearer '; cat {shlex.quote(str(key.file))})"
    return "printf 'Authorization: Bearer %s' " + (f'"${VARIABLE}"' if key.is_given else shlex.quote(key.secret))


PORT = 8410
HOST = "127.0.0.1"
PATIENCE_S = 0.6
"""How long the end waits for what is under way."""
LONGEST_HEAD = 16_384
"""Bytes of a request's first line and headers."""


@dataclass(slots=True)
class Run:
    """Serves what `load` opens until somebody ends it."""

    name: str
    load: Callable[[], Opened]
    key: Key
    port: int = PORT
    stop: Event = field(default_factory=Event, init=False)
    failure: BaseException | None = field(default=None, init=False)
    server: Any = field(default=None, init=False)
    """uvicorn's, once it is there."""

    def go(self) -> NoReturn:
        """Serve, and end the process: with 130, or with what loading or serving has failed with.

        Raises:
            OutputError: the port cannot be had.
        """
        interrupts = Interrupts(self.stop.set, lambda: leave(INTERRUPTED))
        with interrupts.handled(), listening(self.port) as listener:
            print("notice: Loading the model.", file=sys.stderr, flush=True)
            thread = Thread(target=self.work, args=(listener,), name="server", daemon=True)
            thread.start()
            self.stop.wait()
            self.end(thread)
            if interrupts.has_come or self.failure is None:
                leave(INTERRUPTED)
            tell(self.failure)
            leave(self.failure.exit_code if isinstance(self.failure, UserError) else 1)

    def work(self, listener: socket.socket) -> None:
        """The server's thread."""
        try:
            self.serve(listener)
        except BaseException as failure:  # noqa: BLE001 — raised again on the main thread
            self.failure = failure
        finally:
            self.stop.set()

    def serve(self, listener: socket.socket) -> None:
        """Load, say so, and answer until `server` is told to end."""
        port = listener.getsockname()[1]
        engine = Engine(self.name, self.load)
        try:
            opened = engine.opening.result()
            self.server = made(Guard(engine.application(opened), opened.served, self.key, port))
            if not self.stop.is_set():
                self.greet(opened, port)
                self.server.run(sockets=[listener])
        finally:
            engine.close(PATIENCE_S)

    def greet(self, opened: Opened, port: int) -> None:
        for warning in opened.warnings:
            print(f"notice: {sanitize(warning)}", file=sys.stderr)
        for line in start_lines(self.name, port, self.key):
            print(line, file=sys.stderr, flush=True)

    def end(self, thread: Thread) -> None:
        """Stop the server's thread, which is left behind if it is in the middle of an import, a load or an answer."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # answers cut short are no failure now
        if self.server:
            self.server.should_exit = self.server.force_exit = True
        thread.join(PATIENCE_S)


def made(guard: Guard) -> Any:
    """uvicorn's server around the guard: no log of requests, nothing told of itself, no proxy believed."""
    import uvicorn

    config = uvicorn.Config(
        guard,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=LONGEST_HEAD,
    )
    return uvicorn.Server(config)


def tell(failure: BaseException) -> None:
    """Print it as the command line does, a defect with its traceback."""
    if isinstance(failure, UserError):
        print(failure, file=sys.stderr)
    else:
        traceback.print_exception(failure)


def leave(exit_code: int) -> NoReturn:
    """End at once, past Python's own end, with nothing that would have to be kept.

    An import, a load or an answer under way cannot be cancelled, and at times mlx-vlm's threads, which have used MLX,
    take a process that ends otherwise with them (134).
    """
    sys.stderr.flush()
    os._exit(exit_code)


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """The port, taken before the model is loaded; 0 is any that is free.

    Raises:
        OutputError: it is in use, or may not be had.
    """
    try:
        listener = socket.create_server((HOST, port))
    except (OSError, OverflowError) as failure:  # in use, reserved, or no port's number at all
        is_taken = getattr(failure, "errno", None) == errno.EADDRINUSE
        why = "is already in use" if is_taken else f"cannot be used: {getattr(failure, 'strerror', None) or failure}"
        raise OutputError(f"port {port} {why}", "--port 0 picks a free one") from failure
    with listener:
        yield listener
