"""The demo source: the drawn world as an endless live picture, without a camera.

Its seed alone decides what it shows (see `script`), so a test can ask what was there at any time.
"""

import time
from collections.abc import Generator
from threading import Event

import numpy as np

from app.demo.scenes import Background, Scene, draw
from app.demo.script import Script
from app.events import AnyFrame, Banner, Frame, Notice
from app.images import Pixels
from app.threads import read_newest


class SceneSource:
    """A `Source` of drawn frames at `fps`, the newest one each time; with `asap` every one in turn.

    `size`: width and height in pixels.
    """

    def __init__(
        self, asap: bool = False, seed: int = 7, size: tuple[int, int] = (640, 480), fps: float = 30.0
    ) -> None:
        self._asap = asap
        self._size = size
        self._fps = fps
        self._script = Script(seed)

    @property
    def banner(self) -> Banner:
        return Banner("drawn scenes", ("No camera in use: looksay draws these shapes itself.",))

    def truth_at(self, media_s: float) -> Scene:
        """The shapes at that time, as drawn: during a change, in between."""
        return self._script.scene_at(media_s)

    def is_calm_at(self, media_s: float) -> bool:
        """Whether nothing is changing, so that the caption of `truth_at` is exact."""
        return self._script.is_calm_at(media_s)

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        """See `Source.frames`."""
        return self._all_frames(stop) if self._asap else read_newest(self._live_frames, stop)

    def _all_frames(self, stop: Event) -> Generator[Frame]:
        number, renderer = 0, Renderer(self._script.background, self._size)
        while not stop.is_set():
            media_s = number / self._fps
            yield Frame(renderer.render(self.truth_at(media_s)), time.monotonic(), media_s, number)
            number += 1

    def _live_frames(self, stop: Event) -> Generator[Frame]:
        """Each frame when it is due; frames that cannot be drawn in time are left out."""
        started_at, number, renderer = time.monotonic(), 0, Renderer(self._script.background, self._size)
        while not stop.wait(max(0.0, started_at + number / self._fps - time.monotonic())):
            media_s = number / self._fps
            yield Frame(renderer.render(self.truth_at(media_s)), started_at + media_s, media_s, number)
            number = max(number + 1, int((time.monotonic() - started_at) * self._fps))


class Renderer:
    """Draws scenes; an unchanged one is not drawn again."""

    def __init__(self, background: Background, size: tuple[int, int]) -> None:
        self._background = background
        self._size = size
        self._scene: Scene | None = None
        self._pixels: Pixels = np.zeros((0, 0, 3), np.uint8)

    def render(self, scene: Scene) -> Pixels:
        """The scene's pixels, RGB H×W×3 uint8; the same array as long as the scene is the same."""
        if scene != self._scene:
            self._scene, self._pixels = scene, draw(scene, self._background, *self._size)
        return self._pixels
