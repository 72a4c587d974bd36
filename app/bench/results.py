"""Results: medians and quartiles, the table on a terminal and in Markdown, JSON, comparison."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from math import isfinite
from textwrap import wrap
from typing import Any

from app.bench.rounds import Caption, Take, spread
from app.errors import BenchError
from app.files import explain, read_small, readable, user_path
from app.text import sanitize

MOST = 1 << 26
"""Bytes of a result."""
FORMAT = 1
"""Of the JSON object; to be raised when what a number means changes."""
Result = dict[str, Any]
ANOTHER = "take a file that ./run.sh bench --json made on this machine"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What has to be alike for times to be comparable, and what has to be known to read them."""

    fingerprint: Mapping[str, Any]
    """Machine, device, model and question."""
    versions: Mapping[str, str]
    notes: tuple[str, ...]
    """What makes the numbers less than they seem."""


def opened(path: str) -> Result:
    """An earlier result.

    Raises:
        BenchError: it cannot be read, or it is none.
    """
    file, path = user_path(path), readable(path)
    try:
        found = json.loads(read_small(file, MOST).decode())
    except (OSError, UnicodeError) as failure:
        raise BenchError(*explain(failure, file)) from failure
    except (ValueError, RecursionError) as failure:
        raise BenchError(f"{path} is no result that can be read: {failure}", ANOTHER) from failure
    if not isinstance(found, dict) or not all(isinstance(found.get(key), dict) for key in ("fingerprint", "settings")):
        raise BenchError(f"{path} is not what ./run.sh bench --json prints", ANOTHER)
    if found.get("format") != FORMAT:
        told = f"{path} was written by another version of the bench, format {found.get('format')}"
        raise BenchError(told, "measure anew with this one: ./run.sh bench --json > NEW.json")
    return found


def refuse_others(old: Result, fingerprint: Mapping[str, Any]) -> None:
    """Raise BenchError for a result of another machine, device, model or question: its times say nothing here."""
    if told := differing(old["fingerprint"], fingerprint):
        raise BenchError(f"these results cannot be compared: {told}", f"{ANOTHER}, with this model and these flags")


