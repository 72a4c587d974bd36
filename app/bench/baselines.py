"""How programs use mlx-vlm elsewhere: what `./run.sh bench` measures looksay against. The narrator never uses them.

They share the weights of a model that is loaded, and have a processor of their own, for looksay sets its own to its
ways. They choose the likeliest token, whatever generation_config.json says, so that texts can be compared.
"""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import mlx.core as mx
import mlx_vlm
import numpy as np
from mlx_vlm.utils import load_image_processor, load_processor
from PIL import Image

from app.backends.mlx.cpu import published
from app.backends.mlx.families import family
from app.backends.mlx.loading import FAILURES, UNFIT, Inputs, Loaded
from app.config import ModelOptions
from app.errors import ModelError
from app.events import Chunk, Cost, Request
from app.images import Pixels
from app.models.registry import Card

GREEDY = {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "skip_special_tokens": True}
Asked = tuple[str, list[Image.Image]]
"""The prompt in the model's own form, and the pictures."""


@dataclass(slots=True)
class Rival:
    """Hands every frame to one of mlx-vlm's own functions."""

    loaded: Loaded
    picture: Callable[[Pixels], Image.Image]
    answers: Callable[[Loaded, Asked, int], Generator[Any]]
    """Yields mlx-vlm's results, of at most so many tokens."""
    counted: dict[tuple[int, ...], int] = field(default_factory=dict, init=False)
    """Image tokens by the frames' shapes."""

    def describe(self, request: Request) -> Generator[Chunk]:
        """Yield the description as it comes. Raises ModelError where mlx-vlm fails."""
        try:
            with published(self.loaded.model):  # looksay has put activations of its own into the model on a CPU
                yield from self.told(request)
        except FAILURES as failure:
            raise ModelError(f"mlx-vlm failed on a frame: {failure}", UNFIT) from failure

    def told(self, request: Request) -> Generator[Chunk]:
        cost = Cost(image_tokens=self.image_tokens(request), encoded=len(request.frames))
        started = time.monotonic()
        with closing(self.answers(self.loaded, self.asked(request), request.max_tokens)) as results:
            for result in results:
                cost = spent(cost, result, time.monotonic() - started)
                yield Chunk(result.text, cost)

    def asked(self, request: Request) -> Asked:
        processor, config, pictures = self.loaded.processor, self.loaded.model.config, self.pictures(request)
        return mlx_vlm.apply_chat_template(processor, config, request.prompt, num_images=len(pictures)), pictures

    def pictures(self, request: Request) -> list[Image.Image]:
        return [self.picture(frame.pixels) for frame in request.frames]

    def prepare(self, request: Request) -> Inputs:
        """What the model is given, evaluated: ids, pixels and masks."""
        inputs = self.loaded.inputs(self.pictures(request), request.prompt)
        mx.eval([value for value in inputs.values() if isinstance(value, mx.array)])
        return inputs

    def image_tokens(self, request: Request) -> int:
        """How many rows of the language model's input are image: counted for the first frames of a shape."""
        shape = tuple(side for frame in request.frames for side in frame.pixels.shape)
        if shape not in self.counted:
            self.counted[shape] = self.loaded.image_rows(self.prepare(request))
        return self.counted[shape]


def whole(loaded: Loaded) -> Rival:
    """`mlx_vlm.generate` as webcam demos call it: the whole frame, the processor as published, one answer."""
    return Rival(with_own_processor(loaded), as_it_is, generated)


def single(loaded: Loaded, card: Card, wish: ModelOptions) -> Rival:
    """`mlx_vlm.stream_generate` at its best: the frame squeezed to one tile beforehand, and tiling off."""
    own = with_own_processor(loaded)
    how = family(own, card, wish)
    how.inputs([how.picture(np.zeros((720, 1280, 3), np.uint8))], "")  # this sets the processor, which stays so
    return Rival(own, how.picture, streamed)


def with_own_processor(loaded: Loaded) -> Loaded:
    """The same weights, with the processor as it was published."""
    ends = getattr(loaded.model.config, "eos_token_id", None)
    processor = load_processor(loaded.folder, True, eos_token_ids=ends)
    if (images := load_image_processor(loaded.folder)) is not None:
        processor.image_processor = images
    return replace(loaded, processor=processor)


def as_it_is(pixels: Pixels) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels))


def generated(loaded: Loaded, asked: Asked, max_tokens: int) -> Generator[Any]:
    words, pictures = asked
    yield mlx_vlm.generate(loaded.model, loaded.processor, words, image=pictures, max_tokens=max_tokens, **GREEDY)


def streamed(loaded: Loaded, asked: Asked, max_tokens: int) -> Generator[Any]:
    words, pictures = asked
    yield from mlx_vlm.stream_generate(
        loaded.model, loaded.processor, words, image=pictures, max_tokens=max_tokens, **GREEDY
    )


def spent(cost: Cost, result: Any, total_s: float) -> Cost:
    """mlx-vlm prefills all tokens but the last, runs that one, and is one token ahead: 2 forwards more than tokens."""
    first_word_s = cost.first_word_s or (total_s if result.text.strip() else 0.0)
    return replace(
        cost,
        first_word_s=first_word_s,
        total_s=total_s,
        tokens=result.generation_tokens - (result.finish_reason == "stop"),
        forwards=result.generation_tokens + 2,
    )
