"""An HTTP answer as it comes over a wire: its head, then its body in parts, chunked or not.

It judges nothing: what a status means, and what is in a body, is for others.
"""

from collections.abc import Generator
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, parse_headers
from io import BytesIO

from app.backends.openai.wire import BrokenOff, Waits, Wire

LONGEST_LINE = 65536
MOST_LINES = 100
A_PART = 65536


class NoHttp(HTTPException):
    """What answers speaks something else."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers."""

    status: int
    headers: Message

    @property
    def kind(self) -> str:
        """The content's type, such as text/event-stream."""
        return self.headers.get_content_type()


def head(wire: Wire) -> Generator[bytes, None, Head]:
    """The head of the answer; those that only say that one will come are passed over."""
    while True:
        found = yield from _head(wire)
        if found.status >= 200:
            return found


def _head(wire: Wire) -> Generator[bytes, None, Head]:
    first = (yield from wire.line(LONGEST_LINE)).split(None, 2)
    if len(first) < 2 or not first[0].startswith(b"HTTP/1.") or not first[1].isdigit():
        raise NoHttp
    lines: list[bytes] = []
    while line := (yield from wire.line(LONGEST_LINE)):
        lines.append(line)
        if len(lines) > MOST_LINES:
            raise NoHttp
    return Head(int(first[1]), parse_headers(BytesIO(b"\r\n".join([*lines, b"", b""]))))


def body(wire: Wire, head: Head) -> Waits:
    """Its parts as they come, b"" in between; raises BrokenOff if it ends before its time."""
    if head.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NoHttp  # it was asked to send it as it is
    if head.headers.get("Transfer-Encoding", "").lower() == "chunked":
        yield from _chunked(wire)
    elif (length := head.headers.get("Content-Length")) is not None:
        if not (length.isascii() and length.isdigit()):
            raise NoHttp
        yield from _counted(wire, int(length))
    else:
        yield from _until_the_end(wire)


def _chunked(wire: Wire) -> Waits:
    while True:
        length = (yield from wire.line(LONGEST_LINE)).partition(b";")[0].strip()
        try:
            left = int(length, 16)
        except ValueError:
            raise NoHttp from None
        if left <= 0:
            return
        yield from _counted(wire, left)
        yield from wire.line(LONGEST_LINE)


def _counted(wire: Wire, left: int) -> Waits:
    while left:
        part = yield from wire.some(min(left, A_PART))
        left -= len(part)
        yield part


def _until_the_end(wire: Wire) -> Waits:
    while True:
        try:
            part = yield from wire.some(A_PART)
        except BrokenOff:
            return
        yield part
