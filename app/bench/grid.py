"""The result as grids of words, which the terminal and Markdown show alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.bench.result import Result
from app.bench.summary import MEASURES

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
