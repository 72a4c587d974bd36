"""What was told, held against what was true. Pure: a truth and a telling in, verdicts out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, inf
from typing import Any, Literal

from app.score.log_reader import Telling, Told
from app.score.truth import BLIND, TOUCHING_S, Occurrence, Span, Truth

LIMIT_S = 2.0
"""An event, or a loss of sight, is to be told within so much of its beginning."""
LIMITS_S = {"frozen": 4.0}
"""A camera that repeats itself is known by two seconds without the least change, and not before."""
BLURRED_EDGE_S = 0.2
"""So near to a change, nobody knows whether a frame shows what was or what is."""
KIN = {"dark": ("dark", "covered"), "covered": ("covered", "dark"), "frozen": ("frozen",), "blurred": ("blurred",)}
"""Which notices tell of a kind of span: a hand over the lens makes it dark too."""

Same = Callable[[str, str], bool]
"""Whether a new sentence says nothing that an old one did not say."""


@dataclass(frozen=True, slots=True)
class EventVerdict:
    event: Occurrence
    told: Told | None
    """The first sentence that told of it before the next one happened, in time or late."""
    settled_at: float
    """When the change was complete."""

    @property
    def delay_s(self) -> float:
        """From its beginning until it was told."""
        return self.told.told_at - self.event.at if self.told else inf

    @property
    def is_in_time(self) -> bool:
        return self.delay_s <= LIMIT_S


@dataclass(frozen=True, slots=True)
class SentenceVerdict:
    told: Told
    is_true: bool
    """Of its frame."""
    is_repeated: bool
    """It says nothing that the sentence before it did not say, and nothing happened in between."""
    is_uncalled: bool
    """There was nothing but nuisance for some time, and it is no late word on what happened before."""


@dataclass(frozen=True, slots=True)
class NoticeVerdict:
    """One that was due."""

    kind: str
    at: float
    """Seconds of the clip, from when on it was due."""
    told: Told | None
    """The notice that told of it in time."""

    @property
    def is_exact(self) -> bool:
        """In its own word, and not in that of its kin."""
        return self.told is not None and self.told.kind == self.kind


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of one narration of one clip."""

    clip: str
    seconds: float
    is_quiet: bool
    described: int | None
    """Frames; None where nobody counted them."""
    events: tuple[EventVerdict, ...]
    sentences: tuple[SentenceVerdict, ...]
    notices: tuple[NoticeVerdict, ...]
    false_notices: tuple[Told, ...]
    unjudged: int
    """Sentences and notices of frames from after the end of the truth."""


def judge(truth: Truth, telling: Telling, same: Same) -> Verdicts:
    return Judge(truth, telling, same).verdicts()


