"""A new result beside an old one of the same machine, device, model and question."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

from app.bench.grid import Grid, number
from app.bench.result import ANOTHER, Result
from app.bench.summary import MEASURES
from app.errors import BenchError

Compared = dict[str, Any]


def compared(old: Result, new: Result) -> list[Compared]:
    """Every median that both have, and how many times less it is now.

    Raises:
        BenchError: one of them was edited and lacks what is compared. Of `old` this is known by comparing it to itself.
    """
    try:
        return pairs(old, new)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as failure:
        what = f"{type(failure).__name__}, {failure}"
        raise BenchError(f"the result to compare with is not whole: {what}", ANOTHER) from failure


def pairs(old: Result, new: Result) -> list[Compared]:
    before = {clip["name"]: clip["rows"] for clip in old["clips"]}
    return [
        each
        for clip in new["clips"]
        for row, now in clip["rows"].items()
        if row in before.get(clip["name"], {})
        for each in of_row(clip["name"], row, before[clip["name"]][row], now)
    ]


def of_row(clip: str, row: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Compared]:
    for measure in MEASURES:
        if not measure.is_compared:
            continue
        old, new = numbers(was.get(measure.key)), numbers(now.get(measure.key))
        if old and new and new["median"]:
            yield {
                "clip": clip,
                "row": row,
                "measure": measure.key,
                "was": old,
                "is": new,
                "times_less": old["median"] / new["median"],
                "is_within_spread": new["q1"] <= old["q3"] and old["q1"] <= new["q3"],
            }


def numbers(told: Mapping[str, Any] | None) -> dict[str, float] | None:
    """A median and its quartiles; ValueError or TypeError where one is no number."""
    if told is None:
        return None
    found = {name: float(told[name]) for name in ("median", "q1", "q3")}
    if any(isinstance(told[name], str) for name in found) or not all(map(isfinite, found.values())):
        raise ValueError(f"{dict(told)} is no median with its quartiles")
    return found


def as_grid(found: list[Compared]) -> Grid:
    words = {measure.key: measure for measure in MEASURES}
    lines = [
        [
            f"{each['clip']}, {each['row']}: {words[each['measure']].words}",
            number(each["was"], words[each["measure"]].digits),
            number(each["is"], words[each["measure"]].digits),
            f"{each['times_less']:.2f}",
            "quartiles overlap" if each["is_within_spread"] else "",
        ]
        for each in found
    ]
    return Grid("compared with before", ["", "was", "is", "times less", ""], lines)