def refuse_other_work(old: Result, settings: Mapping[str, Any]) -> None:
    """Raise BenchError for a result of more or fewer rounds or captions: its medians are of other frames."""
    if told := differing(old["settings"], settings):
        wanted = " ".join(f"--{name} {old['settings'].get(name)}" for name in settings)
        raise BenchError(f"these results cannot be compared: {told}", f"measure as much as then: {wanted}")


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What differs, in words; empty where nothing does."""
    other = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    return "; ".join(f"{name} was {before.get(name)} and is {now.get(name)}" for name in other)


def assembled(circumstances: Circumstances, rows: Mapping[str, str], settings: Mapping[str, Any]) -> Result:
    """The object without its numbers, which are added clip by clip."""
    return {
        "format": FORMAT,
        "fingerprint": dict(circumstances.fingerprint),
        "versions": dict(circumstances.versions),
        "notes": list(circumstances.notes),
        "settings": dict(settings),
        "rows": dict(rows),
        "clips": [],
        "live": [],
    }


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


LIVE = (
    ("age_at_start_ms", "frame age when asked, ms (p50 / p95)"),
    ("age_at_first_word_ms", "frame age at first word, ms (p50 / p95)"),
    ("caption_ms", "caption, ms"),
    ("described_a_minute", "described frames a minute"),
    ("vision_passes_a_minute", "vision passes a minute"),
    ("cpu_s_a_minute", "CPU-seconds a minute"),
    ("frames_queued", "frames queued"),
)


@dataclass(frozen=True, slots=True)
class Grid:
    """A title, the names of columns, and lines of as many cells."""

    title: str
    header: Sequence[str]
    lines: Sequence[Sequence[str]]
    words: Mapping[str, str] = field(default_factory=dict)
    """What columns are called in words, by their letters."""

    def spelt(self) -> "Grid":
        """With words beside the letters in the head."""
        return replace(self, header=[f"{name}: {self.words[name]}" if name in self.words else name
                                     for name in self.header])  # fmt: skip

    def medians(self) -> "Grid":
        """Without quartiles."""
        return replace(self, lines=[[line[0], *(cell.split(" (")[0] for cell in line[1:])] for line in self.lines])


def grids(result: Result) -> list[Grid]:
    """One a clip, then the live one."""
    found = [of_clip(result, clip) for clip in result["clips"]]
    return [*found, of_live(result)] if result["live"] else found


def of_clip(result: Result, clip: Mapping[str, Any]) -> Grid:
    rows = list(clip["rows"])
    lines = [[m.words, *(number(clip["rows"][row][m.key], m.digits) for row in rows)] for m in MEASURES]
    lines += [["captions measured", *(str(clip["rows"][row]["captions"]) for row in rows)]]
    lines += [["drafted tokens accepted", *(drafts(clip["rows"][row]) for row in rows)]]
    if "b" in rows:
        lines += [["the same text as b", *(f"{same} of {all_}" for same, all_ in clip["same_text"].values())]]
    lines += of_ratios(clip, rows)
    changed, pairs = clip["changes"]
    title = result["clips_shown"][clip["name"]]
    told = f"; {changed} of {pairs} captions differ from the one before" if pairs else ""
    return Grid(title + told, ["", *rows], [line for line in lines if any(line[1:])], called(result))


def of_ratios(clip: Mapping[str, Any], rows: Sequence[str]) -> Iterator[list[str]]:
    """How many times less, base by base."""
    for base, ratios in clip["ratios"].items():
        for measure in MEASURES:
            if measure.is_compared and base in rows:
                words = f"{measure.words.split(',')[0]}: times less than {base}"
                yield [words, *(number((ratios.get(row) or {}).get(measure.key), 2) for row in rows)]


def of_live(result: Result) -> Grid:
    played = result["live"]
    seconds = max(each["seconds"] for each in played)
    lines = [[words, *(live_cell(each[key]) for each in played)] for key, words in LIVE]
    return Grid(f"live: the clip as filmed, 1280×720 at 30 frames/s, for {seconds:.0f} s",
                ["", *(each["row"] for each in played)], lines, called(result))  # fmt: skip


def called(result: Result) -> dict[str, str]:
    """What rows are called in words, by their letters."""
    return {key: words.split(":")[0] for key, words in result["rows"].items()}


def live_cell(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['p50']:.0f} / {value['p95']:.0f}" if "p50" in value else number(value, 1)
    return "" if value is None else f"{value:.0f}"


def number(found: Mapping[str, float] | None, digits: int) -> str:
    """The median, and the quartiles where they are others; from 100 on without decimals."""
    if found is None:
        return ""
    digits = 0 if found["median"] >= 100 else digits
    middle, first, third = (f"{found[name]:.{digits}f}" for name in ("median", "q1", "q3"))
    return middle if first == third else f"{middle} ({first}–{third})"


def drafts(row: Mapping[str, Any]) -> str:
    return f"{row['draft_accepted_in_all']} of {row['drafted_in_all']}" if row["drafted_in_all"] else ""


def opening(result: Result) -> list[str]:
    """What the numbers were measured with and on, line by line."""
    here, settings = result["fingerprint"], result["settings"]
    return [
        *in_words(result),
        f"{here['system']}, {here['chip']}, {here['cores']} cores, {here['memory_gb']} GB",
        f"computing on {here['device']}",
        f"model: {here['model']}",
        ", ".join(f"{name} {version}" for name, version in result["versions"].items()),
        f"{counted(settings['rounds'], 'round')} of {counted(settings['captions'], 'frame')} of each clip, "
        f"medians (quartiles where there is room); "
        f"at most {here['max_tokens']} tokens a caption",
        *(f"{key}: {words}" for key, words in result["rows"].items()),
        *result["notes"],
    ]


def in_words(result: Result) -> Iterator[str]:
    """The answer in a sentence, where both looksay and mlx-vlm with one tile were measured."""
    if not (result["clips"] and {"b", "d"} <= set(result["rows"])):
        return
    clip, names = result["clips"][0], called(result)
    ours, theirs = (f"{names[row]} {number(middle(clip['rows'][row]), 0)} ms" for row in "db")
    times = clip["ratios"]["b"]["d"]["caption_ms"]["median"]
    ratio = f"{times:.1f} times less" if times >= 1 else f"{1 / times:.1f} times more"
    same, texts = (sum(each["same_text"]["d"][place] for each in result["clips"]) for place in (0, 1))
    told = f"all {texts} texts are" if same == texts else f"{same} of {texts} texts are"
    yield f"A caption of the {clip['name']} clip takes {ours}, {theirs}: {ratio}; {told} the same."


def middle(row: Mapping[str, Any]) -> dict[str, float]:
    """A caption's median, without its quartiles."""
    median = row["caption_ms"]["median"]
    return {"median": median, "q1": median, "q3": median}


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def warnings(result: Result) -> list[str]:
    """Texts that should be the same and are not."""
    return [
        f"round {each['round'] + 1}, frame {each['place'] + 1} of {clip['name']} is not told alike: "
        + "; ".join(f"{row}: {each[row]!r}" for row in result["rows"] if row in each)
        for clip in result["clips"]
        for each in clip["differences"]
    ]


