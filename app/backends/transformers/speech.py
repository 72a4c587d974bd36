"""From tokens to pieces of text, with what they have cost so far."""

import time

from app.backends.transformers.loading import Loaded
from app.cleaning import is_thinking_mark
from app.events import Chunk, Cost


class Speech:
    """One description as it comes; the clock runs from its making."""

    def __init__(self, loaded: Loaded, frames: int) -> None:
        self.loaded, self.frames, self.image_tokens = loaded, frames, 0
        self.started, self.first_word_s = time.monotonic(), 0.0
        self.said: list[int] = []
        tokenizer = loaded.tokenizer
        self.skipped = {
            number
            for token, number in zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True)
            if not is_thinking_mark(token)
        }
        self.written = ""

    def piece(self, token: int) -> Chunk:
        """What a token adds; nothing while a letter of several tokens is not whole."""
        self.said.append(token)
        text = self.text()
        return self.made("" if text.endswith("\ufffd") else text, len(self.said))

    def last(self, most: int) -> Chunk:
        """What was still held back; where the limit did not end it, the end mark took one more pass."""
        return self.made(self.text(), len(self.said) + (len(self.said) < most))

    def text(self) -> str:
        shown = [token for token in self.said if token not in self.skipped]
        whole: str = self.loaded.tokenizer.decode(shown, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return whole

    def made(self, text: str, forwards: int) -> Chunk:
        new, self.written = text[len(self.written) :], max(text, self.written, key=len)
        total_s = time.monotonic() - self.started
        self.first_word_s = self.first_word_s or (total_s if new.strip() else 0.0)
        tokens = len(self.said)
        return Chunk(
            new,
            Cost(self.first_word_s, total_s, tokens, self.image_tokens, forwards=forwards, encoded=self.frames),
        )
