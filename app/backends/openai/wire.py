"""One socket, waited for in slices: whenever it has to wait it yields, so that whoever asks can leave off.

It knows bytes, deadlines and TLS, and nothing of HTTP. To leave off, close the generator; then close the wire.
"""

import os
import select
import socket
import ssl
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from http.client import HTTPException
from typing import TypeVar

from app.backends.openai.place import Place

T = TypeVar("T")
SLICE_MS = 50
"""The longest wait between two yields."""
A_PART = 65536
Waits = Generator[bytes]
"""Yields b"" while it waits."""


class BrokenOff(HTTPException):
    """The other side has closed the connection before it was done."""


class NoTls(OSError):
    """The other side does not answer as https does."""


class TooMuch(HTTPException):
    """The other side sends more than anybody asked for."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how much, from the first byte sent to the last received."""

    total_s: float = 120.0
    silence_s: float = 120.0
    """Without a byte."""
    most_bytes: int = 1_000_000

    def longer(self) -> "Patience":
        """Twice the silence, for a server that may only be loading: some begin anew when nobody waits any more."""
        return replace(self, silence_s=min(self.total_s, 2 * self.silence_s))


class Wire:
    """A connection to a place. Its methods raise OSError, TimeoutError, BrokenOff or TooMuch."""

    def __init__(self, place: Place, patience: Patience) -> None:
        self.place, self.patience = place, patience
        self.began = self.heard = time.monotonic()
        self.held = bytearray()
        """Received, and not taken yet."""
        self.received = 0
        """Bytes."""
        self.socket: socket.socket | None = None

    def connect(self) -> Waits:
        """To the first address that takes it."""
        for number, each in enumerate(self.place.addresses):
            try:
                yield from self._connect(each)
                break
            except TimeoutError:
                raise
            except OSError:
                self.close()
                if number == len(self.place.addresses) - 1:
                    raise
        if self.place.scheme == "https":
            yield from self._encrypt()

    def send(self, data: bytes) -> Waits:
        left = memoryview(data)
        while left:
            sent = yield from self._done(partial(self._open.send, left), select.POLLOUT)
            self.heard = time.monotonic()
            left = left[sent:]

    def line(self, most: int) -> Generator[bytes, None, bytes]:
        """Everything up to a line's end, without it."""
        while (end := self.held.find(b"\n")) < 0:
            if len(self.held) > most:
                raise TooMuch
            yield from self._more()
        line = bytes(self.held[:end])
        del self.held[: end + 1]
        return line.removesuffix(b"\r")

    def some(self, most: int) -> Generator[bytes, None, bytes]:
        """At least one byte and at most so many."""
        if not self.held:
            yield from self._more()
        found = bytes(self.held[:most])
        del self.held[:most]
        return found

    def close(self) -> None:
        if self.socket is not None:
            with suppress(OSError):
                self.socket.close()
            self.socket = None

    @property
    def _open(self) -> socket.socket:
        if self.socket is None:
            raise BrokenOff
        return self.socket

    def _connect(self, number: str) -> Waits:
        kind = socket.AF_INET6 if ":" in number else socket.AF_INET
        self.socket = socket.socket(kind, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(BlockingIOError):
            self.socket.connect(socket.getaddrinfo(number, self.place.port, type=socket.SOCK_STREAM)[0][4])
        yield from self._ready(select.POLLOUT)
        if code := self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, os.strerror(code))

    def _encrypt(self) -> Waits:
        own = self._open
        secured = trust().wrap_socket(own, server_hostname=self.place.host, do_handshake_on_connect=False)
        self.socket = secured
        try:
            yield from self._done(secured.do_handshake, select.POLLIN)
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as failure:
            raise NoTls(failure.reason or "it broke off") from failure

    def _more(self) -> Waits:
        data = yield from self._done(partial(self._open.recv, A_PART), select.POLLIN)
        if not data:
            raise BrokenOff
        self.heard = time.monotonic()
        self.received += len(data)
        self.held += data
        if self.received > self.patience.most_bytes:
            raise TooMuch

    def _done(self, attempt: Callable[[], T], event: int) -> Generator[bytes, None, T]:
        """What `attempt` gives once the socket lets it."""
        while True:
            self._be_patient()
            try:
                return attempt()
            except ssl.SSLWantWriteError:
                yield from self._ready(select.POLLOUT)
            except ssl.SSLWantReadError:
                yield from self._ready(select.POLLIN)
            except BlockingIOError:
                yield from self._ready(event)

    def _ready(self, event: int) -> Waits:
        poll = select.poll()
        poll.register(self._open, event)
        while not poll.poll(SLICE_MS):
            self._be_patient()
            yield b""

    def _be_patient(self) -> None:
        """Raise TimeoutError if it has taken too long. Drips do not start it anew: the whole has its own limit."""
        now = time.monotonic()
        if now > self.began + self.patience.total_s or now > self.heard + self.patience.silence_s:
            raise TimeoutError


@cache
def trust() -> ssl.SSLContext:
    """Whose certificates are believed: whom this machine believes."""
    return ssl.create_default_context()
