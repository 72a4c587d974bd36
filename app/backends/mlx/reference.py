"""The reference path: mlx-vlm's own processor for every frame, and its own generation. Every model can take it."""

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import mlx_vlm
from PIL.Image import Image

from app.backends.mlx.families import Family
from app.backends.mlx.loading import Inputs, Loaded
from app.errors import ModelError
from app.events import Chunk, Cost, Request
from app.models.registry import Sampling

REPORT = 'report this with what ./run.sh check prints'


@dataclass(frozen=True, slots=True)
class Plain:
    """Describes frames with `mlx_vlm.stream_generate`."""

    loaded: Loaded
    family: Family
    sampling: Sampling

    def describe(self, request: Request) -> Generator[Chunk]:
        """See `Describer.describe`; mlx-vlm's failures come as they are."""
        started, first_word_s = time.monotonic(), 0.0
        try:
            pictures, inputs = self.seen(request)
            image_tokens = agreed(self.loaded, self.family.sent(inputs), self.family.due(pictures, inputs))
            with closing(self.generate(inputs, request.max_tokens)) as results:
                for result in results:
                    total_s = time.monotonic() - started
                    first_word_s = first_word_s or (total_s if result.text.strip() else 0.0)
                    yield Chunk(result.text, cost(result, first_word_s, total_s, image_tokens, len(pictures)))
        finally:
            mx.clear_cache()  # mlx-vlm does this only when a generation runs to its end

    def seen(self, request: Request) -> tuple[Sequence[Image], Inputs]:
        """The frames as pictures, and all of the request as the model takes it."""
        pictures = [self.family.picture(frame.pixels) for frame in request.frames]
        return pictures, self.family.inputs(pictures, request.prompt)

    def generate(self, inputs: Inputs, max_tokens: int) -> Generator[Any]:
        """Every setting is said, or mlx-vlm takes it from the model's generation_config.json."""
        how = self.sampling
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
            skip_special_tokens=not self.loaded.has_thinking_tokens(),
            **inputs,
        )
        return found


def agreed(loaded: Loaded, found: int, due: int) -> int:
    """The number of image tokens, if it is the promised one.

    Raises:
        ModelError: it is another.
    """
    if found != due:
        raise ModelError(f"{loaded.name} was sent {found} image tokens where {due} were due", REPORT)
    return found


def cost(result: Any, first_word_s: float, total_s: float, image_tokens: int, frames: int) -> Cost:
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
        encoded=frames,
    )
