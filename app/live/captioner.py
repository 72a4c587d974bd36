"""One description as it comes: what grows, what is whole, what it cost, and whether it can be trusted.

It asks the describer and knows its failures; whether a sentence is worth saying is for others to judge.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass

from app.errors import Outage
from app.events import Chunk, Cost, Frame, Request, Sentence, SentenceKind
from app.live.caption_quality import CUT, doubt, looped_at
from app.protocols import Describer
from app.text import SentenceSplitter

ENDS = ".!?…\"'”’)"
"""What a whole sentence may end with; without one, at the limit of tokens, it is cut and not told."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The sentence in the making."""

    text: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole sentence."""

    text: str
    cost: Cost


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why what was said last, or nothing, cannot be trusted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The model could not be asked, or broke off; nothing more comes."""

    outage: Outage


@dataclass(frozen=True, slots=True)
class Ended:
    """The description is over; the last that comes, unless it was left or has failed."""

    cost: Cost


Told = Growth | Whole | Doubt | Failed | Ended


@dataclass(frozen=True, slots=True)
class Look:
    """One description of a frame: what its sentences share."""

    frame: Frame
    started_at: float
    """Monotonic seconds, when inference began."""
    number: int
    """Descriptions so far, this one included."""

    def sentence(self, whole: Whole, kind: SentenceKind, about: str = "") -> Sentence:
        age_s = self.started_at - self.frame.seen_at + whole.cost.first_word_s
        return Sentence(whole.text, kind, self.frame, age_s, whole.cost, self.number, about)


def told(describer: Describer, request: Request, is_left: Callable[[], bool]) -> Generator[Told]:
    """What a describer says of a request. Leaves off within a token once `is_left`; then nothing more comes."""
    try:
        yield from _told(describer, request, is_left)
    except Outage as outage:
        yield Failed(outage)


def _told(describer: Describer, request: Request, is_left: Callable[[], bool]) -> Generator[Told]:
    """A model that repeats itself is cut where it begins to; an end that is missing is a doubt, and not a sentence."""
    said, sentences, piece, told = "", SentenceSplitter(), Chunk("", Cost()), set[str]()
    with closing(describer.describe(request)) as pieces:
        for piece in pieces:
            if is_left():
                return
            said += piece.text
            if looped_at(said) is not None:
                break
            for text in sentences.add(piece.text):
                if text not in told:
                    told.add(text)
                    yield Whole(text, piece.cost)
            if sentences.rest.strip():
                yield Growth(sentences.rest.strip())
    is_cut, rest = piece.cost.tokens >= request.max_tokens, sentences.finish()
    reason = doubt(said, is_cut=is_cut)
    is_half = is_cut and rest != "" and rest[-1] not in ENDS
    if reason is None and rest and not is_half and rest not in told:
        yield Whole(rest, piece.cost)
    elif not told and (reason or is_half):
        yield Doubt(reason or CUT)
    yield Ended(piece.cost)
