"""One description as it comes: partial sentences, whole ones, cost, and whether it can be trusted."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field

from app.errors import Outage
from app.events import Cost, Frame, Request, Sentence, SentenceKind
from app.live.caption_quality import CUT, find_loop, reason_to_doubt
from app.live.stall import StallDetector
from app.protocols import Describer
from app.text import SentenceSplitter

SENTENCE_ENDS = ".!?…\"'”’)"
"""What a whole sentence may end with; one without, at the limit of tokens, was cut and is not given."""


@dataclass(frozen=True, slots=True)
class Partial:
    """The sentence in the making."""

    text: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole sentence."""

    text: str
    cost: Cost


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why the last text, or its absence, cannot be trusted."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The model could not be reached, or broke off; nothing more comes."""

    outage: Outage


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a description that was neither left nor failed."""

    cost: Cost


CaptionStep = Partial | Whole | Doubt | Failed | Ended


@dataclass(frozen=True, slots=True)
class Description:
    """What the sentences of one description share."""

    frame: Frame
    started_at: float
    """Monotonic seconds, when inference began."""
    number: int
    """Descriptions so far, this one included."""

    def sentence(self, whole: Whole, kind: SentenceKind, about: str = "") -> Sentence:
        age_s = self.started_at - self.frame.seen_at + whole.cost.first_word_s
        return Sentence(whole.text, kind, self.frame, age_s, whole.cost, self.number, about)


@dataclass(frozen=True, slots=True)
class Captioner:
    """Asks a describer, and notes when it was last heard."""

    describer: Describer
    stall: StallDetector = field(default_factory=StallDetector)

    def caption(self, request: Request, is_left: Callable[[], bool]) -> Generator[CaptionStep]:
        """Describe a request sentence by sentence. Leaves off within a token once `is_left`; then nothing more comes.

        A model that repeats itself is cut where it begins to; a missing end is a doubt, and not a sentence.
        """
        text, sentences, cost, given = "", SentenceSplitter(), Cost(), set[str]()
        try:
            with closing(self.describer.describe(request)) as chunks:
                self.stall.start()
                while (chunk := self.stall.next(chunks)) is not None:
                    if is_left():
                        return
                    text, cost = text + chunk.text, chunk.cost
                    if find_loop(text) is not None:
                        break
                    for sentence in sentences.add(chunk.text):
                        if sentence not in given:
                            given.add(sentence)
                            yield Whole(sentence, cost)
                    if sentences.rest.strip():
                        yield Partial(sentences.rest.strip())
        except Outage as outage:
            yield Failed(outage)
            return
        is_cut, rest = cost.tokens >= request.max_tokens, sentences.finish()
        reason = reason_to_doubt(text, is_cut=is_cut)
        is_half = is_cut and rest != "" and rest[-1] not in SENTENCE_ENDS
        if reason is None and rest and not is_half and rest not in given:
            yield Whole(rest, cost)
        elif not given and (reason or is_half):
            yield Doubt(reason or CUT)
        yield Ended(cost)

    def answer(self, request: Request, is_enough: Callable[[str], bool]) -> tuple[str, Cost]:
        """The text of an answer, and its cost; nothing more is waited for once it `is_enough`. Raises Outage."""
        text, cost = "", Cost()
        with closing(self.describer.describe(request)) as chunks:
            self.stall.start()
            while (chunk := self.stall.next(chunks)) is not None:
                text, cost = text + chunk.text, chunk.cost
                if is_enough(text):
                    break
        return text, cost
