"""Shares and delays of many verdicts, and the bars that they are held against."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

from app.score.metrics import NoticeVerdict, Verdicts

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
