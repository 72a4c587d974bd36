"""JSON over HTTP to one server, on the standard library: no proxy, no redirects, no endless answers."""

import json
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from io import BufferedReader, RawIOBase
from socket import socket
from typing import Any
from urllib.parse import SplitResult, urlsplit

from app.errors import ModelError, UsageError
from app.headers.spoilt import short

MOST_BYTES = 1_000_000
PATIENCE_S = 120.0
SHORT_S = 4.0
LONGEST_REASON = 200
LIKE_THIS = "give one like http://127.0.0.1:8080/v1"


def address(url: str) -> str:
    """The server's address without `/v1` and what follows it.

    Raises:
        UsageError: it is no http(s) address, or it holds a name or password; those are not repeated in the message.
    """
    if "@" in url:
        raise UsageError("the address of a server must hold no name and no password (no @)", LIKE_THIS)
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket that is never closed, a port that is no number or too large
        is_one = False
    if not is_one:
        raise UsageError(f"{short(url)} is not the address of a server", LIKE_THIS)
    return f"{parts.scheme}://{parts.netloc}{parts.path.split('/v1')[0].rstrip('/')}"


def post(url: str, content: object, patience_s: float = PATIENCE_S) -> Any:
    """The answer to `content`, which is sent as JSON.

    Raises:
        ModelError: nobody answers, or not in time; it refuses (with its own reason) or sends elsewhere; or it answers
            something else than JSON.
    """
    return _exchange(url, json.dumps(content).encode(), patience_s)


def get(url: str) -> Any:
    """What stands at the address, or None: asking around means asking for what is not there."""
    try:
        return fetched(url)
    except ModelError:
        return None


def fetched(url: str) -> Any:
    """What stands at the address. Raises ModelError as `post` does."""
    return _exchange(url, None, SHORT_S)


def _exchange(url: str, body: bytes | None, patience_s: float) -> Any:
    parts = urlsplit(url)
    try:
        return _judged(*_sent(parts, body, patience_s))
    except TimeoutError:
        raise ModelError(f"the server has not answered within {patience_s:g} s", "see what it is doing") from None
    except (OSError, HTTPException) as failure:
        why = short(failure, LONGEST_REASON)
        where = f"{parts.scheme}://{parts.netloc}"
        raise ModelError(f"no server answers at {where}: {why}", "start it, or mend the address") from failure
    except (ValueError, RecursionError) as failure:  # no JSON, or brackets without end
        raise ModelError(
            f"what answers at {short(url, LONGEST_REASON)} is no such server", "mend the address"
        ) from failure


def _sent(parts: SplitResult, body: bytes | None, patience_s: float) -> tuple[HTTPResponse, bytes]:
    """The response, and its body of MOST_BYTES + 1 at most; TimeoutError if both took longer than `patience_s`."""
    deadline = time.monotonic() + patience_s
    kind, port = (HTTPSConnection, 443) if parts.scheme == "https" else (HTTPConnection, 80)
    with closing(kind(parts.hostname or "", parts.port or port, timeout=patience_s)) as connection:
        connection.connect()
        connection.sock.settimeout(_left(deadline))
        method = "GET" if body is None else "POST"
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, {"Content-Type": "application/json", "Connection": "close"})
        with HTTPResponse(connection.sock, method=method) as response:
            response.fp.close()
            response.fp = BufferedReader(_Until(connection.sock, deadline))
            response.begin()
            return response, response.read(MOST_BYTES + 1)


class _Until(RawIOBase):
    """What a socket receives until a deadline. Its own timeout begins anew with every byte, so drips never end it."""

    def __init__(self, source: socket, deadline: float) -> None:
        self.source, self.deadline = source, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.source.settimeout(_left(self.deadline))
        return self.source.recv_into(buffer)


def _left(deadline: float) -> float:
    """Seconds; TimeoutError where there are none."""
    if (left := deadline - time.monotonic()) <= 0:
        raise TimeoutError
    return left


def _judged(response: HTTPResponse, body: bytes) -> Any:
    """The JSON of an answer. Redirects are not followed: pictures go to the given address and nowhere else."""
    if 300 <= response.status < 400:
        elsewhere = short(response.headers.get("Location", "nowhere"), LONGEST_REASON)
        raise ModelError(f"the server sends elsewhere, to {elsewhere}", "if you trust that place, give its address")
    if response.status >= 400:
        said = f"the server refuses: {response.status} {_reason(body[:MOST_BYTES])}"
        raise ModelError(said, "see what the server's own log says")
    if len(body) > MOST_BYTES:
        raise ValueError("too long an answer")
    return json.loads(body)


def _reason(body: bytes) -> str:
    """The server's own words, in one short line: some send the whole picture back."""
    text = body.decode("utf-8", "replace")
    try:
        said = json.loads(text)
        error = said.get("error", said)
        text = str(error.get("message", error) if isinstance(error, dict) else error)
    except (ValueError, AttributeError, RecursionError):
        pass
    return short(" ".join(text.split()), LONGEST_REASON)
