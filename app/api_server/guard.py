"""Who may ask the model server, and for what: the key, this machine's own names, three things to ask for.

An ASGI application around another. It answers all but the questions to the model itself, and hands on of those what
schema.py has made of them: no header, query or field of a client's goes further.
"""

import asyncio
from dataclasses import dataclass, field

from app.api_server.answer import asked
from app.api_server.body import LIMITS, Gone, Headers, Limits, body, one
from app.api_server.key import Key
from app.api_server.refusal import Asgi, Message, Receive, Refused, Scope, Send, say
from app.api_server.schema import Served, passed

CHAT = "/v1/chat/completions"
MODELS = "/v1/models"
HEALTH = "/health"
METHODS = {CHAT: "POST", MODELS: "GET", HEALTH: "GET"}
NAMES = ("127.0.0.1", "localhost", "[::1]", "host.docker.internal")
"""The last: this machine, as programs in its Docker containers call it. No web page can make it lead elsewhere."""
MOST_WAITING = 8
"""Requests at once, those that wait for their turn included; the model answers them one after the other."""


@dataclass(slots=True)
class Guard:
    """Lets in who has the key, by a name of this machine, and no web page."""

    server: Asgi
    served: Served
    key: Key
    port: int
    limits: Limits = LIMITS
    waiting: int = field(default=0, init=False)
    drawing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    """Bodies are read one at a time: a large picture takes 300 MB while it is decoded."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"not served: {scope['type']}")
        try:
            self.admit(scope["headers"])
            await self.answer(scope, receive, send)
        except Refused as refused:
            await say(send, refused.content, refused.status)
        except Gone:
            return

    def admit(self, headers: Headers) -> None:
        """Raise Refused for who may not ask at all.

        The names come first: a web page may get its own name to lead here (DNS rebinding), and learns nothing then.
        """
        hosts = [f"{name}:{self.port}".encode() for name in NAMES]
        if one(headers, b"host").lower() not in hosts:
            raise Refused(421, f"Ask by http://127.0.0.1:{self.port}, not by another name of this machine.")
        if any(name.lower() == b"origin" for name, _ in headers):
            raise Refused(403, "Web pages may not ask; a program on this machine may.")
        if not self.key.opens(one(headers, b"authorization")):
            wanted = "Authorization: Bearer and the key that ./run.sh serve has shown"
            raise Refused(401, f"The key is missing or wrong: send {wanted}.", "invalid_api_key")

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        name = path.removeprefix(MODELS + "/") if path.startswith(MODELS + "/") else ""
        if scope["method"] != METHODS.get(MODELS if name else path):
            known = bool(name) or path in METHODS
            raise Refused(405 if known else 404, f"Here are only {', '.join(f'{METHODS[at]} {at}' for at in METHODS)}.")
        if path == CHAT:
            await self.chat(scope, receive, send)
        elif path == HEALTH:
            await say(send, {"status": "ok", "model": self.served.name})
        elif name and name != self.served.name:
            raise Refused(404, f"Only the model {self.served.name} is served here.", "model_not_found", "model")
        else:
            await say(send, self.model if name else {"object": "list", "data": [self.model]})

    @property
    def model(self) -> dict[str, object]:
        return {"id": self.served.name, "object": "model", "created": 0, "owned_by": "looksay"}

    async def chat(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.waiting >= MOST_WAITING:
            raise Refused(429, "Too many requests wait already.", "rate_limit_exceeded")
        self.waiting += 1
        try:
            sent = await body(scope["headers"], receive, self.limits)
            async with self.drawing:
                content = await asyncio.to_thread(passed, sent, self.served)
            await asked(self.server, bare(scope, content), again(content, receive), send)
        finally:
            self.waiting -= 1


def bare(scope: Scope, content: bytes) -> Scope:
    """A request of our own, with nothing of the client's in it."""
    length = str(len(content)).encode()
    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), (b"content-length", length)]
    kept = {name: scope[name] for name in ("type", "asgi", "http_version", "scheme", "server", "client")}
    return {**kept, "method": "POST", "path": CHAT, "raw_path": CHAT.encode(), "query_string": b"", "headers": headers}


def again(content: bytes, receive: Receive) -> Receive:
    """What is received: this body, then whatever the client does next, which is to leave."""
    left = [content]

    async def next_message() -> Message:
        return {"type": "http.request", "body": left.pop(), "more_body": False} if left else await receive()

    return next_message
