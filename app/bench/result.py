"""The result of a bench as one JSON object: medians, paired ratios, texts that differ; and older results beside it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import isfinite
from statistics import median, quantiles
from typing import Any

from app.bench.rows import Caption
from app.commands.measurement import read_text
from app.errors import BenchError
from app.files import readable, user_path

FORMAT = 1
"""Of the JSON object; to be raised when the meaning of a number changes."""
HINT = "take a file that ./run.sh bench --json made on this machine"
SAME_TEXT = ("b", "c", "d")
"""Rows that must say the same, letter by letter, as they compute the same."""
BASES = ("a", "b")
"""Rows that the others are compared with."""
MOST_DIFFERENCES = 20
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Quartiles:
    median: float
    q1: float
    q3: float
    count: int


def quartiles(values: Sequence[float]) -> Quartiles | None:
    """None of nothing; a single number is its own quartiles."""
    if not values:
        return None
    first, _, third = quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
    return Quartiles(median(values), first, third, len(values))


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about a caption."""

    key: str
    label: str
    of: Callable[[Caption], float | None]
    digits: int = 0
    is_compared: bool = False
    """Whether ratios are made of it; less is better then."""


MEASURES = (
    Measure("preprocessing_ms", "preprocessing, ms", lambda each: times(1e3, each.preprocessing_s), 1, True),
    Measure("first_word_ms", "first word, ms", lambda each: 1e3 * each.first_word_s, 1, True),
    Measure("caption_ms", "caption, ms", lambda each: 1e3 * each.total_s, 1, True),
    Measure("tokens", "tokens", lambda each: each.cost.tokens or None),
    Measure("tokens_per_s", "tokens/s over the caption", lambda each: each.cost.tokens / each.total_s or None),
    Measure("forwards", "forwards a caption", lambda each: each.cost.forwards or None, is_compared=True),
    Measure("image_tokens", "image tokens", lambda each: each.cost.image_tokens or None),
    Measure("vision_passes", "vision passes", lambda each: each.cost.encoded if each.cost.forwards else None),
    Measure("peak_mb", "peak memory, MB", lambda each: times(1e-6, each.peak_bytes), is_compared=True),
)


def times(factor: float, value: float | None) -> float | None:
    return None if value is None else factor * value


def summary(captions: Sequence[Caption], clip: str, rows: Sequence[str]) -> dict[str, Any]:
    """All that is reported of one clip, ready for JSON."""
    here = [each for each in captions if each.clip == clip]
    texts = {row: {(each.round, each.place): each.text for each in here if each.row == row} for row in rows}
    of_b = texts.get("b", {})
    common = {row: [at for at in said if at in of_b] for row, said in texts.items()}
    pairs = [(one, other) for one, other in pairwise(sorted(of_b)) if one[0] == other[0]]
    return {
        "name": clip,
        "rows": {row: row_summary([each for each in here if each.row == row]) for row in rows},
        "ratios": {base: ratios(here, base, rows) for base in BASES if base in rows},
        "same_text": {
            row: [sum(texts[row][at] == of_b[at] for at in found), len(found)] for row, found in common.items()
        },
        "differences": differences(texts)[:MOST_DIFFERENCES],
        "changes": [sum(of_b[one] != of_b[other] for one, other in pairs), len(pairs)],
    }


def row_summary(captions: Sequence[Caption]) -> dict[str, Any]:
    """Medians over captions; of exact counts the sums too."""
    found: dict[str, Any] = {"captions": len(captions)}
    for measure in MEASURES:
        middle = quartiles([value for value in map(measure.of, captions) if value is not None])
        found[measure.key] = asdict(middle) if middle else None
    for name in ("forwards", "drafted", "draft_accepted"):
        found[f"{name}_in_all"] = sum(getattr(each.cost, name) for each in captions)
    return found


