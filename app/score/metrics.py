"""What was said of a clip compared with what was true: a truth and a narration in, verdicts out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from app.score.narration import Narration, Utterance
from app.score.truth import BLIND, TOUCHING_S, Occurrence, Span, Truth

LIMIT_S = 2.0
"""An event, or a loss of sight, should be reported within so much of its beginning."""
LIMITS_S = {"frozen": 4.0}
"""A frozen camera is recognized by two seconds without the least change, and not before."""
BLURRED_EDGE_S = 0.2
"""This near to a change, a frame may show what was before it or what is after it."""
RELATED = {"dark": ("dark", "covered"), "covered": ("covered", "dark"), "frozen": ("frozen",), "blurred": ("blurred",)}
"""Kinds of notice that report a kind of span: a hand over the lens makes it dark too."""

Same = Callable[[str, str], bool]
"""Whether a new sentence says nothing that an old one did not say."""


@dataclass(frozen=True, slots=True)
class EventVerdict:
    event: Occurrence
    sentence: Utterance | None
    """The first one that reported it before the next event, in time or late."""
    settled_at: float
    """When the change was complete."""

    @property
    def delay_s(self) -> float:
        """From its beginning until it was reported."""
        return self.sentence.said_at - self.event.at if self.sentence else inf

    @property
    def is_in_time(self) -> bool:
        return self.delay_s <= LIMIT_S


@dataclass(frozen=True, slots=True)
class SentenceVerdict:
    sentence: Utterance
    is_true: bool
    """Of its frame."""
    is_repeated: bool
    """It says nothing that the sentence before it did not say, and nothing happened in between."""
    is_uncalled: bool
    """There was nothing but nuisance for some time, and it does not report an earlier event late."""


@dataclass(frozen=True, slots=True)
class NoticeVerdict:
    """A notice that was due."""

    kind: str
    at: float
    """Seconds of the clip, from when on it was due."""
    notice: Utterance | None
    """The one given in time, of this kind or a related one."""

    @property
    def is_exact(self) -> bool:
        return self.notice is not None and self.notice.kind == self.kind


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of one narration of one clip."""

    clip: str
    seconds: float
    is_quiet: bool
    described: int | None
    """Frames; None if unknown."""
    events: tuple[EventVerdict, ...]
    sentences: tuple[SentenceVerdict, ...]
    notices: tuple[NoticeVerdict, ...]
    false_notices: tuple[Utterance, ...]
    unjudged: int
    """Sentences and notices of frames after the end of the truth."""


def judge(truth: Truth, narration: Narration, same: Same) -> Verdicts:
    return Judge(truth, narration, same).verdicts()


class Judge:
    def __init__(self, truth: Truth, narration: Narration, same: Same) -> None:
        said = [each for each in narration.utterances if each.media_s <= truth.seconds + TOUCHING_S]
        self.truth, self.same, self.described = truth, same, narration.described
        self.sentences = [each for each in said if not each.is_notice and each.kind in ("scene", "change")]
        self.notices = [each for each in said if each.is_notice]
        self.unjudged = len(narration.utterances) - len(said)

    def verdicts(self) -> Verdicts:
        truth = self.truth
        ends = [*(event.at for event in truth.events[1:]), inf]
        events = tuple(self.event_verdict(event, end) for event, end in zip(truth.events, ends, strict=False))
        reports = [each.sentence for each in events if each.sentence]
        return Verdicts(
            truth.clip,
            truth.seconds,
            truth.is_quiet,
            self.described,
            events,
            self.sentence_verdicts(reports),
            self.notice_verdicts(),
            tuple(each for each in self.notices if each.kind in RELATED and not self.is_due(each)),
            self.unjudged,
        )

    def event_verdict(self, event: Occurrence, end: float) -> EventVerdict:
        """A sentence reports the event if it has all that one of the captions says; it may say more."""
        reports = (
            each
            for each in self.sentences
            if event.at - TOUCHING_S <= each.media_s < end
            and any(self.same(caption, each.text) for caption in event.told_by)
        )
        return EventVerdict(event, next(reports, None), self.truth.change_end(event))

    def sentence_verdicts(self, reports: Sequence[Utterance]) -> tuple[SentenceVerdict, ...]:
        pairs = zip(self.sentences, [None, *self.sentences], strict=False)
        return tuple(
            SentenceVerdict(
                each,
                any(self.same(each.text, caption) for caption in self.captions_at(each.media_s)),
                before is not None
                and self.same(each.text, before.text)
                and not self.has_happened(before.media_s, each.media_s),
                each not in reports and self.is_uncalled(each),
            )
            for each, before in pairs
        )

    def captions_at(self, media_s: float) -> list[str]:
        """Every sentence that may be said of a frame: captions, and what has just happened."""
        near = self.truth.between(media_s - BLURRED_EDGE_S, media_s + BLURRED_EDGE_S)
        captions = [text for span in near for each in (span, *self.truth.around(span)) for text in each.captions]
        return captions + [
            text
            for event in self.truth.events
            if event.at - BLURRED_EDGE_S <= media_s <= self.truth.change_end(event) + LIMIT_S
            for text in event.told_by
        ]

    def has_happened(self, since: float, until: float) -> bool:
        """Whether an event began in this time, or sight was lost for a while."""
        is_event = any(since + TOUCHING_S < event.at <= until + TOUCHING_S for event in self.truth.events)
        return is_event or any(span.kind in BLIND for span in self.truth.between(since, until))

    def is_uncalled(self, sentence: Utterance) -> bool:
        recently = self.truth.between(sentence.media_s - LIMIT_S, sentence.media_s)
        is_calm = all(span.kind == "scene" for span in recently) and any(span.nuisance for span in recently[-1:])
        return is_calm and not self.has_happened(sentence.media_s - LIMIT_S, sentence.media_s)

    def notice_verdicts(self) -> tuple[NoticeVerdict, ...]:
        """Of each loss of sight; and, if that was reported, of its end."""
        found: list[NoticeVerdict] = []
        for before, span in zip((None, *self.truth.spans), self.truth.spans, strict=False):
            was_blind = bool(found and before and before.kind in BLIND)
            if span.kind in BLIND and (before is None or before.kind != span.kind):
                found.append(NoticeVerdict(span.kind, span.since, self.first_notice(span, RELATED[span.kind])))
            elif was_blind and span.kind not in BLIND and found[-1].notice:
                found.append(NoticeVerdict("clear", span.since, self.first_notice(span, ("clear",))))
        return tuple(found)

    def first_notice(self, span: Span, kinds: Sequence[str]) -> Utterance | None:
        """The first notice of these kinds, from the change that leads to the span until it is too late."""
        before = [each for each in self.truth.spans if each.until <= span.since + TOUCHING_S]
        since = before[-1].since if before and before[-1].kind == "changing" else span.since
        until = span.since + LIMITS_S.get(kinds[0], LIMIT_S)
        return next((each for each in self.notices if each.kind in kinds and since <= each.said_at <= until), None)

    def is_due(self, notice: Utterance) -> bool:
        """Whether there is such a span about then; it may be reported a little late, or while it begins."""
        near = self.truth.between(notice.said_at - LIMIT_S, notice.said_at + BLURRED_EDGE_S)
        ahead = [after for span in near for after in self.truth.around(span)]
        return any(notice.kind in RELATED[span.kind] for span in (*near, *ahead) if span.kind in BLIND)
