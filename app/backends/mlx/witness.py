"""Is the quick road mlx-vlm's own, but for rounding? Asked once a start, with one frame.

Held against it are the rows that the frame became, before the language model, and what the language model makes of
them: another version of mlx-vlm may compute either otherwise.
"""

import mlx.core as mx
from mlx_vlm.models.cache import make_prompt_cache

from app.backends.mlx.context import Context
from app.backends.mlx.fast_path import QuickRoad
from app.backends.mlx.loading import FAILURES, Inputs
from app.events import Request

ROUNDING = 0.02
"""Of the largest number: bfloat16's is 0.004, and a picture in other places or colours differs by more than 0.5."""


def agrees(road: QuickRoad, request: Request, inputs: Inputs) -> bool:
    """Whether the road does as mlx-vlm's own code; `inputs` are what the processor makes of the request."""
    try:
        ours, theirs = road.rows(request), road.loaded.rows(inputs)
        if ours.shape != theirs.shape:
            return False
        seen = road.shown(request).seen
        return alike(ours[:, seen], theirs[:, seen]) and alike(
            our_logits(road, theirs), their_logits(road, inputs, theirs)
        )
    except FAILURES:  # a part of mlx-vlm has another face
        return False


def our_logits(road: QuickRoad, rows: mx.array) -> mx.array:
    return road.language.logits(Context(road.language).extend(rows)[:, -1:])


def their_logits(road: QuickRoad, inputs: Inputs, rows: mx.array) -> mx.array:
    whole = road.loaded.model.language_model
    found: mx.array = whole(inputs["input_ids"], inputs_embeds=rows, cache=make_prompt_cache(whole)).logits
    return found[:, -1:]


def alike(ours: mx.array, theirs: mx.array) -> bool:
    """Whether two arrays of one shape are the same but for rounding; where theirs is no number, nothing can be told."""
    ours, theirs = ours.astype(mx.float32), theirs.astype(mx.float32)
    largest = mx.abs(theirs).max()
    return bool((mx.abs(ours - theirs).max() <= ROUNDING * largest).item() or mx.isnan(largest).item())
