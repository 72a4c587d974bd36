"""A server of models on a real socket that misbehaves as it is told, so many times, and then answers as it should."""

import json
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from ssl import SSLContext
from threading import Event, Lock, Thread
from typing import Any

from tests.backends.openai.stand_in import decoded
from tests.waiting import LIMIT_S

SAID = "A red circle is in the center."
HALF = "A purple squ"
"""What faults say; nobody may hear it."""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


@dataclass
class Asked:
    """One request, and the socket that it came over."""

    line: str
    headers: dict[str, str]
    body: Any
    caller: socket.socket
    is_over: Event
    """The test is done: whoever hangs may go."""

    @property
    def question(self) -> str:
        return "".join(part.get("text", "") for part in self.parts)

    @property
    def parts(self) -> list[dict[str, Any]]:
        return self.body["messages"][0]["content"] if self.body and "messages" in self.body else []

    @property
    def pictures(self) -> list[Any]:
        return [decoded(part["image_url"]["url"]) for part in self.parts if part["type"] == "image_url"]

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.caller.sendall(part)

    def hang(self) -> None:
        """Until the caller has gone."""
        self.caller.settimeout(0.05)
        while not self.is_over.is_set():
            try:
                if not self.caller.recv(65536):
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return


Fault = Callable[[Asked], None]


def event(text: str | None = None, **more: Any) -> bytes:
    """One event of a stream: some text, or whatever else."""
    delta = {} if text is None else {"content": text}
    told = {"choices": [{"index": 0, "delta": delta, "finish_reason": None}], **more}
    return f"data: {json.dumps(told, ensure_ascii=False)}\n\n".encode()


def finish(reason: str = "stop") -> bytes:
    return event(choices=[{"index": 0, "delta": {}, "finish_reason": reason}])


DONE = b"data: [DONE]\n\n"


def answer(text: str, prompt_tokens: int = 0) -> bytes:
    """A whole stream as llama-server sends it: a role, words, an end, a count."""
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": len(text.split())}
    words = b"".join(event(word) for word in text.replace(" ", " |").split("|"))
    return event(None) + words + finish() + event(choices=[], usage=usage) + DONE


def response(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    sent = b"".join(f"{len(part):x};note=1\r\n".encode() + part + b"\r\n" for part in parts)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + sent + b"0\r\n\r\n"


def sends(*parts: bytes) -> Fault:
    return lambda asked: asked.send(*parts)


def hangs(*first: bytes) -> Fault:
    def fault(asked: Asked) -> None:
        asked.send(*first)
        asked.hang()

    return fault


def goes_on(first: bytes, part: bytes, pause_s: float = 0.0) -> Fault:
    """Without end."""

    def fault(asked: Asked) -> None:
        asked.send(first)
        while not asked.is_over.wait(pause_s):
            asked.send(part)

    return fault


def resets(asked: Asked) -> None:
    """Close at once and forget what is under way, as a process that dies does."""
    asked.caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def breaks_off(seed: int) -> Fault:
    """Somewhere in the middle of an answer."""
    whole = HEAD + answer(f"{HALF}are is on the left.")
    end = whole.index(b"ar", len(HEAD))
    return sends(whole[: Random(seed).randrange(end)])


Says = Callable[[Asked], str]


@dataclass
class Misbehaving:
    """`faults` come one after the other, for questions that `is_meant` picks; everything else is answered."""

    faults: Sequence[Fault]
    says: Says = lambda _asked: SAID
    is_meant: Callable[[Asked], bool] = lambda asked: bool(asked.pictures)
    asked: deque[Asked] = field(default_factory=lambda: deque(maxlen=40))
    lock: Lock = field(default_factory=Lock)
    number: int = 0

    def serve(self, asked: Asked) -> None:
        if asked.line.startswith("GET"):
            self.show(asked)
            return
        with self.lock:
            self.asked.append(asked)
            number, is_meant = self.number, self.is_meant(asked)
            self.number += is_meant
        if is_meant and number < len(self.faults):
            self.faults[number](asked)
            return
        tokens = len(asked.question.split()) + 64 * len(asked.pictures)
        asked.send(HEAD, answer(self.says(asked), tokens))

    def show(self, asked: Asked) -> None:
        if asked.line.split()[1] == "/v1/models":
            asked.send(response("200 OK", json.dumps({"data": [{"id": "small"}]}).encode()))
        else:
            asked.send(response("404 Not Found", b"{}"))


@contextmanager
def misbehaving(server: Misbehaving, encrypted: SSLContext | None = None) -> Iterator[str]:
    """Serve on a free port of the loopback until the end of the block; yields the address, as if it were http."""
    is_over, threads = Event(), list[Thread]()

    def serve(caller: socket.socket) -> None:
        with suppress(OSError, ValueError), caller:
            own = encrypted.wrap_socket(caller, server_side=True) if encrypted else caller
            with own:
                server.serve(received(own, is_over))

    def accept() -> None:
        while not is_over.is_set():
            with suppress(TimeoutError):
                caller, _ = listening.accept()
                caller.settimeout(LIMIT_S)
                threads[:] = [each for each in threads if each.is_alive()]
                threads.append(Thread(target=serve, args=(caller,)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        accepting = Thread(target=accept)
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            is_over.set()
            for each in (accepting, *threads):
                each.join()


def received(caller: socket.socket, is_over: Event) -> Asked:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(caller)
    head, _, body = data.partition(b"\r\n\r\n")
    line, *lines = head.decode("ascii").split("\r\n")
    headers = dict(each.split(": ", 1) for each in lines)
    while len(body) < int(headers.get("Content-Length", 0)):
        body += _some(caller)
    return Asked(line, headers, json.loads(body) if body else None, caller, is_over)


def _some(caller: socket.socket) -> bytes:
    data = caller.recv(65536)
    if not data:
        raise ConnectionError
    return data
