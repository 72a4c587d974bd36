"""A server that speaks OpenAI's chat completions and answers as it is told: on a real socket, without a model."""

import base64
import io
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import numpy as np
from PIL import Image

from tests.waiting import LIMIT_S

Answer = Callable[[np.ndarray | None, str], str]
"""From the picture (RGB, or None) and the question to the answer."""
Reply = tuple[int, object]
"""Status and content; bytes are sent as they are."""


def completion(text: str, prompt_tokens: int) -> Reply:
    message = {"role": "assistant", "content": text}
    return 200, {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"prompt_tokens": prompt_tokens}}


def model_that(answers: Answer, picture_tokens: int = 64) -> Callable[[dict[str, Any]], Reply]:
    """A chat endpoint that is shown the picture, and counts tokens as a server would."""

    def reply(body: dict[str, Any]) -> Reply:
        parts = body["messages"][0]["content"]
        question = next(part["text"] for part in parts if part["type"] == "text")
        urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        pixels = decoded(urls[0]) if urls else None
        return completion(answers(pixels, question), len(question.split()) + picture_tokens * len(urls))

    return reply


def decoded(url: str) -> np.ndarray:
    kind, _, data = url.partition(",")
    assert kind == "data:image/jpeg;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


@contextmanager
def serving(
    chat: Callable[[dict[str, Any]], Reply], others: Mapping[str, object] = {}, models: tuple[str, ...] = ("small",)
) -> Iterator[str]:
    """Serve on a free port of the loopback until the end of the block; yields the address.

    `others`: what stands at further paths, such as /props.
    """
    pages = {"/v1/models": {"data": [{"id": name, "owned_by": "someone"} for name in models]}, **others}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path.split("?")[0])
            self.send(*(200, page) if page is not None else (404, {"error": "not found"}))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/v1/chat/completions":
                self.send(*chat(body))
            else:
                self.do_GET()

        def send(self, status: int, content: object) -> None:
            sent = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            with suppress(OSError):  # whoever asked may have heard enough
                self.wfile.write(sent)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def answering(sent: bytes, drip: bytes = b"") -> Iterator[str]:
    """Answer one caller with raw bytes, and then with `drip` every twentieth of a second until the end of the block."""
    is_over = Event()

    def answer() -> None:
        with suppress(OSError), listening.accept()[0] as caller:
            caller.recv(65536)
            caller.sendall(sent)
            while drip and not is_over.wait(0.05):
                caller.sendall(drip)
            caller.shutdown(socket.SHUT_WR)
            while caller.recv(65536):  # to close on words that were not read would take back what was answered
                pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(LIMIT_S)
        thread = Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            is_over.set()
            thread.join()
