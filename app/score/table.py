"""Two narrations side by side on a terminal, with the bars; or all of it as JSON."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.score.metrics import Bar, Mark, SentenceVerdict, Verdicts, as_json, marks
from app.text import sanitize

Scored = Mapping[str, Sequence[Verdicts]]
"""By the narrator's name: its verdicts, one for each clip."""


def show(scored: Scored) -> None:
    """Print the table, and what the first narrator missed or got wrong."""
    from rich.console import Console
    from rich.table import Table

    found = {name: marks(verdicts) for name, verdicts in scored.items()}
    table = Table("", *found, "wanted", "", box=None, pad_edge=False)
    for row in zip(*found.values(), strict=True):
        table.add_row(row[0].words, *(spelt(mark) for mark in row), wanted(row[0].bar, row[0]), met(row[0]))
    console = Console(file=sys.stdout, highlight=False, markup=False)
    console.print(table)
    for line in faults(next(iter(scored.values()))):
        console.print(sanitize(line))


def spelt(mark: Mark) -> str:
    """With how many were judged, where that says something."""
    return (
        f"{value(mark.value, mark)} of {mark.of}"
        if mark.unit == "share" and mark.value is not None
        else value(mark.value, mark)
    )


def value(number: float | None, mark: Mark) -> str:
    match number, mark.unit:
        case None, _:
            return "–"
        case _, "share":
            return f"{100 * number:.1f}%"
        case _, "count":
            return f"{number:.0f}"
        case _, "s":
            return f"{number:.2f} s"
        case _:
            return f"{number:.1f}"


def wanted(bar: Bar | None, mark: Mark) -> str:
    return f"{'≥' if bar.is_floor else '≤'} {value(bar.limit, mark)}" if bar else ""


def met(mark: Mark) -> str:
    return {True: "met", False: "not met", None: ""}[mark.is_met]


def faults(verdicts: Sequence[Verdicts]) -> Iterator[str]:
    """One line each: what was missed, and what was said amiss; for each clip, how much could not be judged."""
    for each in verdicts:
        yield from faults_of(each)


def faults_of(found: Verdicts) -> Iterator[str]:
    for event in found.events:
        if not event.is_in_time:
            when = f"told after {event.delay_s:.1f} s" if event.told else "never told"
            yield f"{at(found, event.event.at)}: {event.event.kind} {when}: {event.event.told_by[0]}"
    for sentence in found.sentences:
        why = ", ".join(word for word, is_so in faults_in(sentence) if is_so)
        if why:
            yield f"{at(found, sentence.told.media_s)}: {why}: {sentence.told.text}"
    for notice in found.notices:
        if not notice.told:
            yield f"{at(found, notice.at)}: {notice.kind} not told"
    for told in found.false_notices:
        yield f"{at(found, told.told_at)}: false notice, {told.kind}: {told.text}"
    if found.unjudged:
        yield f"{at(found, found.seconds)}: the truth ends here; not judged: {found.unjudged} told after it"


def faults_in(sentence: SentenceVerdict) -> list[tuple[str, bool]]:
    return [
        ("wrong", not sentence.is_true),
        ("repeated", sentence.is_repeated),
        ("on nuisance alone", sentence.is_uncalled),
    ]


def at(found: Verdicts, media_s: float) -> str:
    return f"{found.clip} {media_s:.1f} s"


def spelt_json(scored: Scored) -> dict[str, Any]:
    """Marks of all clips together, and of each clip for itself, by narrator."""
    return {
        name: {
            "all": as_json(marks(verdicts)),
            "clips": {each.clip: as_json(marks([each])) for each in verdicts},
            "faults": list(faults(verdicts)),
        }
        for name, verdicts in scored.items()
    }
