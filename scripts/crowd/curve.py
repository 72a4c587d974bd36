"""How long a server takes for a caption while so many others are under way: asked for real.

It keeps the same number of questions under way for some seconds and counts the answers: with n under way and r answers
a second, each took n / r seconds (Little's law), whatever the server does inside. Every picture is another one, so that
a server that remembers pictures gains nothing.
"""

import base64
import itertools
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock, Thread
from urllib.request import Request, urlopen

import cv2
import numpy as np

from app.cameras import grounds, world
from app.settings import PROMPT

PICTURES = 384
TOKENS = 24
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Point:
    """What was found with so many questions under way."""

    at_once: int
    answers: int
    caption_s: float
    """Seconds from a question to its whole answer, on average."""


def measured(url: str, model: str, at_once: Sequence[int], seconds: float, rounds: int) -> list[Point]:
    """The curve of the server whose /v1 is at `url`: of all rounds each number's quickest, the least disturbed one."""
    bodies = itertools.cycle(body(model, picture) for picture in drawn(PICTURES))
    asked = Questions(url.rstrip("/") + "/chat/completions", bodies)
    asked.one()  # the first may load the model
    found = [[asked.together(count, seconds) for count in at_once] for _ in range(rounds)]
    return [min(points, key=lambda point: point.caption_s) for points in zip(*found, strict=True)]


def drawn(count: int) -> Iterator[bytes]:
    """Pictures of the drawn world as JPEG, 320×240."""
    rng = np.random.default_rng(11)
    for number in range(count):
        ground = grounds.sample_ground(rng, darkest=0.42, lightest=0.6)
        picture = world.draw(world.sample_scene(rng, 1 + number % 3), ground, 320, 240)
        yield cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


def body(model: str, picture: bytes) -> bytes:
    url = "data:image/jpeg;base64," + base64.b64encode(picture).decode()
    content = [{"type": "text", "text": PROMPT}, {"type": "image_url", "image_url": {"url": url}}]
    message = {"role": "user", "content": content}
    return json.dumps({"model": model, "messages": [message], "max_tokens": TOKENS, "temperature": 0}).encode()


class Questions:
    """Asks, on as many threads as are wanted."""

    def __init__(self, url: str, bodies: Iterator[bytes]) -> None:
        self.url, self.bodies, self.lock = url, bodies, Lock()
        self.answers = 0

    def together(self, count: int, seconds: float) -> Point:
        """Keep `count` under way for so long; the time counts until the last is answered."""
        self.answers, started = 0, time.monotonic()
        threads = [Thread(target=self._until, args=(started + seconds,)) for _ in range(count)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        return Point(count, self.answers, (time.monotonic() - started) * count / max(1, self.answers))

    def _until(self, end: float) -> None:
        while time.monotonic() < end:
            self.one()
            with self.lock:
                self.answers += 1

    def one(self) -> str:
        with self.lock:
            data = next(self.bodies)
        request = Request(self.url, data, {"Content-Type": "application/json"})
        with urlopen(request, timeout=PATIENCE_S) as reply:
            text = json.load(reply)["choices"][0]["message"]["content"]
        if not text.strip():
            raise RuntimeError(f"{self.url} gave an empty answer")
        return str(text)
