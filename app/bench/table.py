"""The result as tables, on a terminal or in Markdown to paste."""

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.bench.result import MEASURES, Result
from app.text import sanitize

WIDTH = 150
"""Columns, if the output is not a terminal."""
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
    """A table of text."""

    title: str
    header: Sequence[str]
    lines: Sequence[Sequence[str]]


def as_text(result: Result) -> str:
    """For a terminal: tables without quartiles if they are too wide with them."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH
    lines = [sanitize(line) for line in opening(result)]
    for grid in grids(result):
        medians = [[cell.split(" (")[0] for cell in line] for line in grid.lines]
        full, narrow = aligned(grid.header, grid.lines), aligned(grid.header, medians)
        lines += ["", grid.title, *(full if max(map(len, full)) <= width else narrow)]
    return "\n".join(lines)


def aligned(header: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    justified = (
        [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        for line in (header, *lines)
    )
    return ["  ".join(line).rstrip() for line in justified]


def as_markdown(result: Result) -> str:
    lines = [f"- {sanitize(line)}" for line in opening(result)]
    for grid in grids(result):
        ruler = ["---", *["---:"] * (len(grid.header) - 1)]
        lines += ["", f"**{grid.title}**", "", *map(markdown_row, (grid.header, ruler, *grid.lines))]
    return "\n".join(lines)


def markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(each.replace('|', '/') for each in cells)} |"


def grids(result: Result) -> Iterator[Grid]:
    """One for each clip, then the live one, then the comparison."""
    for clip in result["clips"]:
        yield clip_grid(result, clip)
    if played := result["live"]:
        title = (
            f"live: the clip as filmed, 1280×720 at 30 frames/s, for {max(each['seconds'] for each in played):.0f} s"
        )
        lines = [[label, *(live_cell(each[key]) for each in played)] for key, label in LIVE]
        yield Grid(title, ["", *(each["row"] for each in played)], lines)
    if result["compared"]:
        yield Grid("compared with before", ["", "was", "is", "times less", ""], [*map(compared, result["compared"])])


def clip_grid(result: Result, clip: Mapping[str, Any]) -> Grid:
    rows = list(clip["rows"])
    lines = [[each.label, *(cell(clip["rows"][row][each.key], each.digits) for row in rows)] for each in MEASURES]
    lines += [["captions measured", *(str(clip["rows"][row]["captions"]) for row in rows)]]
    lines += [["drafted tokens accepted", *(drafts(clip["rows"][row]) for row in rows)]]
    if "b" in rows:
        lines += [["the same text as b", *(f"{same} of {all_}" for same, all_ in clip["same_text"].values())]]
    for base, ratios in clip["ratios"].items():
        for each in MEASURES:
            if each.is_compared:
                label = f"{each.label.split(',')[0]}: times less than {base}"
                lines.append([label, *(cell((ratios.get(row) or {}).get(each.key), 2) for row in rows)])
    changed, pairs = clip["changes"]
    changes = f"; {changed} of {pairs} captions differ from the one before" if pairs else ""
    title = result["clips_shown"][clip["name"]] + changes
    return Grid(title, ["", *rows], [line for line in lines if any(line[1:])])


def row_name(result: Result, row: str) -> str:
    return str(result["rows"][row].split(":")[0])


def compared(found: Mapping[str, Any]) -> list[str]:
    (measure,) = (each for each in MEASURES if each.key == found["measure"])
    was, now = (cell(found[name], measure.digits) for name in ("was", "is"))
    overlap = "quartiles overlap" if found["is_within_spread"] else ""
    return [f"{found['clip']}, {found['row']}: {measure.label}", was, now, f"{found['times_less']:.2f}", overlap]


def cell(found: Mapping[str, float] | None, digits: int) -> str:
    """The median, and the quartiles if they differ; from 100 on without decimals."""
    if found is None:
        return ""
    digits = 0 if found["median"] >= 100 else digits
    middle, first, third = (f"{found[name]:.{digits}f}" for name in ("median", "q1", "q3"))
    return middle if first == third else f"{middle} ({first}–{third})"


def live_cell(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['p50']:.0f} / {value['p95']:.0f}" if "p50" in value else cell(value, 1)
    return "" if value is None else f"{value:.0f}"


def drafts(row: Mapping[str, Any]) -> str:
    return f"{row['draft_accepted_in_all']} of {row['drafted_in_all']}" if row["drafted_in_all"] else ""


def opening(result: Result) -> list[str]:
    """What the numbers were measured with and on, line by line; first the answer in a sentence."""
    here, settings = result["fingerprint"], result["settings"]
    rounds, frames = counted(settings["rounds"], "round"), counted(settings["captions"], "frame")
    return [
        *answer(result),
        f"{here['system']}, {here['chip']}, {here['cores']} cores, {here['memory_gb']} GB",
        f"computing on {here['device']}",
        f"model: {here['model']}",
        ", ".join(f"{name} {version}" for name, version in result["versions"].items()),
        f"{rounds} of {frames} of each clip, medians (quartiles); at most {here['max_tokens']} tokens a caption",
        *(f"{key}: {label}" for key, label in result["rows"].items()),
        *result["notes"],
    ]


def answer(result: Result) -> Iterator[str]:
    """How looksay compares with mlx-vlm with one tile, if both were measured."""
    if not (result["clips"] and {"b", "d"} <= set(result["rows"])):
        return
    clip = result["clips"][0]
    medians = {row: clip["rows"][row]["caption_ms"]["median"] for row in "db"}
    ours, theirs = (f"{row_name(result, row)} {median:.0f} ms" for row, median in medians.items())
    times = clip["ratios"]["b"]["d"]["caption_ms"]["median"]
    ratio = f"{times:.1f} times less" if times >= 1 else f"{1 / times:.1f} times more"
    same, texts = (sum(each["same_text"]["d"][place] for each in result["clips"]) for place in (0, 1))
    alike = f"all {texts} texts are" if same == texts else f"{same} of {texts} texts are"
    yield f"A caption of the {clip['name']} clip takes {ours}, {theirs}: {ratio}; {alike} the same."


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def warnings(result: Result) -> list[str]:
    """Texts that should be the same and are not."""
    return [
        f"round {each['round'] + 1}, frame {each['place'] + 1} of {clip['name']} is described differently: "
        + "; ".join(f"{row}: {each[row]!r}" for row in result["rows"] if row in each)
        for clip in result["clips"]
        for each in clip["differences"]
    ]
