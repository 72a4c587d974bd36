"""One run of the server: a port, a model, and an end within a second of Ctrl-C.

The main thread waits for signals. mlx-vlm's thread loads and generates, another one serves; whatever they are in the
middle of, the run ends.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from app.errors import OutputError
from app.harmless import harmless
from app.serve.engine import Engine, Opened
from app.serve.key import Key
from app.serve.told import told

if TYPE_CHECKING:
    from app.serve.refusal import Asgi

PORT = 8410
HOST = "127.0.0.1"
INTERRUPTED = 130
PATIENCE_S = 0.4
"""How long the end waits for each of the two threads."""
TURN_S = 0.1
MOST_CONNECTIONS = 64
IDLE_S = 5
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

    def go(self) -> int:
        """Serve; return the exit code. Raises what loading or serving has failed with."""
        with self.signals(), listening(self.port) as listener:
            engine = Engine(self.name, self.load)
            opened = self.opened(engine)
            if opened is None:
                leave()
            server = self.server(engine.application(opened), opened, listener.getsockname()[1])
            thread = Thread(target=self.serve, args=(server, listener), name="server", daemon=True)
            thread.start()
            self.greet(opened, listener.getsockname()[1])
            self.stop.wait()
            self.end(engine, server, thread)
        if self.failure:
            raise self.failure
        return INTERRUPTED

    def opened(self, engine: Engine) -> Opened | None:
        """The model, once it is loaded; None if the run was ended before."""
        while not self.stop.is_set():
            if opened := engine.opened(TURN_S):
                return opened
        return None

    def server(self, application: "Asgi", opened: Opened, port: int) -> Any:
        import uvicorn

        from app.serve.guard import Guard

        guard = Guard(application, opened.served, self.key, port)
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
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=IDLE_S,
            h11_max_incomplete_event_size=LONGEST_HEAD,
        )
        return uvicorn.Server(config)

    def serve(self, server: Any, listener: socket.socket) -> None:
        """The server's thread."""
        try:
            server.run(sockets=[listener])
        except BaseException as failure:  # noqa: BLE001 — raised again on the main thread
            self.failure = failure
        finally:
            self.stop.set()

    def greet(self, opened: Opened, port: int) -> None:
        for warning in opened.warnings:
            print(f"notice: {harmless(warning)}", file=sys.stderr)
        for line in told(self.name, port, self.key):
            print(line, file=sys.stderr, flush=True)

    def end(self, engine: Engine, server: Any, thread: Thread) -> None:
        """Stop both threads; leave them behind if they are in the middle of an answer."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # answers cut short are no failure now
        server.should_exit = server.force_exit = True
        has_ended = engine.close(PATIENCE_S)
        thread.join(PATIENCE_S)
        if not self.failure and (thread.is_alive() or not has_ended):
            leave()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """First Ctrl-C, SIGTERM, or end of the terminal asks, second forces."""
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup wants it to go on
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, self.interrupt) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self.stop.is_set():
            leave()
        self.stop.set()


def leave() -> NoReturn:
    """End at once: an import, a load or an answer under way cannot be cancelled, and there is nothing to be kept."""
    sys.stderr.flush()
    os._exit(INTERRUPTED)


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """The port, taken before the model is loaded; 0 is any that is free.

    Raises:
        OutputError: it is in use, or may not be had.
    """
    try:
        listener = socket.create_server((HOST, port))
    except (OSError, OverflowError) as failure:
        why = getattr(failure, "strerror", None) or failure
        raise OutputError(
            f"port {port} of this machine cannot be served: {why}", "take another: --port 0 finds a free one"
        ) from failure
    with listener:
        yield listener
