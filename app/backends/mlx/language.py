"""The language model of a loaded model, entered by rows and left before its head; its layers are mlx-vlm's own.

mlx-vlm puts the head on every row of a prompt, and a head of 49,280 words is a third of a small model.
"""

from collections.abc import Sequence
from typing import Any

import mlx.core as mx
from mlx_vlm.models.base import create_attention_mask

Parts = list[Any]
"""What mlx-vlm's layers keep of the rows so far, one part a layer."""


class Language:
    """A language model by its three steps: words to rows, rows through the layers, rows to logits."""

    def __init__(self, model: Any) -> None:
        self.whole = model.language_model
        self.body: Any = getattr(self.whole, "model", None)
        """Where mlx-vlm has the layers in a part of their own; with Idefics3 and SmolVLM it has not."""

    def embed(self, ids: Sequence[int]) -> mx.array:
        """Rows of these words, 1×n×width."""
        return self.rows(mx.array(list(ids)))

    def rows(self, ids: mx.array) -> mx.array:
        """Rows of n words, 1×n×width; they need not be known yet."""
        found: mx.array = (self.body or self.whole).embed_tokens(ids[None])
        return found

    def hidden(self, rows: mx.array, cache: Parts) -> mx.array:
        """The last layer's rows (1×n×width), normed; the cache is longer by n after it."""
        found: mx.array = self.stacked(rows, cache) if self.body is None else self.body(None, cache, rows)
        return found

    def stacked(self, rows: mx.array, cache: Parts) -> mx.array:
        rows = rows.astype(self.whole.norm.weight.dtype)
        mask = create_attention_mask(rows, cache)
        for layer, part in zip(self.whole.layers, cache, strict=True):
            rows = layer(rows, mask, part)
        found: mx.array = self.whole.norm(rows)
        return found

    def logits(self, hidden: mx.array) -> mx.array:
        """1×n×vocabulary."""
        has_head = hasattr(self.whole, "lm_head")
        found: mx.array = self.whole.lm_head(hidden) if has_head else self.body.embed_tokens.as_linear(hidden)
        return found
