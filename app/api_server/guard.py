"""The key that a client must show: made anew, or from a file that only its owner can read, or from the environment.

It is never taken from the command line, which every user of a machine can read.
"""

import asyncio
import json
import logging
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.api_server.schema import Refused, Served, passed, say
from app.errors import UsageError
from app.files import explain, read_private, readable
from app.security import (
    App,
    BodyTooLarge,
    ClientLeft,
    Message,
    Receive,
    Scope,
    Send,
    is_same_secret,
    read_body,
    replay_body,
)
from app.text import sanitize

VARIABLE = "LOOKSAY_KEY"
FIT = re.compile(r"[!-~]{16,200}")
"""Printable, without a space, and too long to be guessed."""


@dataclass(frozen=True, slots=True)
class Key:
    secret: str = field(repr=False)
    file: Path | None = None
    """Where it lies, if it was read from there."""
    is_given: bool = False
    """Whether the user knows it already, so that it need not be shown."""

    def opens(self, header: bytes) -> bool:
        """Whether the header is `Bearer` and this key; it takes as long for any other."""
        kind, _, shown = header.partition(b" ")
        return is_same_secret(shown.strip().decode("latin-1"), self.secret) and kind.lower() == b"bearer"


def key(file: Path | None) -> Key:
    """The key in the file, which is made if it is not there; else that of the environment; else a new one.

    Raises:
        UsageError: the file can be read by others or not at all, or what is in it is no key.
    """
    if file is not None:
        return Key(kept(file), file, is_given=True)
    if given := os.environ.pop(VARIABLE, ""):  # popped: what is started from here need not know it
        return Key(fit(given, f"the variable {VARIABLE}"), is_given=True)
    return Key(new())


def new() -> str:
    return "looksay-" + secrets.token_urlsafe(24)


def kept(file: Path) -> str:
    """The key in the file; a new one is written there first if there is none, for its owner's eyes only."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as opened:
            opened.write(new() + "\n")
    except FileExistsError:
        pass
    except OSError as failure:
        raise UsageError(*explain(failure, file, "key file", "written")) from failure
    return fit(read_private(file), readable(file))


def fit(text: str, where: str) -> str:
    """The key in this text, if it is one."""
    found = text.strip()
    if not FIT.fullmatch(found):
        raise UsageError(
            f"{where} holds no key: it must be 16 to 200 letters, digits or signs without a space",
            "leave it out, and looksay makes one",
        )
    return found


Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Limits:
    size: int = 20_000_000
    """Bytes."""
    whole_s: float = 30.0
    """Seconds for all of it."""


LIMITS = Limits()


def one(headers: Headers, name: bytes) -> bytes:
    """The value of a header that must stand there once; else empty."""
    found = [value for each, value in headers if each.lower() == name]
    return found[0].strip() if len(found) == 1 else b""


async def body(headers: Headers, receive: Receive, limits: Limits) -> bytes:
    """All of it.

    Raises:
        Refused: it is too long or too slow, or says to be something else than JSON.
        ClientLeft: the connection was closed.
    """
    if one(headers, b"content-type").split(b";")[0].strip().lower() != b"application/json":
        raise Refused(415, "The body must be JSON, and its Content-Type application/json.")
    if one(headers, b"content-encoding") not in (b"", b"identity"):
        raise Refused(415, "The body must not be compressed.")
    length = one(headers, b"content-length")
    if length.isdigit() and int(length) > limits.size:
        raise too_long(limits)
    try:
        return await read_body(receive, most_bytes=limits.size, seconds=limits.whole_s)
    except BodyTooLarge:
        raise too_long(limits) from None
    except TimeoutError:
        raise Refused(408, "The body came too slowly.") from None


def too_long(limits: Limits) -> Refused:
    return Refused(413, f"The body is longer than {limits.size / 1e6:g} MB; send smaller pictures.")


PASSED = (b"content-type", b"content-length", b"cache-control")

log = logging.getLogger(__name__)


class Answer:
    """One answer. A failure is held back until all of it is there."""

    def __init__(self, send: Send) -> None:
        self.send, self.status, self.failure = send, 0, bytearray()

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.status < 400:
                headers = [(name, value) for name, value in message["headers"] if name.lower() in PASSED]
                await self.send({"type": message["type"], "status": self.status, "headers": headers})
        elif self.status < 400:
            await self.send(message)
        else:
            self.failure += message.get("body", b"")


async def asked(server: App, scope: Scope, receive: Receive, send: Send) -> None:
    """Ask the model server, and hand on its answer.

    Raises:
        Refused: it has refused, or failed before it began to answer.
    """
    answer = Answer(send)
    try:
        await server(scope, receive, answer.take)
    except Exception as failure:  # whatever it is, it is not the client's to see
        log.error("The model server has failed: %r", failure)
        if not answer.status:
            raise Refused(500, "The model server has failed.") from failure
    if answer.status >= 400:
        raise refusal(answer.status, bytes(answer.failure))


def refusal(status: int, said: bytes) -> Refused:
    """Its refusal with its reason: of a fault of its own, the first line at most."""
    reason = detail(said)
    if status >= 500:
        log.error("The model server has failed: %s", sanitize(reason))
        return Refused(500, f"The model could not answer: {reason or 'it has failed'}")
    return Refused(400 if status == 422 else status, reason or "The model server refuses this.")


def detail(said: bytes) -> str:
    try:
        found: Any = json.loads(said).get("detail", "")
    except (ValueError, AttributeError):
        return ""
    return found.strip().split("\n")[0] if isinstance(found, str) else ""


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

    server: App
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
        except ClientLeft:
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
            await asked(self.server, bare(scope, content), replay_body(content, receive), send)
        finally:
            self.waiting -= 1


def bare(scope: Scope, content: bytes) -> Scope:
    """A request of our own, with nothing of the client's in it."""
    length = str(len(content)).encode()
    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), (b"content-length", length)]
    kept = {name: scope[name] for name in ("type", "asgi", "http_version", "scheme", "server", "client")}
    return {**kept, "method": "POST", "path": CHAT, "raw_path": CHAT.encode(), "query_string": b"", "headers": headers}
