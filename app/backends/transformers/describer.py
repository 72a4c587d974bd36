"""The describer of the transformers backend. Of one frame nothing is kept for the next."""

import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from app.backends.transformers.decode import Decoder, chooser
from app.backends.transformers.device import device
from app.backends.transformers.loading import FAILURES, PUBLISHED, Loaded, load
from app.backends.transformers.processor import KINDS, Square
from app.backends.transformers.published import Published
from app.backends.transformers.shown import Inputs, Shown, counted
from app.backends.transformers.speech import Speech
from app.cleaning import Cleaner, cleaned, opens_thinking
from app.config import AS_PUBLISHED, ModelOptions
from app.errors import ModelError
from app.events import Banner, Chunk, Frame, Request
from app.models.registry import Card


class TransformersDescriber:
    """Describes frames with a model that transformers loads, as its card says and the user wishes.

    Raises:
        ModelError: the folder holds no model that can be loaded, prompted and shown a frame.
        UsageError: the wish cannot be granted.
    """

    def __init__(self, folder: Path, card: Card | None = None, wish: ModelOptions = AS_PUBLISHED) -> None:
        self.card, self.device = card or Card(folder.name), device(wish.precision)
        self.device.settle()
        self.loaded = load(folder, self.device)
        self.shown = settled(self.loaded, self.card, wish)
        self.decoder = Decoder(self.loaded.model, self.loaded.ends, chooser(self.card.sampling))
        self.check_warnings: tuple[str, ...] = ()
        """What the check could not rule out; set at start-up, shown first in the banner."""
        self.starts_thinking = opens_thinking(self.shown.rendered("What do you see?"))
        self.warm_up()

    @property
    def banner(self) -> Banner:
        warnings = (*self.check_warnings, *self.device.warnings)
        return Banner(f"{self.card.name}, {self.shown.words}, {self.device.words}", warnings)

    def warm_up(self) -> None:
        """Describe a frame: a model that cannot is found out now, and the first caption is quick."""
        grey = Frame(np.full((720, 1280, 3), 90, np.uint8), time.monotonic(), 0.0, 0)
        for _ in self.raw(Request((grey,), "What do you see?", max_tokens=2)):
            pass

    def prepare(self, request: Request) -> Inputs:
        """From frames and words to what the model is given, on its device."""
        with explained(self.loaded, request):
            return self.shown.inputs(request)

    def describe(self, request: Request) -> Generator[Chunk]:
        """Yield the description of `request.frames` as it comes; to cancel, close the iterator.

        Raises:
            ModelError: the model failed.
            NoAnswer: the description was all thinking.
            UsageError: there are more frames than it can be shown at once.
        """
        cleaner = Cleaner(request.prompt, starts_thinking=self.starts_thinking)
        with closing(cleaned(self.raw(request), cleaner)) as chunks:
            yield from chunks

    def raw(self, request: Request) -> Generator[Chunk]:
        """The text as the model makes it."""
        speech = Speech(self.loaded, len(request.frames))
        with explained(self.loaded, request):
            inputs = self.shown.inputs(request)
            speech.image_tokens = counted(inputs, self.loaded)
            with closing(self.decoder.tokens(inputs, request.max_tokens)) as tokens:
                for token in tokens:
                    yield speech.piece(token)
            yield speech.last(request.max_tokens)

    def close(self) -> None:
        """Give back the device's memory."""
        self.device.free()


def settled(loaded: Loaded, card: Card, wish: ModelOptions) -> Shown:
    """The way to show frames that suits the model."""
    try:
        return (Square if loaded.kind in KINDS else Published)(loaded, card, wish)
    except FAILURES as failure:
        raise ModelError(f"the processor in {loaded.folder} cannot be set: {failure}", PUBLISHED) from failure


@contextmanager
def explained(loaded: Loaded, request: Request) -> Iterator[None]:
    """The border where failures of transformers and torch over a request are translated."""
    try:
        yield
    except FAILURES as failure:
        hint = PUBLISHED if len(request.frames) == 1 else "show it one frame at a time: leave --frames out"
        raise ModelError(f"transformers failed with {loaded.name} on a frame: {failure}", hint) from failure
