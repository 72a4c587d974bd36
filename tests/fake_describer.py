"""A describer that says what it was told to: for tests and measurements of everything around a model.

It never looks at a frame, and its banner says so.
"""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field

from app.errors import UserError
from app.events import Banner, Chunk, Cost, Request


@dataclass(slots=True)
class ScriptedDescriber:
    """Says `script[0]` at the first description, `script[1]` at the second, and begins again after the last."""

    script: Sequence[str | UserError]
    """What to say, or the failure to raise."""
    piece_s: float = 0.0
    """Seconds that each piece (a word and the blank behind it) takes."""
    image_tokens: int = 64
    wait: Callable[[float], None] = time.sleep
    asked: list[Request] = field(default_factory=list, init=False)
    """Every request so far."""
    cancelled: int = field(default=0, init=False)
    """Descriptions whose iterator was closed before the end."""
    is_closed: bool = field(default=False, init=False)

    @property
    def banner(self) -> Banner:
        return Banner("scripted", ("These sentences are scripted: no model looks at the pictures.",))

    def describe(self, request: Request) -> Generator[Chunk]:
        """Yield the next text of the script, word by word. Raises the failure that stands in its place."""
        line = self.script[len(self.asked) % len(self.script)]
        self.asked.append(request)
        if isinstance(line, UserError):
            raise line
        try:
            yield from self.say(line.split(" ")[: request.max_tokens])
        except GeneratorExit:
            self.cancelled += 1
            raise

    def say(self, words: Sequence[str]) -> Generator[Chunk]:
        for count, word in enumerate(words, start=1):
            self.wait(self.piece_s)
            yield Chunk(word if count == len(words) else word + " ", self.cost(count))

    def cost(self, tokens: int) -> Cost:
        """What a model of this speed would have cost: one token and one forward a piece."""
        return Cost(
            first_word_s=self.piece_s,
            total_s=tokens * self.piece_s,
            tokens=tokens,
            image_tokens=self.image_tokens,
            forwards=tokens,
        )

    def close(self) -> None:
        self.is_closed = True