@dataclass(frozen=True, slots=True)
class Judge:
    truth: Truth
    telling: Telling
    same: Same

    def verdicts(self) -> Verdicts:
        events = self.events()
        return Verdicts(
            self.truth.clip,
            self.truth.seconds,
            self.truth.is_quiet,
            self.telling.described,
            events,
            self.sentence_verdicts([each.told for each in events if each.told]),
            self.notices(),
            tuple(each for each in self.all_notices if each.kind in KIN and not self.is_due(each)),
            len(self.telling.told) - len(self.told),
        )

    @property
    def told(self) -> list[Told]:
        """What the truth can be asked about."""
        return [each for each in self.telling.told if each.media_s <= self.truth.seconds + TOUCHING_S]

    @property
    def sentences(self) -> list[Told]:
        return [each for each in self.told if not each.is_notice and each.kind in ("scene", "change")]

    @property
    def all_notices(self) -> list[Told]:
        return [each for each in self.told if each.is_notice]

    def events(self) -> tuple[EventVerdict, ...]:
        events = self.truth.events
        ends = [*(event.at for event in events[1:]), inf]
        return tuple(self.event(event, end) for event, end in zip(events, ends, strict=False))

    def event(self, event: Occurrence, end: float) -> EventVerdict:
        tellers = (
            told
            for told in self.sentences
            if event.at - TOUCHING_S <= told.media_s < end and self.tells(told.text, event)
        )
        return EventVerdict(event, next(tellers, None), self.truth.ends(event))

    def tells(self, text: str, event: Occurrence) -> bool:
        """Whether the text has all that one of the sentences says; it may say more."""
        return any(self.same(needed, text) for needed in event.told_by)

    def sentence_verdicts(self, tellers: Sequence[Told]) -> tuple[SentenceVerdict, ...]:
        befores = [None, *self.sentences]
        return tuple(
            SentenceVerdict(
                told, self.is_true(told), self.is_repeated(told, before), told not in tellers and self.is_uncalled(told)
            )
            for told, before in zip(self.sentences, befores, strict=False)
        )

    def is_true(self, told: Told) -> bool:
        return any(self.same(told.text, caption) for caption in self.true_at(told.media_s))

    def true_at(self, media_s: float) -> list[str]:
        """Every sentence that a narrator may say of a frame: captions, and what has just happened."""
        near = self.truth.near(media_s - BLURRED_EDGE_S, media_s + BLURRED_EDGE_S)
        captions = [text for span in near for each in (span, *self.truth.around(span)) for text in each.captions]
        return captions + [
            text
            for event in self.truth.events
            if event.at - BLURRED_EDGE_S <= media_s <= self.truth.ends(event) + LIMIT_S
            for text in event.told_by
        ]

    def is_repeated(self, told: Told, before: Told | None) -> bool:
        if before is None or not self.same(told.text, before.text):
            return False
        return not self.has_happened(before.media_s, told.media_s)

    def has_happened(self, since: float, until: float) -> bool:
        """Whether an event began between the two, or sight was lost for a while."""
        is_event = any(since + TOUCHING_S < event.at <= until + TOUCHING_S for event in self.truth.events)
        return is_event or any(span.kind in BLIND for span in self.truth.near(since, until))

    def is_uncalled(self, told: Told) -> bool:
        recently = self.truth.near(told.media_s - LIMIT_S, told.media_s)
        is_calm = all(span.kind == "scene" for span in recently) and any(span.nuisance for span in recently[-1:])
        return is_calm and not self.has_happened(told.media_s - LIMIT_S, told.media_s)

    def notices(self) -> tuple[NoticeVerdict, ...]:
        """Of each loss of sight; and, where that was told, of its end."""
        found: list[NoticeVerdict] = []
        for before, span in zip((None, *self.truth.spans), self.truth.spans, strict=False):
            was = found[-1].kind if found and before and before.kind in BLIND else ""
            if span.kind in BLIND and (before is None or before.kind != span.kind):
                found.append(NoticeVerdict(span.kind, span.since, self.first(span, KIN[span.kind])))
            elif was and span.kind not in BLIND and found[-1].told:
                found.append(NoticeVerdict("clear", span.since, self.first(span, ("clear",))))
        return tuple(found)

    def first(self, span: Span, kinds: Sequence[str]) -> Told | None:
        """The first notice of these kinds from the change that leads to the span until it is too late."""
        since, until = self.led_to(span), span.since + LIMITS_S.get(kinds[0], LIMIT_S)
        return next((each for each in self.all_notices if each.kind in kinds and since <= each.told_at <= until), None)

    def led_to(self, span: Span) -> float:
        """When the change began that ends with this span, or the span itself."""
        before = [each for each in self.truth.spans if each.until <= span.since + TOUCHING_S]
        return before[-1].since if before and before[-1].kind == "changing" else span.since

    def is_due(self, told: Told) -> bool:
        """Whether there is such a thing about then; it may be told a little late, or while it begins."""
        near = self.truth.near(told.told_at - LIMIT_S, told.told_at + BLURRED_EDGE_S)
        ahead = [after for span in near for after in self.truth.around(span)]
        return any(told.kind in KIN[span.kind] for span in (*near, *ahead) if span.kind in BLIND)


Unit = Literal["share", "s", "count", "a minute"]


