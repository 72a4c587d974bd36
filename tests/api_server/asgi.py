"""Asking an ASGI application without a socket, and one that keeps what reaches it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from app.api_server.guard import CHAT, LIMITS, Guard, Key, Limits
from app.api_server.schema import Served
from app.images import Pixels
from app.security import Message, Receive, Scope, Send

SECRET = "looksay-a-key-for-the-tests"
PORT = 8410
HOST = (b"host", b"127.0.0.1:8410")
OPEN = (b"authorization", f"Bearer {SECRET}".encode())
JSON = (b"content-type", b"application/json")
Header = tuple[bytes, bytes]


def small(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels).resize((8, 8))


SERVED = Served("demo", 2, "<image>", small, {"temperature": 0.1, "min_p": 0.15})


@dataclass
class Behind:
    """A model server that keeps what it is asked, and answers as it is told to."""

    status: int = 200
    answer: bytes = b'{"choices": []}'
    headers: Sequence[Header] = ((b"content-type", b"application/json"), (b"access-control-allow-origin", b"*"))
    failure: Exception | None = None
    bodies: list[Any] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        self.bodies.append(json.loads((await receive())["body"]))
        if self.failure:
            raise self.failure
        await send({"type": "http.response.start", "status": self.status, "headers": list(self.headers)})
        await send({"type": "http.response.body", "body": self.answer})


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.content["error"]


def ask(
    behind: Behind,
    path: str = CHAT,
    method: str = "POST",
    body: bytes | Sequence[bytes] = b"",
    headers: Sequence[Header] = (HOST, OPEN, JSON),
    limits: Limits = LIMITS,
) -> Answered | None:
    """What the guard answers; None if it says nothing. A body of several pieces comes in as many."""
    pieces = [body] if isinstance(body, bytes) else list(body)
    sent: list[Message] = []

    async def receive() -> Message:
        if not pieces:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": method}
    where = {"path": path, "raw_path": path.encode(), "query_string": b"model_dir=/etc", "headers": list(headers)}
    who = {"server": ("127.0.0.1", PORT), "client": ("127.0.0.1", 50000)}
    guard = Guard(behind, SERVED, Key(SECRET), PORT, limits)
    asyncio.run(guard({**scope, **where, **who}, receive, send))
    if not sent:
        return None
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Answered(sent[0]["status"], dict(sent[0]["headers"]), content)
