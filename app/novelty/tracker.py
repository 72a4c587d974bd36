"""Novelty of sentences over time: what was said already, and what is held back until it is certain.

Times are those of the frames.
"""

from dataclasses import dataclass, field
from typing import Literal

from app.novelty.compare import same

Verdict = Literal["new", "known", "held"]
RECENT_S = 60.0
"""Seconds of the source: a sentence of that time that comes back may be a model that wavers."""
ENOUGH = 10
"""Descriptions in a row that are believed whatever was before: two wordings that alternate at random reach it about
once in half an hour."""
RETURNS = 2
"""Recent repetitions that add to the wait, at most: scenes that truly alternate are reported within two seconds."""


@dataclass(frozen=True, slots=True)
class Past:
    """A sentence, and when it was said or given up (media s)."""

    at: float
    text: str


@dataclass(slots=True)
class NoveltyTracker:
    """Tells new sentences from those said already, and from those that a model says once and not again."""

    at: float = field(default=0.0, init=False)
    has_changed: bool = field(default=True, init=False)
    standing: list[str] = field(default_factory=list, init=False)
    """Sentences of the last description from which something was said."""
    said: list[str] = field(default_factory=list, init=False)
    """Sentences of this description, without those that are held."""
    has_told: bool = field(default=False, init=False)
    told: list[Past] = field(default_factory=list, init=False)
    given_up: list[Past] = field(default_factory=list, init=False)
    """Sentences that were held and did not come again at the next look."""
    waiting: dict[str, int] = field(default_factory=dict, init=False)
    """Held sentences of the last description, and in how many descriptions in a row they came."""
    held: dict[str, int] = field(default_factory=dict, init=False)
    """The same, of this description."""

    def begin(self, at: float, *, has_changed: bool) -> None:
        """Begin a description of a frame at `at` (media s). `has_changed`: a change of pixels asked for it.

        Time that goes back means a source that starts over: everything is forgotten.
        """
        if at < self.at:
            self.forget()
        if self.has_told:
            self.standing = self.said
        self.given_up += [Past(self.at, text) for text in self.waiting if not self.match(text, self.held)]
        self.at, self.has_changed = at, has_changed
        self.waiting, self.held, self.said, self.has_told = self.held, {}, [], False
        self.told = [past for past in self.told if at - past.at <= RECENT_S]
        self.given_up = [past for past in self.given_up if at - past.at <= RECENT_S]

    def forget(self) -> None:
        self.standing, self.said, self.has_told = [], [], False
        self.told, self.given_up, self.waiting, self.held = [], [], {}, {}

    def judge(self, sentence: str) -> Verdict:
        """Whether to say a sentence of this description; `held`: ask for another look soon."""
        if same(sentence, "\n".join([*self.standing, *self.said])):
            self.said.append(sentence)
            return "known"
        earlier = self.match(sentence, self.waiting)
        looks = 1 + (self.waiting[earlier] if earlier else 0)
        if looks < self.looks_wanted(sentence):
            self.held[sentence] = looks
            return "held"
        self.waiting.pop(earlier, 0)
        self.said.append(sentence)
        self.told.append(Past(self.at, sentence))
        self.has_told = True
        return "new"

    def looks_wanted(self, sentence: str) -> int:
        """How many descriptions in a row must say so.

        One more for each time that it was said lately, up to two, so that what truly comes back is said a look or two
        later; and one more for each time that it was held and did not come again, so that a model that wavers between
        two wordings falls silent.
        """
        told = sum(same(sentence, past.text) for past in self.told)
        given_up = sum(_alike(sentence, past.text) for past in self.given_up)
        return min(ENOUGH, max(1 + min(told, RETURNS) + given_up, 1 if self.has_changed else 2))

    @staticmethod
    def match(sentence: str, held: dict[str, int]) -> str:
        """The held sentence that means the same; empty if there is none."""
        return next((text for text in held if _alike(sentence, text)), "")


def _alike(one: str, other: str) -> bool:
    """Whether they say the same, with more detail or less."""
    return same(one, other) or same(other, one)
