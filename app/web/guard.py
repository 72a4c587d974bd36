"""Stands before the page's routes: lets in what the rules let in, reads bodies no further than they may go, and gives
every answer its headers. An ASGI application around another; it knows no route but `/`.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from app.web.address import Address
from app.web.asked import Asked, asked
from app.web.rules import LARGEST, TOO_LARGE, TOO_SLOW, Refusal, Rules
from app.web.shields import Headers, shielded

BODY_S = 10.0
"""The longest that a body may take, of which 64 KB are the most."""
ENTRY = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>looksay</title></head>
<body><p><a href="/">looksay</a></p></body></html>
"""
"""What the link with the token answers. A redirect would not do: for the browser it would still come from wherever the
link was found, and a strict cookie would not be sent with it."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Guard:
    """The page's routes, guarded."""

    def __init__(self, app: App, address: Address) -> None:
        self.app, self.address, self.rules = app, address, Rules(address)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request = asked(scope)
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

    async def _answer(self, request: Asked, scope: Scope, receive: Receive, send: Send) -> None:
        if self.rules.is_link(request):
            await answer(send, 200, "text/html; charset=utf-8", ENTRY, self._cookie())
        elif request.method != "POST":
            await self.app(scope, receive, send)
        else:
            body = await read(receive)
            if isinstance(body, Refusal):
                await refuse(body, send)
            elif body is not None:
                await self.app(scope, again(body, receive), send)

    def _cookie(self) -> Headers:
        value = f"{self.address.cookie}={self.address.token}; Path=/; Secure; HttpOnly; SameSite=Strict"
        return [(b"set-cookie", value.encode())]

    def _shield(self, request: Asked, send: Send) -> Send:
        """A `send` that gives answers their headers. Only a Host that is ours is repeated in one."""
        is_ours = self.address.allows(request.host)
        sockets = f"{'wss' if self.address.is_secure else 'ws'}://{request.host}" if is_ours else ""

        async def shield(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = shielded(list(message.get("headers", [])), sockets)
            await send(message)

        return shield


async def read(receive: Receive) -> bytes | Refusal | None:
    """A whole body; None if whoever sent it has gone."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                body += message.get("body", b"")
                if len(body) > LARGEST:
                    return TOO_LARGE
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return TOO_SLOW


def again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that begins with a body that has been read."""
    waiting = [body]

    async def receive_again() -> Message:
        return {"type": "http.request", "body": waiting.pop(), "more_body": False} if waiting else await receive()

    return receive_again


async def refuse(refusal: Refusal, send: Send) -> None:
    """Say why, and close: what may still come of the request is not read."""
    headers = [(name.encode(), value.encode()) for name, value in refusal.headers]
    text = json.dumps({"error": refusal.error, "hint": refusal.hint})
    await answer(send, refusal.status, "application/json", text, [*headers, (b"connection", b"close")])


async def answer(send: Send, status: int, kind: str, text: str, headers: Headers) -> None:
    """Send a whole answer."""
    body = text.encode()
    told = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})
