"""The mlx backend: mlx-vlm's models, on the one thread that made the describer.

Every frame becomes the number of image tokens that its model's family has promised (families.py); any other count
is an error, never a slow or blind caption. Of one frame nothing is kept for the next but words to guess from:
mlx-vlm's `PromptCacheState` would answer for the old frame.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from app.backends.mlx import cpu
from app.backends.mlx.families import Direct, Family, family
from app.backends.mlx.fast_path import QuickRoad, agrees
from app.backends.mlx.loading import FAILURES, UNFIT, Inputs, Loaded, load
from app.backends.mlx.reference import Plain, agreed
from app.cleaning import Cleaner, cleaned
from app.config import AS_PUBLISHED, ModelOptions
from app.errors import ModelError
from app.events import Banner, Chunk, Frame, Request
from app.models.registry import Card

OTHERWISE = (
    "This mlx-vlm computes a frame otherwise than looksay's quick road does, so frames take mlx-vlm's own, slower one. "
    'More in KNOWN_ISSUES.md, "Frames take the slow path"'
)


class MlxDescriber:
    """Describes frames with a model that mlx-vlm loads, as its card says and the user wishes.

    Raises:
        ModelError: the folder holds no model that can be loaded, prompted and shown a frame.
        UsageError: the wish cannot be granted.
    """

    def __init__(
        self, folder: Path, card: Card | None = None, wish: ModelOptions = AS_PUBLISHED, *, drafts: bool = True
    ) -> None:
        self.card = card or Card(folder.name)
        self.loaded = load(folder, wish.precision)
        self.family = settled(self.loaded, self.card, wish)
        self.plain = Plain(self.loaded, self.family, self.card.sampling)
        self.starts_thinking = self.loaded.starts_thinking()
        self.road: QuickRoad | Plain = self.plain
        self.warnings = cpu.warnings()
        self.check_warnings: tuple[str, ...] = ()
        """What the check could not rule out; set at start-up, shown first in the banner."""
        self.warm_up(drafts=drafts)

    @property
    def banner(self) -> Banner:
        words = filter(None, (self.card.name, self.family.words, self.loaded.precision))
        return Banner(", ".join(words), (*self.check_warnings, *self.warnings))

    def warm_up(self, *, drafts: bool) -> None:
        """Describe a frame: a model that cannot is found out now, and the first caption is quick.

        The rows that reach the language model are counted here, and the quick road is held against mlx-vlm's own code:
        if another version of it computes otherwise, its own road is taken, and the banner says so.
        """
        request = Request((ramp(),), "What do you see?", max_tokens=4)
        with explained(self.loaded, request):
            pictures, inputs = self.plain.seen(request)
            agreed(self.loaded, self.loaded.image_rows(inputs), self.family.due(pictures, inputs))
            if isinstance(self.family, Direct):
                self.take_the_quick_road(request, inputs, drafts=drafts)
            for _ in self.road.describe(request):
                pass

    def take_the_quick_road(self, request: Request, inputs: Inputs, *, drafts: bool) -> None:
        quick = road(self.plain, drafts=drafts)
        if isinstance(quick, QuickRoad) and agrees(quick, request, inputs):
            self.road = quick
        else:
            self.warnings = (*self.warnings, OTHERWISE)

    def describe(self, request: Request) -> Generator[Chunk]:
        """Yield the description of `request.frames` as it comes; to cancel, close the iterator.

        Raises:
            ModelError: the model failed.
            NoAnswer: the description was all thinking.
            UsageError: there are more frames than it can be shown at once.
        """
        cleaner = Cleaner(request.prompt, starts_thinking=self.starts_thinking)
        with (
            explained(self.loaded, request),
            cpu.wired(),
            closing(cleaned(self.road.describe(request), cleaner)) as chunks,
        ):
            yield from chunks

    def close(self) -> None:
        """Release this thread's streams."""
        cpu.release()


def ramp() -> Frame:
    """A frame of the shape of most cameras' in which no two places are alike."""
    down, across = np.mgrid[0:720, 0:1280].astype(np.float32)
    colours = np.stack([across / 1280, down / 720, (across + down) / 2000], axis=2)
    return Frame((colours * 255).astype(np.uint8), time.monotonic(), 0.0, 0)


def settled(loaded: Loaded, card: Card, wish: ModelOptions) -> Family:
    """The model's family, its processor set."""
    try:
        return family(loaded, card, wish)
    except FAILURES as failure:
        raise ModelError(f"the processor in {loaded.folder} cannot be set: {failure}", UNFIT) from failure


def road(plain: Plain, *, drafts: bool) -> QuickRoad | Plain:
    """The quickest way in which this family's frames can be described, as far as mlx-vlm has the parts for it."""
    if not isinstance(plain.family, Direct):
        return plain
    try:
        return QuickRoad(plain.loaded, plain.family, plain.sampling, drafts=drafts)
    except FAILURES:
        return plain


@contextmanager
def explained(loaded: Loaded, request: Request) -> Iterator[None]:
    """The border where mlx-vlm's failures over a request are translated."""
    try:
        yield
    except FAILURES as failure:
        hint = UNFIT if len(request.frames) == 1 else "show it one frame at a time: leave --frames out"
        raise ModelError(f"the model {loaded.name} failed on a frame: {failure}", hint) from failure
