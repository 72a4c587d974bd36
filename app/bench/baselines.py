"""mlx-vlm as other programs use it: what `./run.sh bench` compares looksay with. The narrator never uses it.

The baselines share the weights of a loaded model and have a processor of their own, as looksay changes its own. They
choose the likeliest token, whatever generation_config.json says, so that texts can be compared.
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
from app.backends.mlx.reference import cost
from app.config import ModelOptions
from app.errors import ModelError
from app.events import Chunk, Request
from app.images import Pixels
from app.models.registry import Card

GREEDY = {"temperature": 0.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "skip_special_tokens": True}


@dataclass(slots=True)
class Baseline:
    """Passes each frame to one of mlx-vlm's own functions."""

    loaded: Loaded
    to_image: Callable[[Pixels], Image.Image]
    is_streamed: bool
    """By `mlx_vlm.stream_generate`, otherwise by `mlx_vlm.generate`."""
    image_tokens: dict[tuple[int, ...], int] = field(default_factory=dict, init=False)
    """Rows of the language model's input that are image, by the frames' shapes; counted once for each."""

    def describe(self, request: Request) -> Generator[Chunk]:
        """Yield the description as it comes. Raises ModelError where mlx-vlm fails."""
        shape = tuple(side for frame in request.frames for side in frame.pixels.shape)
        try:
            with published(self.loaded.model):  # without looksay's own activations on a CPU
                if shape not in self.image_tokens:
                    self.image_tokens[shape] = self.loaded.image_rows(self.prepare(request))
                started, first_word_s = time.monotonic(), 0.0
                with closing(self.generate(request)) as results:
                    for result in results:
                        total_s = time.monotonic() - started
                        first_word_s = first_word_s or (total_s if result.text.strip() else 0.0)
                        spent = cost(result, first_word_s, total_s, self.image_tokens[shape], len(request.frames))
                        yield Chunk(result.text, spent)
        except FAILURES as failure:
            raise ModelError(f"mlx-vlm failed on a frame: {failure}", UNFIT) from failure

    def generate(self, request: Request) -> Generator[Any]:
        """mlx-vlm's results."""
        model, processor, images = self.loaded.model, self.loaded.processor, self.images(request)
        prompt = mlx_vlm.apply_chat_template(processor, model.config, request.prompt, num_images=len(images))
        options = {"image": images, "max_tokens": request.max_tokens, **GREEDY}
        if self.is_streamed:
            yield from mlx_vlm.stream_generate(model, processor, prompt, **options)
        else:
            yield mlx_vlm.generate(model, processor, prompt, **options)

    def prepare(self, request: Request) -> Inputs:
        """What the model is given, evaluated: ids, pixels and masks."""
        inputs = self.loaded.inputs(self.images(request), request.prompt)
        mx.eval([value for value in inputs.values() if isinstance(value, mx.array)])
        return inputs

    def images(self, request: Request) -> list[Image.Image]:
        return [self.to_image(frame.pixels) for frame in request.frames]


def defaults(loaded: Loaded) -> Baseline:
    """`mlx_vlm.generate` as webcam demos call it: the whole frame, the processor as published, one answer."""
    return Baseline(
        with_published_processor(loaded), lambda pixels: Image.fromarray(np.ascontiguousarray(pixels)), False
    )


def one_tile(loaded: Loaded, card: Card, options: ModelOptions) -> Baseline:
    """`mlx_vlm.stream_generate` at its best: the frame resized to one tile beforehand, and tiling off."""
    own = with_published_processor(loaded)
    how = family(own, card, options)
    how.inputs([how.picture(np.zeros((720, 1280, 3), np.uint8))], "")  # sets the processor to one tile, for good
    return Baseline(own, how.picture, True)


def with_published_processor(loaded: Loaded) -> Loaded:
    """The same weights, with the processor as it was published."""
    ends = getattr(loaded.model.config, "eos_token_id", None)
    processor = load_processor(loaded.folder, True, eos_token_ids=ends)
    if (images := load_image_processor(loaded.folder)) is not None:
        processor.image_processor = images
    return replace(loaded, processor=processor)
