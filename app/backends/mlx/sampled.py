"""Choosing the next token by chance, as a model's card may ask for; the arithmetic is mlx-vlm's own.

A draft cannot be judged by it: what would have been said is not known before it is drawn.
"""

from collections.abc import Sequence

import mlx.core as mx
from mlx_vlm.sample_utils import make_logits_processors, make_sampler

from app.backends.mlx.speculative import Choose
from app.models.card import Sampling


def sampled(how: Sampling, before: int) -> Choose:
    """Draws as `how` says; `before` is the prompt's last token, which counts as said for the repetition penalty."""
    penalty = how.repetition_penalty if how.repetition_penalty != 1.0 else None
    change = make_logits_processors(None, penalty)
    draw = make_sampler(temp=how.temperature, top_p=1.0, min_p=how.min_p)

    def choose(logits: mx.array, said: Sequence[mx.array]) -> mx.array:
        tokens = mx.concatenate([mx.array([before], mx.uint32), *said])
        for each in change:
            logits = each(tokens, logits)
        found: mx.array = draw(logits - mx.logsumexp(logits, axis=-1, keepdims=True))
        return found

    return choose