WIDTH = 150
"""Columns, where there is no terminal to ask."""
TIED = "\N{NO-BREAK SPACE}"
GAP = "  "
"""Four rows of medians fit into 80 columns."""


def plain(result: Result, more: Sequence[Grid], width: int) -> str:
    """The tables of the result, and `more` of them behind those, for a terminal of `width` columns."""
    lines = [part for line in opening(result) for part in wrapped(sanitize(line), width)]
    for grid in (*grids(result), *more):
        lines += ["", *wrapped(grid.title, width), *fitted(grid, width)]
    return "\n".join(lines)


def wrapped(line: str, width: int) -> list[str]:
    """Broken at spaces alone: a number stays whole."""
    return wrap(line, width, break_long_words=False, break_on_hyphens=False)


def fitted(grid: Grid, width: int) -> Sequence[str]:
    """As a table with all that there is room for: quartiles first, then words in the head; else as sentences."""
    medians = grid.medians()
    for each in (grid.spelt(), grid, medians.spelt(), medians):
        lines = table(each)
        if all(len(line) <= width for line in lines):
            return lines
    return [part.replace(TIED, " ") for line in sentences(medians) for part in wrapped(line, width)]


def table(grid: Grid) -> list[str]:
    rows = [grid.header, *grid.lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [aligned(line, widths).rstrip() for line in rows]


def aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first to the left, numbers to the right."""
    told = [cell.rjust(size) for cell, size in zip(cells[1:], widths[1:], strict=True)]
    return GAP.join([cells[0].ljust(widths[0]), *told])


def sentences(grid: Grid) -> Iterator[str]:
    """`caption, ms: a 50.9, b 41.6`: every number beside its row, and tied to it where a line is broken."""
    for line in grid.lines:
        told = (
            f"{name} {cell}".strip().replace(" ", TIED)
            for name, cell in zip(grid.header[1:], line[1:], strict=True)
            if cell
        )
        yield f"{line[0]}: {', '.join(told)}"


def markdown(result: Result, more: Sequence[Grid]) -> str:
    """The same, ready to paste into an issue or a README."""
    lines = [f"- {sanitize(line)}" for line in opening(result)]
    for grid in (*grids(result), *more):
        header = grid.spelt().header
        lines += ["", f"**{grid.title}**", "", row(header), row(["---", *["---:"] * (len(header) - 1)])]
        lines += map(row, grid.lines)
    return "\n".join(lines)


def row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(each.replace('|', '/') for each in cells)} |"


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
        for each in compare_row(clip["name"], row, before[clip["name"]][row], now)
    ]


def compare_row(clip: str, row: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Compared]:
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
