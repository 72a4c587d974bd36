"""The drawn world, live: a source that needs no camera and never ends.

What it shows is decided by its seed alone (see `plan`), so a test can ask what there was to see at any time.
"""

import time
from collections.abc import Generator
from threading import Event

import numpy as np

from app.demo import scenes
from app.demo.scenes import Scene
from app.demo.script import Plan
from app.events import AnyFrame, Banner, Frame, Notice
from app.images import Pixels
from app.threads import read_newest


class Scenes:
    """Drawn pictures at `fps`, the newest one always; every one in turn with `asap`."""

    def __init__(
        self, asap: bool = False, seed: int = 7, size: tuple[int, int] = (640, 480), fps: float = 30.0
    ) -> None:
        self._asap = asap
        self._size = size
        self._fps = fps
        self._plan = Plan(seed)

    @property
    def banner(self) -> Banner:
        return Banner("drawn scenes", ("There is no camera: the shapes are drawn by this program.",))

    def truth_at(self, media_s: float) -> Scene:
        """The shapes as drawn at that time; shapes that come or go are smaller than they will be or were."""
        return self._plan.scene_at(media_s)

    def is_calm_at(self, media_s: float) -> bool:
        """Whether nothing is changing, so that the caption of `truth_at` is exact."""
        return self._plan.is_calm_at(media_s)

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        """See `Source.frames`."""
        return self._drawn(stop) if self._asap else read_newest(self._live, stop)

    def _drawn(self, stop: Event) -> Generator[Frame]:
        number, easel = 0, Easel(self._plan.ground, self._size)
        while not stop.is_set():
            yield Frame(easel.picture(self.truth_at(number / self._fps)), time.monotonic(), number / self._fps, number)
            number += 1

    def _live(self, stop: Event) -> Generator[Frame]:
        """Each picture when it is due; those that cannot be drawn in time are left out."""
        started_at, number, easel = time.monotonic(), 0, Easel(self._plan.ground, self._size)
        while not stop.wait(max(0.0, started_at + number / self._fps - time.monotonic())):
            media_s = number / self._fps
            yield Frame(easel.picture(self.truth_at(media_s)), started_at + media_s, media_s, number)
            number = max(number + 1, int((time.monotonic() - started_at) * self._fps))


class Easel:
    """Draws scenes, and an unchanged one only once."""

    def __init__(self, ground: scenes.Ground, size: tuple[int, int]) -> None:
        self._ground = ground
        self._size = size
        self._scene: Scene | None = None
        self._picture: Pixels = np.zeros((0, 0, 3), np.uint8)

    def picture(self, scene: Scene) -> Pixels:
        """RGB; the same array as long as the scene is the same."""
        if scene != self._scene:
            self._scene, self._picture = scene, scenes.draw(scene, self._ground, *self._size)
        return self._picture
