"""The score: shares and delays of many verdicts with the values wanted, as a table or as JSON."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.commands.measurement import percentile
from app.score.metrics import NoticeVerdict, Verdicts
from app.text import sanitize

Unit = Literal["share", "s", "count", "a minute"]
Scored = Mapping[str, Sequence[Verdicts]]
"""By the narrator's name: its verdicts, one for each clip."""


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the table."""

    key: str
    label: str
    value: float | None
    """None if there was nothing to judge."""
    of: int
    """How many were judged."""
    unit: Unit
    least: float | None = None
    """The value wanted, at least."""
    most: float | None = None

    @property
    def is_met(self) -> bool | None:
        if self.value is None or self.wanted is None:
            return None
        return self.value >= self.least if self.least is not None else self.value <= self.wanted

    @property
    def wanted(self) -> float | None:
        return self.least if self.least is not None else self.most


def scores(found: Sequence[Verdicts]) -> list[Score]:
    """Of all clips together."""
    return [*event_scores(found), *sentence_scores(found), *notice_scores(found), *effort_scores(found)]


def event_scores(found: Sequence[Verdicts]) -> list[Score]:
    events = [event for each in found for event in each.events]
    delays = [event.delay_s for event in events if event.sentence]
    settled = [event.sentence.said_at - event.settled_at for event in events if event.sentence]
    return [
        share("events_told", "events told within 2 s", [each.is_in_time for each in events], least=0.9),
        Score("delay_p50_s", "delay, p50", percentile(delays, 50), len(delays), "s", most=1.0),
        Score("delay_p95_s", "delay, p95", percentile(delays, 95), len(delays), "s"),
        Score("after_p50_s", "delay from the change's end, p50", percentile(settled, 50), len(settled), "s"),
    ]


def sentence_scores(found: Sequence[Verdicts]) -> list[Score]:
    sentences = [sentence for each in found for sentence in each.sentences]
    uncalled = sum(each.is_uncalled for each in sentences)
    return [
        share("wrong", "sentences that are wrong", [not each.is_true for each in sentences], most=0.05),
        share("repeated", "sentences that repeat", [each.is_repeated for each in sentences], most=0.05),
        Score("uncalled", "sentences on nuisance alone", uncalled, len(sentences), "count", most=0),
    ]


def notice_scores(found: Sequence[Verdicts]) -> list[Score]:
    def of(*kinds: str) -> list[NoticeVerdict]:
        return [notice for each in found for notice in each.notices if notice.kind in kinds]

    def given(*kinds: str) -> list[bool]:
        return [each.notice is not None for each in of(*kinds)]

    false = sum(len(each.false_notices) for each in found)
    exact = [each.is_exact for each in of("dark", "covered")]
    return [
        share("dark_covered", "dark and covered told", given("dark", "covered"), least=1.0),
        share("dark_covered_exact", "dark and covered told apart", exact),
        share("frozen_blurred", "frozen and blurred told", given("frozen", "blurred")),
        share("clear", "sight that is back told", given("clear")),
        Score("false_notices", "false notices", false, false, "count", most=0),
    ]


def effort_scores(found: Sequence[Verdicts]) -> list[Score]:
    """Compared with one frame a second. Runs whose number of described frames is unknown are left out."""
    counted = [each for each in found if each.described is not None]
    quiet = [each for each in counted if each.is_quiet]
    part, whole = described_a_second(quiet), described_a_second(counted)
    pace = None if whole is None else 60 * whole
    return [
        Score("described_a_minute", "frames described a minute", pace, len(counted), "a minute"),
        Score("described_share", "of one a second, in quiet clips", part, len(quiet), "share", most=0.25),
    ]


def described_a_second(found: Sequence[Verdicts]) -> float | None:
    return sum(each.described or 0 for each in found) / sum(each.seconds for each in found) if found else None


def share(key: str, label: str, hits: Sequence[bool], least: float | None = None, most: float | None = None) -> Score:
    return Score(key, label, sum(hits) / len(hits) if hits else None, len(hits), "share", least, most)


def as_json(scored: Scored) -> dict[str, Any]:
    """The scores of all clips together and of each clip alone, by narrator."""

    def records(found: Sequence[Verdicts]) -> dict[str, Any]:
        return {each.key: {"value": each.value, "of": each.of, "is_met": each.is_met} for each in scores(found)}

    return {
        name: {
            "all": records(verdicts),
            "clips": {each.clip: records([each]) for each in verdicts},
            "faults": list(faults(verdicts)),
        }
        for name, verdicts in scored.items()
    }


def show(scored: Scored) -> None:
    """Print the table, and what the first narrator missed or got wrong."""
    from rich.console import Console
    from rich.table import Table

    table = Table("", *scored, "wanted", "", box=None, pad_edge=False)
    for row in zip(*map(scores, scored.values()), strict=True):
        first = row[0]
        bar = f"{'≤' if first.least is None else '≥'} {spelt(first.wanted, first.unit)}"
        met = {True: "met", False: "not met", None: ""}[first.is_met]
        table.add_row(first.label, *map(cell, row), "" if first.wanted is None else bar, met)
    console = Console(file=sys.stdout, highlight=False, markup=False)
    console.print(table)
    for line in faults(next(iter(scored.values()))):
        console.print(sanitize(line))


def cell(score: Score) -> str:
    """The value, of a share with how many were judged."""
    of = f" of {score.of}" if score.unit == "share" and score.value is not None else ""
    return f"{spelt(score.value, score.unit)}{of}"


def spelt(value: float | None, unit: Unit) -> str:
    if value is None:
        return "–"
    return {"share": f"{100 * value:.1f}%", "count": f"{value:.0f}", "s": f"{value:.2f} s"}.get(unit, f"{value:.1f}")


def faults(verdicts: Sequence[Verdicts]) -> Iterator[str]:
    """One line each: what was missed or wrong; for each clip, how much could not be judged."""
    for found in verdicts:
        for event in found.events:
            if not event.is_in_time:
                when = f"told after {event.delay_s:.1f} s" if event.sentence else "never told"
                yield f"{found.clip} {event.event.at:.1f} s: {event.event.kind} {when}: {event.event.told_by[0]}"
        for each in found.sentences:
            named = {"wrong": not each.is_true, "repeated": each.is_repeated, "on nuisance alone": each.is_uncalled}
            if why := ", ".join(name for name, is_so in named.items() if is_so):
                yield f"{found.clip} {each.sentence.media_s:.1f} s: {why}: {each.sentence.text}"
        for notice in found.notices:
            if not notice.notice:
                yield f"{found.clip} {notice.at:.1f} s: {notice.kind} not told"
        for false in found.false_notices:
            yield f"{found.clip} {false.said_at:.1f} s: false notice, {false.kind}: {false.text}"
        if found.unjudged:
            yield f"{found.clip} {found.seconds:.1f} s: the truth ends here; not judged: {found.unjudged} told after it"
