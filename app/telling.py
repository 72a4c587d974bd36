"""One description as it comes: what grows, what is whole, what it cost, and whether it can be trusted.

It asks the describer and knows its failures; whether a sentence is worth saying is for others to judge.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass

from app.doubt import doubt, looped_at
from app.flow import Cost, Describer, Frame, Piece, Request, Sentence, SentenceKind
from app.sentences import Sentences

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
class Ended:
    """The description is over; the last that comes, unless it was left."""

    cost: Cost


Told = Growth | Whole | Doubt | Ended


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
    """What a describer says of a request. Leaves off within a token once `is_left`; then nothing more comes.

    A model that repeats itself is cut where it begins to; an end that is missing is a doubt, and not a sentence.
    """
    said, sentences, piece, count = "", Sentences(), Piece("", Cost()), 0
    with closing(describer.describe(request)) as pieces:
        for piece in pieces:
            if is_left():
                return
            said += piece.text
            if looped_at(said) is not None:
                break
            for text in sentences.add(piece.text):
                count += 1
                yield Whole(text, piece.cost)
            if sentences.rest.strip():
                yield Growth(sentences.rest.strip())
    is_cut = piece.cost.tokens >= request.max_tokens
    reason, rest = doubt(said, is_cut=is_cut), sentences.finish()
    if reason is None and rest and (not is_cut or rest[-1] in ENDS):
        yield Whole(rest, piece.cost)
    elif reason and count == 0:
        yield Doubt(reason)
    yield Ended(piece.cost)
