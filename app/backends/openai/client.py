"""Requests to one model server: where it is, the key that it wants, and what each refusal and failure means.

No proxies, no redirects, no endless answers: pictures go where the person who named the address sent them.
"""

import ipaddress
import json
import os
import re
import socket
import ssl
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.errors import ModelError, Outage, UsageError
from app.files import read_private, readable
from app.http_client import TooLarge, open_client, root_cause, stream
from app.models.corrupt_file import short

if TYPE_CHECKING:
    import httpx2

EXAMPLE = "give one like http://127.0.0.1:8080/v1"
PORTS = {"http": 80, "https": 443}
KEY_VARIABLE = "LOOKSAY_API_KEY"
KEY = re.compile(r"[!-~]{1,2000}")
"""What a header can carry, and nothing that would end it."""
LONGEST_REASON = 200
LONGEST_WAIT_S = 300.0
"""Whatever a server asks for."""
MOST_REFUSAL_BYTES = 64_000
LONGEST_WORD = 60
"""Longer ones in an error message are base64, such as the picture sent back."""
OWN_LOG = "see the server's own log"


class Silent(Outage):
    """The server did not answer in time."""


class PictureTooLarge(ModelError):
    """The picture is larger than the server takes."""


class WrongKey(ModelError):
    """The server wants a key, or another one."""


# Where a server is


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server's address, looked up once, so that what was judged is what is connected to; and its API key."""

    scheme: str
    host: str
    """As it was typed."""
    port: int
    path: str
    """What stands before `/v1`, without a slash at its end."""
    addresses: tuple[str, ...]
    """Of the host, as numbers."""
    api_key: str = field(default="", repr=False)
    """Empty: none is sent."""

    @property
    def root(self) -> str:
        """The address without `/v1` and what follows it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"

    @property
    def is_local(self) -> bool:
        """Whether nothing that is sent there leaves this machine."""
        return all(map(is_loopback, self.addresses))

    @property
    def is_unencrypted(self) -> bool:
        """Whether others on the way can read what is sent there."""
        return self.scheme == "http" and not self.is_local

    def hide_key(self, text: str) -> str:
        """`text` without the key: some servers repeat it when they refuse it."""
        return text.replace(self.api_key, "(the key)") if self.api_key else text


def endpoint(url: str, api_key: str = "") -> Endpoint:
    """The endpoint of a server's address.

    Raises:
        UsageError: it is not an http(s) address, or has a name or password, which the message does not repeat.
        Outage: its host cannot be found.
    """
    scheme, host, port, path = split_url(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failure:
        why = short(getattr(failure, "strerror", None) or failure)
        hint = "check the address and your network connection"
        raise Outage(f"{short(host)} cannot be found: {why}", hint) from failure
    return Endpoint(scheme, host, port, path, tuple(dict.fromkeys(str(each[4][0]) for each in found)), api_key)


def split_url(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and the path before `/v1`. Raises UsageError as `endpoint`."""
    if "@" in url:
        raise UsageError("a server's address must not contain a name or password (no @)", EXAMPLE)
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0 and url.isascii()
    except ValueError:  # a bracket that is never closed, a port that is not a number or too large
        is_address = False
    if not is_address or not url.isprintable() or " " in url:
        if "://" not in url and re.fullmatch(r"[\w.-]+:\d+(/\S*)?", url, re.ASCII):
            raise UsageError("the address lacks http://", f"try --url http://{url.removesuffix('/v1')}/v1")
        raise UsageError(f"{short(url)} is not a server's address", EXAMPLE)
    return parts.scheme, parts.hostname or "", parts.port or PORTS[parts.scheme], parts.path.split("/v1")[0].rstrip("/")


def refuse_remote(server: Endpoint) -> None:
    """Raise UsageError for a server that is not on this machine."""
    if server.is_local:
        return
    numbers = "" if server.host in server.addresses else f" ({short(', '.join(server.addresses))})"
    raise UsageError(
        f"{short(server.host)}{numbers} is not this machine, and pictures would be sent there",
        "if you want that, add --allow-remote",
    )


def is_loopback(number: str) -> bool:
    """Whether an address is this machine: 127.0.0.1, ::1, ::ffff:127.0.0.1, 0.0.0.0."""
    found = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return found.is_loopback or found.is_unspecified  # to connect to "any address" is to connect to oneself


