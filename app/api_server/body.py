"""The body of a request, counted while it comes in: refused if it is too long, too slow or no JSON."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from app.api_server.refusal import Receive, Refused

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Limits:
    size: int = 20_000_000
    """Bytes."""
    whole_s: float = 30.0
    """Seconds for all of it."""


LIMITS = Limits()


class Gone(Exception):
    """The client has left."""


def one(headers: Headers, name: bytes) -> bytes:
    """The value of a header that must stand there once; else empty."""
    found = [value for each, value in headers if each.lower() == name]
    return found[0].strip() if len(found) == 1 else b""


async def body(headers: Headers, receive: Receive, limits: Limits) -> bytes:
    """All of it.

    Raises:
        Refused: it is too long or too slow, or says to be something else than JSON.
        Gone: the client has left.
    """
    if one(headers, b"content-type").split(b";")[0].strip().lower() != b"application/json":
        raise Refused(415, "The body must be JSON, and its Content-Type application/json.")
    if one(headers, b"content-encoding") not in (b"", b"identity"):
        raise Refused(415, "The body must not be compressed.")
    length = one(headers, b"content-length")
    if length.isdigit() and int(length) > limits.size:
        raise too_long(limits)
    try:
        async with asyncio.timeout(limits.whole_s):
            return await read(receive, limits)
    except TimeoutError:
        raise Refused(408, "The body came too slowly.") from None


async def read(receive: Receive, limits: Limits) -> bytes:
    found = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        found += message.get("body", b"")
        if len(found) > limits.size:
            raise too_long(limits)
        if not message.get("more_body", False):
            return bytes(found)


def too_long(limits: Limits) -> Refused:
    return Refused(413, f"The body is longer than {limits.size / 1e6:g} MB; send smaller pictures.")
