"""How long a server takes for a caption while so many others are under way: asked for real.

It keeps the same number of questions under way for some seconds and counts the answers: with n under way and r answers
a second, each took n / r seconds (Little's law), whatever the server does inside. Every picture is another one, so that
a server that remembers pictures gains nothing.
"""

import base64
import itertools
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any

import cv2
import numpy as np

from app.backends.openai.client import Endpoint, ServerClient, Timeouts
from app.backends.openai.describer import CHAT
from app.config import PROMPT
from app.demo import scenes
from app.errors import ModelError

PICTURES = 384
TOKENS = 24


@dataclass(frozen=True, slots=True)
class Point:
    """What was found with so many questions under way."""

    at_once: int
    answers: int
    caption_s: float
    """Seconds from a question to its whole answer, on average."""


def measured(server: Endpoint, model: str, at_once: Sequence[int], seconds: float, rounds: int) -> list[Point]:
    """The curve of the server at `server`: of all rounds each number's quickest, the least disturbed one.

    Raises:
        ModelError: a question was not answered.
    """
    bodies = itertools.cycle(body(model, picture) for picture in drawn(PICTURES))
    asked = Questions(server, bodies)
    asked.one()  # the first may load the model
    found = [[asked.together(count, seconds) for count in at_once] for _ in range(rounds)]
    return [min(points, key=lambda point: point.caption_s) for points in zip(*found, strict=True)]


def drawn(count: int) -> Iterator[bytes]:
    """Pictures of the drawn world as JPEG, 320×240."""
    rng = np.random.default_rng(11)
    for number in range(count):
        ground = scenes.sample_background(rng, darkest=0.42, lightest=0.6)
        picture = scenes.draw(scenes.sample_scene(rng, 1 + number % 3), ground, 320, 240)
        yield cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


def body(model: str, picture: bytes) -> dict[str, Any]:
    url = "data:image/jpeg;base64," + base64.b64encode(picture).decode()
    content = [{"type": "text", "text": PROMPT}, {"type": "image_url", "image_url": {"url": url}}]
    message = {"role": "user", "content": content}
    return {"model": model, "messages": [message], "max_tokens": TOKENS, "temperature": 0}


class Questions:
    """Asks, on as many threads as are wanted."""

    def __init__(self, server: Endpoint, bodies: Iterator[dict[str, Any]]) -> None:
        self.client, self.bodies, self.lock = ServerClient(server), bodies, Lock()
        self.answers = 0

    def together(self, count: int, seconds: float) -> Point:
        """Keep `count` under way for so long; the time counts until the last is answered."""
        self.answers, started = 0, time.monotonic()
        with ThreadPoolExecutor(count) as pool:
            for each in [pool.submit(self._until, started + seconds) for _ in range(count)]:
                each.result()
        return Point(count, self.answers, (time.monotonic() - started) * count / max(1, self.answers))

    def _until(self, end: float) -> None:
        while time.monotonic() < end:
            self.one()
            with self.lock:
                self.answers += 1

    def one(self) -> str:
        with self.lock:
            asked = next(self.bodies)
        try:
            text = str(self.client.post(CHAT, asked, Timeouts())["choices"][0]["message"]["content"] or "")
        except (KeyError, IndexError, TypeError) as failure:
            raise ModelError("the answer is not a chat completion", "see which server it is") from failure
        if not text.strip():
            raise ModelError(f"{self.client.server.root} gave an empty answer", "see the server's own log")
        return text