@dataclass(frozen=True, slots=True)
class Bar:
    """What is wanted of a mark."""

    limit: float
    is_floor: bool = False
    """The mark shall not be below it; else not above."""

    def is_met(self, value: float) -> bool:
        return value >= self.limit if self.is_floor else value <= self.limit


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of the table."""

    key: str
    words: str
    value: float | None
    """None where there was nothing to judge."""
    of: int
    """How many were judged."""
    unit: Unit
    bar: Bar | None = None

    @property
    def is_met(self) -> bool | None:
        return None if self.bar is None or self.value is None else self.bar.is_met(self.value)


def marks(found: Sequence[Verdicts]) -> list[Mark]:
    """Of all clips together."""
    return [*of_events(found), *of_sentences(found), *of_notices(found), *of_effort(found)]


def of_events(found: Sequence[Verdicts]) -> list[Mark]:
    events = [event for each in found for event in each.events]
    told = [event for event in events if event.told]
    delays = sorted(event.delay_s for event in told)
    settled = sorted(event.told.told_at - event.settled_at for event in told if event.told)
    return [
        share("events_told", "events told within 2 s", [each.is_in_time for each in events], Bar(0.9, is_floor=True)),
        Mark("delay_p50_s", "delay, p50", percentile(delays, 50), len(delays), "s", Bar(1.0)),
        Mark("delay_p95_s", "delay, p95", percentile(delays, 95), len(delays), "s"),
        Mark("after_p50_s", "delay from the change's end, p50", percentile(settled, 50), len(settled), "s"),
    ]


def of_sentences(found: Sequence[Verdicts]) -> list[Mark]:
    sentences = [sentence for each in found for sentence in each.sentences]
    uncalled = sum(each.is_uncalled for each in sentences)
    return [
        share("wrong", "sentences that are wrong", [not each.is_true for each in sentences], Bar(0.05)),
        share("repeated", "sentences that repeat", [each.is_repeated for each in sentences], Bar(0.05)),
        Mark("uncalled", "sentences on nuisance alone", uncalled, len(sentences), "count", Bar(0)),
    ]


def of_notices(found: Sequence[Verdicts]) -> list[Mark]:
    notices = [notice for each in found for notice in each.notices]
    blind = [each for each in notices if each.kind in ("dark", "covered")]
    others = [each for each in notices if each.kind in ("frozen", "blurred")]
    clear = [each for each in notices if each.kind == "clear"]
    false = sum(len(each.false_notices) for each in found)
    return [
        share("dark_covered", "dark and covered told", were_told(blind), Bar(1.0, is_floor=True)),
        share("dark_covered_exact", "dark and covered told apart", [each.is_exact for each in blind]),
        share("frozen_blurred", "frozen and blurred told", were_told(others)),
        share("clear", "sight that is back told", were_told(clear)),
        Mark("false_notices", "false notices", false, false, "count", Bar(0)),
    ]


def of_effort(found: Sequence[Verdicts]) -> list[Mark]:
    """A narrator that looks every second describes a frame a second. Runs whose frames nobody counted do not count."""
    counted = [each for each in found if each.described is not None]
    quiet = [each for each in counted if each.is_quiet]
    part, whole = described_a_second(quiet), described_a_second(counted)
    pace = None if whole is None else 60 * whole
    return [
        Mark("described_a_minute", "frames described a minute", pace, len(counted), "a minute"),
        Mark("described_share", "of one a second, in quiet clips", part, len(quiet), "share", Bar(0.25)),
    ]


def described_a_second(found: Sequence[Verdicts]) -> float | None:
    return sum(each.described or 0 for each in found) / sum(each.seconds for each in found) if found else None


def were_told(notices: Iterable[NoticeVerdict]) -> list[bool]:
    return [each.told is not None for each in notices]


def share(key: str, words: str, hits: Sequence[bool], bar: Bar | None = None) -> Mark:
    return Mark(key, words, sum(hits) / len(hits) if hits else None, len(hits), "share", bar)


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The smallest value that so many of a hundred stay within (nearest rank)."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)] if ordered else None


def as_json(found: Sequence[Mark]) -> dict[str, Any]:
    return {each.key: {"value": each.value, "of": each.of, "is_met": each.is_met} for each in found}
