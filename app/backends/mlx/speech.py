"""From tokens to pieces of text, with what they have cost so far."""

import time
from collections.abc import Generator
from typing import Any

from mlx_vlm.tokenizer_utils import make_streaming_detokenizer

from app.backends.mlx.speculative import Burst
from app.cleaning import is_thinking_mark
from app.events import Chunk, Cost


class Speech:
    """One description as it comes; the clock runs from its making."""

    def __init__(self, processor: Any) -> None:
        self.started, self.first_word_s = time.monotonic(), 0.0
        self.tokens = self.image_tokens = self.encoded = 0
        tokens = zip(processor.tokenizer.all_special_tokens, processor.tokenizer.all_special_ids, strict=True)
        self.unspoken = {number for token, number in tokens if not is_thinking_mark(token)}
        self.writer = make_streaming_detokenizer(processor)

    def pieces(self, burst: Burst) -> Generator[Chunk]:
        """A piece for every token, and after the last one what the writer still held back."""
        for token in burst.tokens:
            self.writer.add_token(token, skip_special_token_ids=self.unspoken)
            self.tokens += 1
            yield self.piece(self.writer.last_segment, burst)
        if burst.is_last:
            self.writer.finalize()
            yield self.piece(self.writer.last_segment, burst)

    def piece(self, text: str, burst: Burst) -> Chunk:
        total_s = time.monotonic() - self.started
        self.first_word_s = self.first_word_s or (total_s if text.strip() else 0.0)
        cost = Cost(
            first_word_s=self.first_word_s,
            total_s=total_s,
            tokens=self.tokens,
            image_tokens=self.image_tokens,
            forwards=burst.forwards,
            drafted=burst.drafted,
            draft_accepted=burst.accepted,
            encoded=self.encoded,
        )
        return Chunk(text, cost)
