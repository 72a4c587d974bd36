"""Access control for the page, as ASGI middleware.

On loopback, programs of this machine may look on. Requests that other web pages make a browser send are refused, as are
those under a foreign name (DNS rebinding), and commands need the token. Over a network everything needs it.
"""

from dataclasses import dataclass

from app.security import (
    App,
    BodyTooLarge,
    ClientLeft,
    Headers,
    Message,
    Receive,
    RequestInfo,
    Scope,
    Send,
    is_same_secret,
    read_body,
    replay_body,
    request_info,
    send_json,
    send_text,
    with_security_headers,
)
from app.web.page_server import Address

LARGEST = 65536
"""Bytes of a body. A question has some hundred; pictures come by web socket."""
LOOKING = ("/live",)
"""The web sockets that only look on."""
TOKEN = "/api/token"
METHODS = ("GET", "HEAD", "POST")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is sent away, and what would be let in."""

    status: int
    error: str
    hint: str
    headers: tuple[tuple[str, str], ...] = ()


FOREIGN_NAME = Refusal(421, "This is not the name of this page.", "Open the link that looksay printed.")
FOREIGN_PAGE = Refusal(403, "Another page asked for this.", "Open the link that looksay printed.")
NO_TOKEN = Refusal(
    401,
    "This needs the token.",
    "Open the link that looksay printed; programs send `Authorization: Bearer TOKEN`.",
    (("www-authenticate", "Bearer"),),
)
NO_METHOD = Refusal(405, "Only GET and POST are known here.", "Use one of them.", (("allow", "GET, HEAD, POST"),))
NO_JSON = Refusal(415, "This takes JSON only.", "Send `Content-Type: application/json`.")
NO_LENGTH = Refusal(400, "The length of the body cannot be understood.", "Send `Content-Length` in digits.")
TOO_LARGE = Refusal(413, f"This takes at most {LARGEST} bytes.", "Send less.")
TOO_SLOW = Refusal(408, "The rest of the request did not come.", "Ask again.")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one page."""

    address: Address

    def refusal(self, request: RequestInfo) -> Refusal | None:
        """Why this is sent away; None if it is let in."""
        return self._of_place(request) or self._of_token(request) or self._of_form(request)

    def is_link(self, request: RequestInfo) -> bool:
        """Whether this is the link with the token, from which a browser gets its cookie."""
        return not self.address.is_loopback and request.path == "/" and self._fits(request.query_token)

    def _of_place(self, request: RequestInfo) -> Refusal | None:
        """What the browser says of where this comes from. Programs say nothing of it, and are no browser's victims."""
        if not self.address.allows(request.host):
            return FOREIGN_NAME
        if request.origin and not self.address.is_own_origin(request.origin, request.host):
            return FOREIGN_PAGE
        if request.site in ("", "same-origin") or (request.path != TOKEN and may_navigate(request)):
            return None
        return FOREIGN_PAGE

    def _of_token(self, request: RequestInfo) -> Refusal | None:
        is_open = self.address.is_loopback and self._looks_on(request)
        return None if is_open or self._has_token(request) else NO_TOKEN

    def _of_form(self, request: RequestInfo) -> Refusal | None:
        """What a body may be. A form of another page can send neither JSON nor a token."""
        if request.is_socket:
            return None
        if request.method not in METHODS:
            return NO_METHOD
        if request.length and not (request.length.isascii() and request.length.isdigit()):
            return NO_LENGTH
        most = LARGEST if request.method == "POST" else 0
        if len(request.length) > 12 or int(request.length or 0) > most:
            return TOO_LARGE
        if request.method == "POST":
            return None if request.content_type == "application/json" else NO_JSON
        return NO_LENGTH if request.encoding else None

    def _has_token(self, request: RequestInfo) -> bool:
        """A cookie is sent by whatever makes the browser ask, so that it is not enough to steer."""
        if self._fits(request.bearer) or (request.is_socket and self._fits(request.query_token)):
            return True
        by_cookie = not self.address.is_loopback and self._fits(request.cookie(self.address.cookie))
        return self._looks_on(request) and (by_cookie or self.is_link(request))

    def _fits(self, token: str) -> bool:
        return is_same_secret(token, self.address.token)

    def _looks_on(self, request: RequestInfo) -> bool:
        return request.path in LOOKING if request.is_socket else request.method in ("GET", "HEAD")


def may_navigate(request: RequestInfo) -> bool:
    """Whether a person opened the page itself: typed, kept, or followed from elsewhere. It cannot be put in a frame."""
    is_window = request.site == "none" or (request.mode == "navigate" and request.destination == "document")
    return request.method == "GET" and is_window and (request.site == "none" or request.path == "/")


BODY_S = 10.0
"""The longest that a body may take, of which 64 KB are the most."""
ENTRY = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>looksay</title></head>
<body><p><a href="/">looksay</a></p></body></html>
"""
"""What the link with the token answers. A redirect would not do: for the browser it would still come from wherever the
link was found, and a strict cookie would not be sent with it."""


class Guard:
    """The page's routes, guarded."""

    def __init__(self, app: App, address: Address) -> None:
        self.app, self.address, self.rules = app, address, Rules(address)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request = request_info(scope)
        shield = self._shield(request, send)
        refusal = self.rules.refusal(request)
        if refusal and request.is_socket:
            await send({"type": "websocket.close", "code": 1008})  # not accepted yet: the server answers 403
        elif refusal:
            await refuse(refusal, shield)
        elif request.is_socket:
            await self.app(scope, receive, send)
        else:
            await self._answer(request, scope, receive, shield)

    async def _answer(self, request: RequestInfo, scope: Scope, receive: Receive, send: Send) -> None:
        if self.rules.is_link(request):
            await send_text(send, 200, "text/html; charset=utf-8", ENTRY, self._cookie())
        elif request.method != "POST":
            await self.app(scope, receive, send)
        else:
            try:
                body = await read_body(receive, most_bytes=LARGEST, seconds=BODY_S)
            except BodyTooLarge:
                await refuse(TOO_LARGE, send)
            except TimeoutError:
                await refuse(TOO_SLOW, send)
            except ClientLeft:
                return
            else:
                await self.app(scope, replay_body(body, receive), send)

    def _cookie(self) -> Headers:
        value = f"{self.address.cookie}={self.address.token}; Path=/; Secure; HttpOnly; SameSite=Strict"
        return [(b"set-cookie", value.encode())]

    def _shield(self, request: RequestInfo, send: Send) -> Send:
        """A `send` that gives answers their headers. Only a Host that is ours is repeated in one."""
        is_ours = self.address.allows(request.host)
        sockets = f"{'wss' if self.address.is_secure else 'ws'}://{request.host}" if is_ours else ""

        async def shield(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = with_security_headers(list(message.get("headers", [])), sockets)
            await send(message)

        return shield


async def refuse(refusal: Refusal, send: Send) -> None:
    """Say why, and close: what may still come of the request is not read."""
    headers = [(name.encode(), value.encode()) for name, value in refusal.headers]
    content = {"error": refusal.error, "hint": refusal.hint}
    await send_json(send, refusal.status, content, [*headers, (b"connection", b"close")])
