"""JSON over HTTP to one server, on the standard library: no proxy, no endless answers."""

import json
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from app.errors import ModelError, UsageError

MOST_BYTES = 1_000_000
PATIENCE_S = 120.0
SHORT_S = 4.0
LONGEST_REASON = 200


def address(url: str) -> str:
    """The server's address without `/v1` and what follows it.

    Raises:
        UsageError: it is no http(s) address.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{url} is not the address of a server", "give one like http://127.0.0.1:8080/v1")
    return f"{parts.scheme}://{parts.netloc}{parts.path.split('/v1')[0].rstrip('/')}"


def post(url: str, content: object, patience_s: float = PATIENCE_S) -> Any:
    """The answer to `content`, which is sent as JSON.

    Raises:
        ModelError: nobody answers, it refuses (with its own reason), or it answers something else than JSON.
    """
    return _exchange(Request(url, json.dumps(content).encode(), {"Content-Type": "application/json"}), patience_s)


def get(url: str) -> Any:
    """What stands at the address, or None: asking around means asking for what is not there."""
    try:
        return _exchange(Request(url), SHORT_S)
    except ModelError:
        return None


def _exchange(request: Request, patience_s: float) -> Any:
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=patience_s) as response:
            return json.loads(_read(response))
    except HTTPError as refusal:
        with refusal:
            reason = _reason(refusal.read(MOST_BYTES))
        raise ModelError(f"the server refuses: {refusal.code} {reason}", "see what the server's own log says") from None
    except TimeoutError:
        raise ModelError(f"the server has not answered within {patience_s:g} s", "see what it is doing") from None
    except (OSError, HTTPException) as failure:
        why = getattr(failure, "reason", failure)
        where = f"{request.type}://{request.host}"
        raise ModelError(f"no server answers at {where}: {why}", "start it, or mend the address") from failure
    except ValueError as failure:
        raise ModelError(f"what answers at {request.full_url} is no such server", "mend the address") from failure


def _read(response: HTTPResponse) -> bytes:
    found = response.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise ValueError("too long an answer")
    return found


def _reason(body: bytes) -> str:
    """The server's own words, in one short line: some send the whole picture back."""
    text = body.decode("utf-8", "replace")
    try:
        said = json.loads(text)
        error = said.get("error", said)
        text = str(error.get("message", error) if isinstance(error, dict) else error)
    except (ValueError, AttributeError):
        pass
    line = " ".join(text.split())
    return line[:LONGEST_REASON]
