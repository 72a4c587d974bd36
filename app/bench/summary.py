"""From takes to medians, paired ratios and differences of text."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from app.bench.rounds import Take
from app.bench.rows import Caption
from app.bench.spread import spread

EXACT = ("b", "c", "d")
"""Rows that must say the same, letter by letter: they compute the same thing."""
BASES = ("a", "b")
"""Rows that the others are measured against."""
SHOWN_DIFFERENCES = 20


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that is told of a caption."""

    key: str
    words: str
    of: Callable[[Caption], float | None]
    digits: int
    is_compared: bool = False
    """Whether ratios are made of it; it is then the better the smaller it is."""


MEASURES = (
    Measure("preprocessing_ms", "preprocessing, ms", lambda told: milli(told.preprocessing_s), 1, is_compared=True),
    Measure("first_word_ms", "first word, ms", lambda told: milli(told.first_word_s), 1, is_compared=True),
    Measure("caption_ms", "caption, ms", lambda told: milli(told.total_s), 1, is_compared=True),
    Measure("tokens", "tokens", lambda told: told.cost.tokens or None, 0),
    Measure("tokens_per_s", "tokens/s over the caption", lambda told: told.cost.tokens / told.total_s or None, 0),
    Measure("forwards", "forwards a caption", lambda told: told.cost.forwards or None, 0, is_compared=True),
    Measure("image_tokens", "image tokens", lambda told: told.cost.image_tokens or None, 0),
    Measure("vision_passes", "vision passes", lambda told: told.cost.encoded if told.cost.forwards else None, 0),
    Measure("peak_mb", "peak memory, MB", lambda told: mega(told.peak_bytes), 0, is_compared=True),
)


def milli(seconds: float | None) -> float | None:
    return None if seconds is None else 1e3 * seconds


def mega(size: int | None) -> float | None:
    return None if size is None else size / 1e6


def summary(takes: Sequence[Take], clip: str, rows: Sequence[str]) -> dict[str, Any]:
    """All that is told of one clip, ready for JSON."""
    here = [take for take in takes if take.clip == clip]
    return {
        "name": clip,
        "rows": {row: of_row([take.caption for take in here if take.row == row]) for row in rows},
        "ratios": {base: ratios(here, base, rows) for base in BASES if base in rows},
        "same_text": {row: same_text(here, row) for row in rows},
        "differences": differences(here)[:SHOWN_DIFFERENCES],
        "changes": changes(here),
    }


def of_row(captions: Sequence[Caption]) -> dict[str, Any]:
    """Medians over captions; forwards and drafted tokens in sum as well, for those are exact."""
    told: dict[str, Any] = {"captions": len(captions)}
    for measure in MEASURES:
        values = [value for value in map(measure.of, captions) if value is not None]
        told[measure.key] = asdict(found) if (found := spread(values)) else None
    for name in ("forwards", "drafted", "draft_accepted"):
        told[f"{name}_in_all"] = sum(getattr(caption.cost, name) for caption in captions)
    return told


def ratios(takes: Sequence[Take], base: str, rows: Sequence[str]) -> dict[str, Any]:
    """How many times less each row takes than `base`: one ratio a round, of the frames that both described."""
    return {
        row: {measure.key: ratio(takes, base, row, measure) for measure in MEASURES if measure.is_compared}
        for row in rows
        if row != base
    }


def ratio(takes: Sequence[Take], base: str, row: str, measure: Measure) -> dict[str, Any] | None:
    values = []
    for number in sorted({take.round for take in takes}):
        ours, theirs = in_round(takes, row, number, measure), in_round(takes, base, number, measure)
        common = ours.keys() & theirs.keys()
        if total := sum(ours[place] for place in common):
            values.append(sum(theirs[place] for place in common) / total)
    return asdict(found) if (found := spread(values)) else None


def in_round(takes: Sequence[Take], row: str, number: int, measure: Measure) -> dict[int, float]:
    """A row's values in one round, by the frame's place."""
    mine = [take for take in takes if (take.row, take.round) == (row, number)]
    told = {take.place: measure.of(take.caption) for take in mine}
    return {place: value for place, value in told.items() if value is not None}


def texts(takes: Sequence[Take], row: str) -> dict[tuple[int, int], str]:
    """A row's texts, by round and place."""
    return {(take.round, take.place): take.caption.text for take in takes if take.row == row}


def same_text(takes: Sequence[Take], row: str) -> list[int]:
    """How many of a row's texts are row b's, of how many that both have."""
    ours, theirs = texts(takes, row), texts(takes, "b")
    common = ours.keys() & theirs.keys()
    return [sum(ours[each] == theirs[each] for each in common), len(common)]


def differences(takes: Sequence[Take]) -> list[dict[str, Any]]:
    """Frames of which rows that must agree say something else."""
    told = {row: texts(takes, row) for row in EXACT}
    found = []
    for number, place in sorted(told["b"]):
        said = {row: told[row][number, place] for row in EXACT if (number, place) in told[row]}
        if len(set(said.values())) > 1:
            found.append({"round": number, "place": place, **said})
    return found


def changes(takes: Sequence[Take]) -> list[int]:
    """How many of row b's captions differ from the one before in the same round, of how many."""
    said = texts(takes, "b")
    pairs = [(a, b) for a, b in pairwise(sorted(said)) if a[0] == b[0]]
    return [sum(said[a] != said[b] for a, b in pairs), len(pairs)]
