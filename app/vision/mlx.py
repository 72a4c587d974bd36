"""The mlx backend: mlx-vlm generates, on the one thread that made the describer.

Every frame becomes the number of image tokens that its model's family has promised (app/vision/families/); any other
count is an error, never a slow or blind caption. Nothing is kept from one frame to the next: mlx-vlm's
`PromptCacheState` would answer for the old frame.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx_vlm
import numpy as np
from PIL.Image import Image

from app.card import Card
from app.errors import ModelError
from app.flow import Banner, Cost, Frame, Piece, Request
from app.vision import device
from app.vision.families.family import Family
from app.vision.families.table import family
from app.vision.loaded import FAILURES, UNFIT, Inputs, Loaded, load
from app.wish import AS_PUBLISHED, Wish

REPORT = 'report this with what ./run.sh check prints; more in KNOWN_ISSUES.md, "The tiling trap"'


class MlxDescriber:
    """Describes frames with a model that mlx-vlm loads, as its card says and the user wishes.

    Raises:
        ModelError: the folder holds no model that can be loaded, prompted and shown a frame.
        UsageError: the wish cannot be granted.
    """

    def __init__(self, folder: Path, card: Card | None = None, wish: Wish = AS_PUBLISHED) -> None:
        self.card = card or Card(folder.name)
        self.loaded = load(folder, wish.precision)
        self.family = settled(self.loaded, self.card, wish)
        self.warm_up()

    @property
    def banner(self) -> Banner:
        words = filter(None, (self.card.name, self.family.words, self.loaded.precision))
        return Banner(", ".join(words), device.warnings())

    @property
    def choices(self) -> Sequence[int]:
        return self.family.choices

    def warm_up(self) -> None:
        """Describe a grey frame: a model that cannot is found out now, and the first caption is quick.

        It has the shape of most cameras' frames. The rows that reach the language model are counted here, the one
        place where the tower's own word is asked.
        """
        grey = Frame(np.full((720, 1280, 3), 90, np.uint8), time.monotonic(), 0.0, 0)
        request = Request((grey,), "What do you see?", max_tokens=4)
        with explained(self.loaded, request):
            pictures, inputs = self.seen(request)
            self.agree(self.loaded.image_rows(inputs), self.family.due(pictures, inputs))
        for _ in self.describe(request):
            pass

    def describe(self, request: Request) -> Generator[Piece]:
        """Yield the description of `request.frames` as it comes; to cancel, close the iterator.

        Raises:
            ModelError: the model failed.
            UsageError: there are more frames than it can be shown at once.
        """
        started, first_word_s = time.monotonic(), 0.0
        try:
            with explained(self.loaded, request):
                pictures, inputs = self.seen(request)
                image_tokens = self.agree(self.family.sent(inputs), self.family.due(pictures, inputs))
                with closing(self.generate(inputs, request.max_tokens)) as results:
                    for result in results:
                        total_s = time.monotonic() - started
                        first_word_s = first_word_s or (total_s if result.text.strip() else 0.0)
                        yield Piece(result.text, cost(result, first_word_s, total_s, image_tokens))
        finally:
            mx.clear_cache()  # mlx-vlm does this only when a generation runs to its end

    def seen(self, request: Request) -> tuple[Sequence[Image], Inputs]:
        """The frames as pictures, and all of the request as the model takes it."""
        pictures = [self.family.picture(frame.pixels) for frame in request.frames]
        return pictures, self.loaded.inputs(pictures, request.prompt)

    def agree(self, found: int, due: int) -> int:
        """The number of image tokens, if it is the promised one."""
        if found != due:
            raise ModelError(f"{self.loaded.name} was sent {found} image tokens where {due} were due", REPORT)
        return found

    def generate(self, inputs: Inputs, max_tokens: int) -> Generator[Any]:
        """Every setting is said, or mlx-vlm takes it from the model's generation_config.json."""
        how = self.card.sampling
        found: Generator[Any] = mlx_vlm.stream_generate(
            self.loaded.model,
            self.loaded.processor,
            prompt="",
            max_tokens=max_tokens,
            temperature=how.temperature,
            top_p=1.0,
            top_k=0,
            min_p=how.min_p,
            repetition_penalty=how.repetition_penalty if how.repetition_penalty != 1.0 else None,
            skip_special_tokens=True,
            **inputs,
        )
        return found

    def close(self) -> None:
        """Release this thread's streams."""
        device.release()


def settled(loaded: Loaded, card: Card, wish: Wish) -> Family:
    """The model's family, its processor set."""
    try:
        return family(loaded, card, wish)
    except FAILURES as failure:
        raise ModelError(f"the processor in {loaded.folder} cannot be set: {failure}", UNFIT) from failure


@contextmanager
def explained(loaded: Loaded, request: Request) -> Iterator[None]:
    """The border where mlx-vlm's failures over a request are translated."""
    try:
        yield
    except FAILURES as failure:
        remedy = UNFIT if len(request.frames) == 1 else "show it one frame at a time: leave --frames out"
        raise ModelError(f"the model {loaded.name} failed on a frame: {failure}", remedy) from failure


def cost(result: Any, first_word_s: float, total_s: float, image_tokens: int) -> Cost:
    """What mlx-vlm's result says was spent.

    It prefills all tokens but the last, runs that one, and is always one token ahead: two forwards more than tokens.
    """
    ended = result.finish_reason == "stop"  # the end mark counts as a token there, not here
    return Cost(
        first_word_s=first_word_s,
        total_s=total_s,
        tokens=result.generation_tokens - ended,
        image_tokens=image_tokens,
        forwards=result.generation_tokens + 2,
    )
