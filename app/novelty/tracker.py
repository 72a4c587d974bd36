"""What was told, and what is held back until it is sure. It has no clock: times are those of the frames."""

from dataclasses import dataclass, field
from typing import Literal

from app.novelty.compare import same

Verdict = Literal["new", "known", "held"]
RECENT_S = 60.0
"""Seconds of the source: what was told in them and comes back may be a model that wavers."""
ENOUGH = 10
"""Descriptions in succession that are believed whatever was before: by chance two wordings that take turns at random
come that far once in half an hour."""


RETURNS = 2
"""So many tellings make it wait, and no more: what truly takes turns is told within two seconds, at 0.4 s a look."""


@dataclass(frozen=True, slots=True)
class Past:
    """A sentence, and when it was told or given up (media s)."""

    at: float
    text: str


@dataclass(slots=True)
class News:
    """Tells what is new from what was said already, and from what a model says one time and not the next."""

    at: float = field(default=0.0, init=False)
    has_changed: bool = field(default=True, init=False)
    standing: list[str] = field(default_factory=list, init=False)
    """What the last description said of which something was told."""
    said: list[str] = field(default_factory=list, init=False)
    """What this description has said, but for what is held."""
    has_told: bool = field(default=False, init=False)
    told: list[Past] = field(default_factory=list, init=False)
    given_up: list[Past] = field(default_factory=list, init=False)
    """What was held, and not said again at the next look."""
    waiting: dict[str, int] = field(default_factory=dict, init=False)
    """What the last description said and was held; how many in succession have said so."""
    held: dict[str, int] = field(default_factory=dict, init=False)
    """The same, of this description."""

    def begins(self, at: float, *, has_changed: bool) -> None:
        """A description begins, of a frame at `at` (media s); `has_changed`: other pixels asked for it.

        A source that starts over, which is seen by its time, is a new story: all is forgotten.
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
        """Whether a sentence of this description is to be said: `held` is perhaps, another look soon will tell."""
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
        """How many descriptions in succession must say so.

        One more for each time that it was told lately, up to two, so that what truly comes back is told a look or two
        later; and one more for each time that it was held and then not said again, so that a model that wavers
        between two wordings falls silent.
        """
        told = sum(same(sentence, past.text) for past in self.told)
        given_up = sum(_alike(sentence, past.text) for past in self.given_up)
        return min(ENOUGH, max(1 + min(told, RETURNS) + given_up, 1 if self.has_changed else 2))

    @staticmethod
    def match(sentence: str, held: dict[str, int]) -> str:
        """The one among those held that means the same; empty if none does."""
        return next((text for text in held if _alike(sentence, text)), "")


def _alike(one: str, other: str) -> bool:
    """With more detail or less."""
    return same(one, other) or same(other, one)
