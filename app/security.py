"""Security of what looksay serves, the page and the API: who asks, is a secret right, how long a body may be, headers.

Pure ASGI. app/web/access.py and app/api_server/guard.py decide with it who is let in.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An application, as ASGI 3 calls it."""
Headers = list[tuple[bytes, bytes]]


def is_same_secret(given: str, secret: str) -> bool:
    """Compare in a time that does not depend on how much of it is right."""
    return hmac.compare_digest(given.encode(), secret.encode())


# Requests


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """What a request says of itself, as far as security depends on it; empty: it does not say."""

    method: str
    """`GET`, `POST`, …; empty for a web socket."""
    path: str
    host: str = ""
    origin: str = ""
    site: str = ""
    """Sec-Fetch-Site: who made the browser ask. Browsers before 2023 do not all say."""
    mode: str = ""
    """Sec-Fetch-Mode: `navigate` if it is to be shown in a window."""
    destination: str = ""
    """Sec-Fetch-Dest: `document` if in one of its own, not in a frame."""
    content_type: str = ""
    length: str = ""
    encoding: str = ""
    """Transfer-Encoding: set if a body comes whose length is not known."""
    bearer: str = field(default="", repr=False)
    """The token in Authorization."""
    query_token: str = field(default="", repr=False)
    cookies: str = field(default="", repr=False)

    @property
    def is_socket(self) -> bool:
        return not self.method

    def cookie(self, name: str) -> str:
        try:
            found = SimpleCookie(self.cookies).get(name)
        except CookieError:
            return ""
        return found.value if found else ""


def request_info(scope: Scope) -> RequestInfo:
    """From an ASGI scope of type `http` or `websocket`."""
    said = _headers(scope)
    scheme, _, credentials = said.get("authorization", "").partition(" ")
    tokens = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20).get("token", [""])
    return RequestInfo(
        method=scope.get("method", ""),
        path=scope["path"],
        host=said.get("host", ""),
        origin=said.get("origin", ""),
        site=said.get("sec-fetch-site", ""),
        mode=said.get("sec-fetch-mode", ""),
        destination=said.get("sec-fetch-dest", ""),
        content_type=said.get("content-type", "").partition(";")[0].strip().lower(),
        length=said.get("content-length", ""),
        encoding=said.get("transfer-encoding", ""),
        bearer=credentials.strip() if scheme.lower() == "bearer" else "",
        query_token=tokens[0],
        cookies=said.get("cookie", ""),
    )


def _headers(scope: Scope) -> dict[str, str]:
    """By lower-case name. One that is sent twice is joined, as RFC 9110 has it, and so fits nothing that it must be."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


# Bodies


class BodyTooLarge(Exception):
    """A body has more bytes than were allowed."""


class ClientLeft(Exception):
    """The client closed the connection before its request was whole."""


async def read_body(receive: Receive, *, most_bytes: int, seconds: float) -> bytes:
    """The whole body of a request.

    Raises:
        BodyTooLarge: it has more than `most_bytes`.
        TimeoutError: it took longer than `seconds`.
        ClientLeft: the connection was closed.
    """
    body = bytearray()
    async with asyncio.timeout(seconds):
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise ClientLeft
            body += message.get("body", b"")
            if len(body) > most_bytes:
                raise BodyTooLarge
            if not message.get("more_body", False):
                return bytes(body)


def replay_body(body: bytes, receive: Receive) -> Receive:
    """A `receive` that begins with a body that has been read."""
    waiting = [body]

    async def receive_again() -> Message:
        return {"type": "http.request", "body": waiting.pop(), "more_body": False} if waiting else await receive()

    return receive_again


# Responses


async def send_text(send: Send, status: int, kind: str, text: str, headers: Headers | None = None) -> None:
    """Send a whole response; `kind`: its content type."""
    body = text.encode()
    own = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*own, *(headers or [])]})
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, status: int, content: object, headers: Headers | None = None) -> None:
    await send_text(send, status, "application/json", json.dumps(content), headers)


OFF = (
    *("accelerometer", "display-capture", "geolocation", "gyroscope", "hid", "idle-detection"),
    *("magnetometer", "midi", "payment", "publickey-credentials-get", "serial", "usb", "xr-spatial-tracking"),
)
"""What a page might ask for and this one never does. Browsers complain of names that they do not know."""
OWN = ("autoplay", "camera", "microphone", "screen-wake-lock")
PERMISSIONS = ", ".join((*(f"{each}=(self)" for each in OWN), *(f"{each}=()" for each in OFF)))
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self' {sockets}",
        "media-src 'self' blob:",
        "worker-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""Content Security Policy Level 3. Not every browser counts web sockets among 'self'."""
FIXED: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", PERMISSIONS.encode()),
    (b"cache-control", b"no-store"),
]
OURS = {name for name, _ in FIXED} | {b"content-security-policy", b"server"}


def with_security_headers(headers: Headers, sockets: str) -> Headers:
    """The headers of a response with the security headers. `sockets`: the origin of web sockets, `ws://HOST`."""
    kept = [(name, value) for name, value in headers if name.lower() not in OURS]
    return [*kept, *FIXED, (b"content-security-policy", POLICY.format(sockets=sockets).encode())]