def ratios(captions: Sequence[Caption], base: str, rows: Sequence[str]) -> dict[str, Any]:
    """How many times less each row takes than `base`: one ratio a round, of the frames that both described."""

    def ratio(row: str, measure: Measure) -> dict[str, Any] | None:
        values = []
        for number in sorted({each.round for each in captions}):
            ours, theirs = (
                {
                    each.place: value
                    for each in captions
                    if (each.row, each.round) == (name, number) and (value := measure.of(each)) is not None
                }
                for name in (row, base)
            )
            common = ours.keys() & theirs.keys()
            if total := sum(ours[place] for place in common):
                values.append(sum(theirs[place] for place in common) / total)
        found = quartiles(values)
        return asdict(found) if found else None

    compared = [measure for measure in MEASURES if measure.is_compared]
    return {row: {measure.key: ratio(row, measure) for measure in compared} for row in rows if row != base}


def differences(texts: Mapping[str, Mapping[tuple[int, int], str]]) -> list[dict[str, Any]]:
    """Frames that rows which must agree describe differently."""
    found = []
    for at in sorted(texts.get("b", {})):
        said = {row: texts[row][at] for row in SAME_TEXT if at in texts.get(row, {})}
        if len(set(said.values())) > 1:
            found.append({"round": at[0], "place": at[1], **said})
    return found


def read_result(path: str) -> Result:
    """An earlier result, complete enough to be compared with.

    Raises:
        BenchError: it cannot be read, or is not a result.
    """
    file, name = user_path(path), readable(path)
    try:
        found = json.loads(read_text(file, BenchError))
    except (ValueError, RecursionError) as failure:
        raise BenchError(f"{name} is not valid JSON: {failure}", HINT) from failure
    if not isinstance(found, dict) or not all(isinstance(found.get(key), dict) for key in ("fingerprint", "settings")):
        raise BenchError(f"{name} is not what ./run.sh bench --json prints", HINT)
    if found.get("format") != FORMAT:
        message = f"{name} was written by another version of the bench, format {found.get('format')}"
        raise BenchError(message, "measure again with this one: ./run.sh bench --json > NEW.json")
    try:
        compare(found, found)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as failure:
        raise BenchError(f"{name} is incomplete: {type(failure).__name__}, {failure}", HINT) from failure
    return found


def refuse_incomparable(old: Result, fingerprint: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Raise BenchError for a result of another machine, device, model, question, or number of captions."""
    if different := difference(old["fingerprint"], fingerprint):
        raise BenchError(f"results cannot be compared: {different}", f"{HINT}, with this model and these flags")
    if different := difference(old["settings"], settings):
        flags = " ".join(f"--{name} {old['settings'].get(name)}" for name in settings)
        raise BenchError(f"results cannot be compared: {different}", f"measure as much as before: {flags}")


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    other = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    return "; ".join(f"{name} was {before.get(name)} and is {now.get(name)}" for name in other)


def compare(old: Result, new: Result) -> list[dict[str, Any]]:
    """Every median that both have, and how many times less it is now. Raises what an edited result leads to."""
    before, found = {clip["name"]: clip["rows"] for clip in old["clips"]}, []
    for clip in new["clips"]:
        for row, now in clip["rows"].items():
            for measure in (each for each in MEASURES if each.is_compared):
                was = before.get(clip["name"], {}).get(row, {}).get(measure.key)
                if not (was and now.get(measure.key) and now[measure.key]["median"]):
                    continue
                was, new_is = (numbers(each) for each in (was, now[measure.key]))
                found.append({
                    "clip": clip["name"],
                    "row": row,
                    "measure": measure.key,
                    "was": was,
                    "is": new_is,
                    "times_less": was["median"] / new_is["median"],
                    "is_within_spread": new_is["q1"] <= was["q3"] and was["q1"] <= new_is["q3"],
                })  # fmt: skip
    return found


def numbers(found: Mapping[str, Any]) -> dict[str, float]:
    """A median and its quartiles; ValueError or TypeError if one is not a number."""
    if not all(isfinite(found[name]) for name in ("median", "q1", "q3")):
        raise ValueError(f"{dict(found)} is not a median with its quartiles")
    return {name: float(found[name]) for name in ("median", "q1", "q3")}
