"""What may be said next, guessed from what was said before. Pure: token ids in, token ids out.

A narrator looks at a scene that was there a second ago, so most of a description is in one of those before it. The
guess is shown to the language model together with what is sure, and what it would not have said is thrown away; so a
guess changes nothing but the time. Prompt lookup decoding (Saxena, 2023) with the last descriptions for the prompt.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

START = -1
"""Stands before the first token of a description."""


@dataclass(slots=True)
class Drafts:
    """The last descriptions, and what they say of the next tokens."""

    longest_after: int = 4
    """How many tokens are guessed in the middle of a description; at its start it is all of the last one."""
    context: int = 4
    """How many tokens in a row must at most be the same for a guess."""
    patience: int = 2
    """How many descriptions in a row may be guessed badly, less than a quarter right, before less is guessed."""
    missed: int = 0
    """How many were, lately."""
    said: deque[tuple[int, ...]] = field(default_factory=lambda: deque(maxlen=8))
    """Newest first, each with START before it."""

    def remember(self, tokens: Sequence[int]) -> None:
        """`tokens` were said, to the end or to the limit, without the end mark."""
        whole = (START, *tokens)
        if whole in self.said:
            self.said.remove(whole)
        self.said.appendleft(whole)

    def learn(self, drafted: int, accepted: int) -> None:
        """Of so many tokens guessed for a description, so many were right."""
        if drafted:
            self.missed = 0 if accepted * 4 >= drafted else self.missed + 1

    def guess(self, tokens: Sequence[int], most: int) -> tuple[int, ...]:
        """At most `most` tokens that may follow those said so far; none where nothing like it has been said.

        The longest context wins, and the newest description among equals.
        """
        if not tokens:
            wholly = most if self.missed < self.patience else min(most, self.longest_after)
            return self.said[0][1 : 1 + wholly] if self.said else ()
        new = (START, *tokens)
        for length in range(min(self.context, len(new)), 0, -1):
            for old in self.said:
                if place := behind(new[-length:], old):
                    return old[place : place + min(most, self.longest_after)]
        return ()


def behind(part: Sequence[int], whole: Sequence[int]) -> int:
    """Where the part ends in the whole, if anything follows it there; else 0."""
    length = len(part)
    places = (start + length for start in range(len(whole) - length) if whole[start : start + length] == part)
    return next(places, 0)
