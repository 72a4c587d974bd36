"""What can be saved from the page: the log of this run, its sentences as subtitles. The same forms as of the flags."""

import json
from collections.abc import Iterable

from app.events import Sentence
from app.outputs.subtitles import FORMATS, Cue, Cues, Timeline
from app.text import sanitize
from app.web.events import Event


def log(sentences: Iterable[Sentence], said: Iterable[Event]) -> str:
    """One JSON object a line, the oldest first: every sentence, and those of the notices that are still kept."""
    notices = (each.data["record"] for each in said if each.name == "notice")
    records = sorted((*(each.to_json() for each in sentences), *notices), key=lambda record: record["seen_at"] or 0.0)
    return "".join(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n" for record in records)


def subtitles(sentences: Iterable[Sentence], *, is_filmed: bool = True) -> str:
    """WebVTT."""
    cues, placed, timeline, format = Cues(), dict[int, Cue](), Timeline(is_filmed), FORMATS[".vtt"]
    for each in sentences:
        for cue in cues.add(sanitize(each.text), *timeline.place(each.frame)):
            placed[cue.number] = cue
    return format.header + b"".join(format.block(cue) for cue in placed.values()).decode()
