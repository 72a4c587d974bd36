"""A small application behind the real guard, on a real server, and what its tests ask it with."""

import asyncio
import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import uvicorn

from app.web.access import Guard
from app.web.page_server import Address, address, config, listen

LINE = b"data: still here\n\n"
MUCH = b"x" * 65536
LIMIT_S = 20.0
"""It only ends a test that has failed."""


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await (shout if scope["path"] == "/flood" else echo)(receive, send)
    elif scope["path"] in ("/stream", "/flood"):
        await stream(receive, send, LINE if scope["path"] == "/stream" else MUCH)
    else:
        body = (await receive())["body"]
        told = json.dumps({"path": scope["path"], "bytes": len(body)}).encode()
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(told)).encode())]}
        )
        await send({"type": "http.response.body", "body": told})


async def echo(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": str(len(message.get("bytes") or message.get("text") or ""))})


async def shout(receive: Any, send: Any) -> None:
    """Messages without an end, until the other end has gone."""
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        await send({"type": "websocket.send", "bytes": MUCH})


async def stream(receive: Any, send: Any, piece: bytes) -> None:
    """Pieces without an end, until the other end has gone."""
    await receive()
    gone = asyncio.ensure_future(receive())
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    while not gone.done():
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0.01)


class Serving:
    """A server on a thread of its own, as the page runs it."""

    def __init__(self, server: uvicorn.Server, listener: socket.socket) -> None:
        self.server = server
        self.worker = Thread(target=asyncio.run, args=(server.serve(sockets=[listener]),), daemon=True)
        self.worker.start()

    def close(self) -> None:
        """End it; may be called twice."""
        self.server.should_exit = True
        self.worker.join(LIMIT_S)


@dataclass
class Site:
    """The page, being served."""

    address: Address
    guard: Guard
    serving: "Serving"
    trust: ssl.SSLContext | None = None
    asked: list[str] = field(default_factory=list)
    """What has come through to the application."""
    running: list[str] = field(default_factory=list)
    """What the application has not finished answering."""
    host: str = field(init=False)

    def __post_init__(self) -> None:
        self.host = f"127.0.0.1:{self.address.port}"

    def connection(self) -> http.client.HTTPConnection:
        if self.trust:
            return http.client.HTTPSConnection(self.host, timeout=LIMIT_S, context=self.trust)
        return http.client.HTTPConnection(self.host, timeout=LIMIT_S)

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> "Reply":
        """One request on a connection of its own."""
        connection = self.connection()
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def get(self, path: str = "/", **headers: str) -> int:
        """The status of a GET; `Sec_Fetch_Site` names a header, as Python cannot write it otherwise."""
        return self.ask("GET", path, {name.replace("_", "-"): value for name, value in headers.items()}).status

    def post(self, path: str = "/api/more", body: bytes = b"{}", **headers: str) -> "Reply":
        """A POST as the page sends it, but for the headers that are named."""
        own = {"Content-Type": "application/json", "Authorization": f"Bearer {self.address.token}"}
        other = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", path, {name: value for name, value in {**own, **other}.items() if value}, body)

    def raw(self, sent: bytes = b"") -> socket.socket:
        """A connection on which this has been sent."""
        connection = socket.create_connection(("127.0.0.1", self.address.port), timeout=LIMIT_S)
        connection = self.trust.wrap_socket(connection, server_hostname="127.0.0.1") if self.trust else connection
        connection.sendall(sent)
        return connection

    def head(self, path: str = "/stream") -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


@contextmanager
def served(
    host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, trust: ssl.SSLContext | None = None
) -> Iterator[Site]:
    listener = listen(host, 0)
    where = address(host, listener.getsockname()[1])
    asked: list[str] = []
    running: list[str] = []

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        running.append(scope["path"])
        try:
            await app(scope, receive, send)
        finally:
            running.remove(scope["path"])

    guard = Guard(noting, where)
    serving = Serving(uvicorn.Server(config(guard, tls)), listener)
    try:
        yield Site(where, guard, serving, trust, asked, running)
    finally:
        serving.close()
        assert not serving.worker.is_alive()


def closed_by_server(connection: socket.socket) -> bool:
    """Whether the other end closes, after whatever it may still say."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True