def read_api_key(file: Path | None) -> str:
    """The key in a file that only its owner can read, or else in LOOKSAY_API_KEY; empty if there is none.

    Never from the command line, which every user of a machine can read.

    Raises:
        UsageError: the file cannot be read, or others can read it, or it does not contain a key.
    """
    text, where = (read_private(file), readable(file)) if file else (environment_key(), f"the variable {KEY_VARIABLE}")
    key = text.strip()
    if (key or file) and not KEY.fullmatch(key):
        raise UsageError(f"{where} does not contain a key: letters, digits and signs, no spaces", "write only the key")
    return key


@cache
def environment_key() -> str:
    """Taken out of the environment, so that child processes do not inherit it."""
    return os.environ.pop(KEY_VARIABLE, "")


# Requests


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long and how much, from the first byte sent to the last received."""

    total_s: float = 120.0
    silence_s: float = 120.0
    """Without a byte."""
    max_bytes: int = 1_000_000

    def longer(self) -> "Timeouts":
        """Twice the silence, for a server that may only be loading: some start again when the client leaves."""
        return replace(self, silence_s=min(self.total_s, 2 * self.silence_s))


DISCOVERY = Timeouts(total_s=4.0)


class ServerClient:
    """An HTTP client of one server. Several threads may use it at once."""

    def __init__(self, server: Endpoint) -> None:
        self.server = server

    @cached_property
    def http(self) -> "httpx2.Client":
        return open_client(silence_s=Timeouts().silence_s, resolve=lambda _host, _port: self.server.addresses)

    def stream(
        self, path: str, content: object = None, timeouts: Timeouts = Timeouts()
    ) -> Generator["httpx2.Response | bytes"]:
        """Send a request; yield the response's head, then its body in parts, and b"" while it is waited for.

        `content` is sent as JSON by POST; None: by GET. Closing the generator closes the connection: that is how a
        server learns that the client has left.

        Raises:
            Outage: no answer, not in time, or broken off; the next request may succeed.
            ModelError: the server refuses for good (with its own reason), redirects, or is not a model server.
        """
        server = self.server
        headers = {"Authorization": f"Bearer {server.api_key}"} if server.api_key else {}
        with explained(server, path):
            request = self.http.build_request(
                "GET" if content is None else "POST",
                server.root + path,
                json=content,
                headers={**headers, "Connection": "close"},
                timeout=timeouts.silence_s,
            )
            parts = stream(self.http, request, total_s=timeouts.total_s, most_bytes=timeouts.max_bytes)
            with closing(parts):
                for part in parts:
                    if part is None or isinstance(part, bytes):
                        yield part or b""
                    elif part.status_code == 200 and part.headers.get("Content-Encoding", "identity") == "identity":
                        yield part
                    elif part.status_code == 200:
                        raise not_a_server(server, path)
                    else:
                        raise refusal(part.status_code, part.headers, (yield from self._refusal_body(parts)), server)

    def _refusal_body(self, parts: "Generator[httpx2.Response | bytes | None]") -> Generator[bytes, None, bytes]:
        """As much of a refusal as is worth reading."""
        import httpx2

        body = bytearray()
        try:
            for part in parts:
                if isinstance(part, bytes):
                    body += part
                if len(body) > MOST_REFUSAL_BYTES:
                    break
                yield b""
        except (httpx2.HTTPError, TimeoutError, TooLarge):  # its status says enough
            pass
        return bytes(body)

    def post(self, path: str, content: object, timeouts: Timeouts = DISCOVERY) -> Any:
        """The response to `content`, both in JSON. Raises as `stream`."""
        parts = self.stream(path, content, timeouts)
        body = b"".join(part for part in parts if isinstance(part, bytes))
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as failure:
            raise not_a_server(self.server, path) from failure

    def get(self, path: str) -> Any:
        """The JSON at a path. Raises as `stream`."""
        return self.post(path, None)

    def get_if_any(self, path: str) -> Any:
        """The JSON at a path, or None: discovery asks for what is not there."""
        try:
            return self.get(path)
        except ModelError:
            return None

    def close(self) -> None:
        if "http" in self.__dict__:
            self.http.close()


# What went wrong


@contextmanager
def explained(server: Endpoint, path: str) -> Iterator[None]:
    """The border at which a failure of HTTP becomes an explained one."""
    import httpx2

    root, as_http = server.root, f"--url {server.root.replace('https', 'http', 1)}/v1"
    try:
        yield
    except (httpx2.TimeoutException, TimeoutError):
        or_http = f"; if it does not use https: {as_http}" if server.scheme == "https" else ""
        raise Silent("the server has not answered in time", f"see what it is doing{or_http}") from None
    except TooLarge as failure:
        raise Outage("the server does not end its answer", OWN_LOG) from failure
    except httpx2.TransportError as failure:
        cause = root_cause(failure)
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = short(cause.verify_message, LONGEST_REASON)
            raise ModelError(f"{root} cannot prove its identity: {why}", "renew its certificate") from failure
        if isinstance(cause, ssl.SSLError) and isinstance(failure, httpx2.ConnectError):
            why = cause.reason or "the handshake broke off"
            raise Outage(f"{root} does not use https ({why})", f"try {as_http}") from failure
        if isinstance(failure, httpx2.RemoteProtocolError) and not has_broken_off(failure):
            if "too long" in str(failure).lower():  # headers without end
                raise Outage("the server does not end its answer", OWN_LOG) from failure
            raise not_a_server(server, path) from failure
        if isinstance(failure, httpx2.ConnectError):
            why = short(getattr(cause, "strerror", None) or cause, LONGEST_REASON)
            raise Outage(f"no server answers at {root}: {why}", "start it, or correct the address") from failure
        raise Outage("the server broke off before the end of its answer", OWN_LOG) from failure
    except (httpx2.InvalidURL, httpx2.DecodingError, RecursionError) as failure:
        raise not_a_server(server, path) from failure


def has_broken_off(failure: Exception) -> bool:
    """Whether a protocol error is only a connection that was closed too early."""
    return any(words in str(failure) for words in ("disconnected", "closed connection"))


def not_a_server(server: Endpoint, path: str) -> ModelError:
    where = short(server.root + path, LONGEST_REASON)
    return ModelError(f"{where} is not an OpenAI-compatible server", "correct the address")


def refusal(status: int, headers: Mapping[str, str], body: bytes, server: Endpoint) -> ModelError:
    """The error for a status that is not a success."""
    if 300 <= status < 400:
        target = short(server.hide_key(headers.get("Location", "nowhere")), LONGEST_REASON)
        return ModelError(f"the server redirects to {target}", "if you trust that address, use it")
    message = f"the server refuses: {status} {reason(body, server)}".rstrip()
    match status:
        case 401 | 403:
            return WrongKey(message, f"give it its key: --api-key-file FILE, or the variable {KEY_VARIABLE}")
        case 404 | 405:
            return ModelError(message, "check the address, and whether it still serves this model")
        case 413:
            return PictureTooLarge(message, "configure it to take larger requests")
        case 408 | 425 | 429:
            return Outage(message, "it is overloaded; ask it less often with --every", retry_after(headers))
        case _ if status >= 500:
            return Outage(message, OWN_LOG, retry_after(headers))
        case _:
            return ModelError(message, OWN_LOG)


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that it asks to wait: `Retry-After`, in seconds or as a date."""
    value = headers.get("Retry-After", "").strip()
    try:
        if value.isascii() and value.isdigit():
            seconds = float(value)
        else:
            date = parsedate_to_datetime(value)
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, min(LONGEST_WAIT_S, seconds))


def reason(body: bytes, server: Endpoint) -> str:
    """The server's own words, in one short line, without the key."""
    text = body.decode("utf-8", "replace")
    try:
        text = error_text(json.loads(text))
    except (ValueError, RecursionError):
        if text.lstrip().startswith("<"):  # a web page, from a proxy
            text = ""
    words = ["…" if len(word) > LONGEST_WORD else word for word in server.hide_key(text).split()]
    return short(" ".join(words), LONGEST_REASON)


def error_text(body: object) -> str:
    """Of the forms that errors come in: a text, an `error`, a `message`, FastAPI's `detail`."""
    for name in ("error", "message", "detail"):
        if isinstance(body, dict) and body.get(name):
            return error_text(body[name])
    return str(body)
