"""What is refused, in OpenAI's form of an error: its clients show the message to people."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from app.text import sanitize

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An application, as ASGI 3 calls it."""

LONGEST = 400


class Refused(Exception):
    """A request that goes no further."""

    def __init__(self, status: int, message: str, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param

    @property
    def content(self) -> dict[str, Any]:
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        said = sanitize(self.message)[:LONGEST]
        return {"error": {"message": said, "type": kind, "param": self.param, "code": self.code}}


def wrong(message: str, param: str | None = None) -> Refused:
    """The refusal of a body that asks for what cannot be had."""
    return Refused(400, message, "invalid_value", param)


async def say(send: Send, content: Any, status: int = 200) -> None:
    """Answer with JSON."""
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
