"""What a pair's eyes are shown of a frame, by the mmproj's header: one tile where they tile, else a small picture.

llama.cpp does its own resizing, and scales up as well: to SmolVLM every frame becomes 17 tiles of 512×512 pixels, which
is a narrator 17 times as slow. A limit of tokens keeps it to one; to LFM2-VL a low limit makes more tiles, not fewer.
"""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from app.backends.llama.server import LlamaServer, Order, opened
from app.backends.mlx.tile import squeezed
from app.backends.openai.describer import Form, ServerDescriber
from app.cleaning import NoAnswer
from app.errors import ModelError, Outage, UsageError
from app.events import Banner, Chunk, Cost, Request
from app.images import Pixels
from app.models.gguf import read_header

LONGEST = 512
"""Pixels of a frame's longer side: LFM2-VL tiles what is longer, and Qwen's tokens grow with the area."""
TOKENS = 256
"""The most of one picture, where nothing is known of the eyes: LFM2-VL's own limit, and a picture of that size's."""
TILED = "idefics3"
"""SmolVLM's projector. llama.cpp shows it tiles and, after them, the whole; both are the same where it is one tile."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a frame is shown."""

    edge: int = 0
    """Squeezed to a square of so many pixels; 0: its own shape."""
    limit: int | None = None
    """The most tokens that llama.cpp may make of it; None: as it likes."""
    longest: int = LONGEST
    """Pixels of its longer side, at most; not of a square."""

    def picture(self, pixels: Pixels) -> Pixels:
        """RGB, H×W×3, uint8."""
        return squeezed(pixels, self.edge) if self.edge else smaller(pixels, self.longest)


DETAILED = Shown(longest=1024)
"""In all its detail, for a picture on request: as many tiles as llama.cpp makes of it."""


def shown(mmproj: Path, limit: int | None = None) -> Shown:
    """How these eyes are shown a frame; `limit`: the tokens that are wished for.

    Raises:
        CorruptFile: the file is no GGUF file, or not whole.
        UsageError: they cannot do with so few.
    """
    keys = read_header(mmproj).keys
    kind = keys.get("clip.projector_type") or keys.get("clip.vision.projector_type")
    edge, patch, shuffle, longest = (keys.get(f"clip.vision.{name}") for name in SIZES)
    if kind != TILED or not isinstance(edge, int) or not isinstance(patch, int) or not isinstance(shuffle, int):
        return Shown(limit=limit)
    one_tile = (edge // patch // shuffle) ** 2
    if limit is not None and limit < one_tile:
        raise UsageError(f"{mmproj.name} makes {one_tile} tokens of a tile, and shows it twice", f"leave out {FEWER}")
    return Shown(edge, limit or (one_tile if longest != edge else None))


FEWER = "--image-tokens, or take more"
SIZES = ("image_size", "patch_size", "projector.scale_factor", "preproc_image_size")


def smaller(pixels: Pixels, longest: int = LONGEST) -> Pixels:
    """The frame in its own shape, its longer side at most so many pixels."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return pixels
    import cv2
    import numpy as np

    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


WORTH_S = 60.0
"""One that lives for so long is worth being started again."""
TURN_S = 0.05
GONE_S = 2.0
"""The longest from the end of its connection to the end of its process, on a busy machine."""
FORM = Form("llama", is_picture_first=True)
"""The order in which models learn them. The words would be kept as a prefix otherwise: a dozen tokens a frame."""


@dataclass(slots=True)
class RestartingServer:
    """A `Describer`, and the llama.cpp server behind it. Raises ModelError, as `opened` does."""

    name: str
    order: Order
    shown: Shown
    check_warnings: tuple[str, ...] = ()
    """What the check could not rule out; set at start-up, shown in the banner."""
    now: Callable[[], float] = time.monotonic
    server: LlamaServer = field(init=False)
    asker: ServerDescriber = field(init=False)
    started_at: float = field(init=False)
    is_again: bool = field(default=False, init=False)
    """This one took the place of another."""
    lock: Lock = field(default_factory=Lock, init=False)
    """Held by who starts it again."""

    def __post_init__(self) -> None:
        self.take(opened(self.order))

    @property
    def banner(self) -> Banner:
        return Banner(f"{self.name} in {self.server.name}", self.check_warnings)

    def describe(self, request: Request) -> Generator[Chunk]:
        """See `Describer.describe`. Several threads may ask at once.

        Raises:
            Outage: it has died and is started again, or it refuses this one question.
            ModelError: it died again.
        """
        server, asker = self.server, self.asker
        yield from self.waited(server)
        small = [replace(frame, pixels=self.shown.picture(frame.pixels)) for frame in request.frames]
        try:
            with closing(asker.describe(replace(request, frames=small))) as pieces:
                yield from pieces
        except NoAnswer:
            raise
        except ModelError as failure:
            broke_off_at = self.now()
            while isinstance(failure, Outage) and not server.has_ended() and self.now() - broke_off_at < GONE_S:
                yield Chunk("", Cost())
                time.sleep(TURN_S)
            if server.has_ended():
                raise self.started_again(server) from failure
            raise Outage(failure.message, self.order.hint) from failure  # its log is not for people to see

    def waited(self, server: LlamaServer) -> Generator[Chunk]:
        """Empty pieces until it can be asked."""
        while not server.is_ready():
            if server.has_ended():
                raise self.started_again(server)
            if self.now() - self.started_at > self.order.patience_s:
                raise ModelError(f"{server.name} was started again, and does not become ready", "start looksay again")
            yield Chunk("", Cost())
            time.sleep(TURN_S)

    def started_again(self, dead: LlamaServer) -> ModelError:
        """What to raise for one that has ended: an outage, unless it had only just been started again."""
        why, is_lost = dead.reason(), dead.has_lost_its_port()
        with self.lock:
            if self.server is dead:
                dead.close()
                if self.is_again and not is_lost and self.now() - self.started_at < WORTH_S:
                    return ModelError(f"{why.message}; it had been started again shortly before", why.hint)
                self.take(LlamaServer(self.order))
                self.is_again = True
        return Outage(why.message, "wait a moment: it is being started again")

    def take(self, server: LlamaServer) -> None:
        self.server, self.started_at = server, self.now()
        self.asker = ServerDescriber(server.endpoint, FORM)

    def close(self) -> None:
        """End it."""
        self.asker.close()
        self.server.close()
