"""What a sentence or a notice looks like in a log and in `--json`: one flat JSON object. Nothing else is recorded."""

import json
import math
from typing import Any

from app.events import Frame, Notice, Sentence
from app.outputs.clock import CLOCK
from app.outputs.logbook import thumbnail_name
from app.text import sanitize

Record = dict[str, Any]


def line_of(happening: Sentence | Notice, told_at: float, thumbnails: str = "") -> str:
    """The record as a line of JSON, its end not included; letters stay letters."""
    return json.dumps(record(happening, told_at, thumbnails), ensure_ascii=False, allow_nan=False)


def record(happening: Sentence | Notice, told_at: float, thumbnails: str = "") -> Record:
    """All that a reader needs, without the picture.

    `told_at` (monotonic s) is when a notice was told; `thumbnails` names the folder beside the log where they are kept.
    """
    if isinstance(happening, Notice):
        return notice_record(happening, told_at)
    name = thumbnail_of(happening.frame) if thumbnails else ""
    return {**sentence_record(happening), **({"thumbnail": f"{thumbnails}/{name}"} if name else {})}


def sentence_record(sentence: Sentence) -> Record:
    frame, cost = sentence.frame, sentence.cost
    return {
        "event": "sentence",
        "kind": sentence.kind,
        "text": sanitize(sentence.text),
        **({"about": sanitize(sentence.about)} if sentence.about else {}),
        **of_camera(frame.camera),
        "time": time_of(frame.seen_at),
        "media_s": seconds(frame.media_s),
        "seen_at": seconds(frame.seen_at),
        "frame_age_s": seconds(sentence.frame_age_s),
        "first_word_s": seconds(cost.first_word_s),
        "total_s": seconds(cost.total_s),
        "tokens": cost.tokens,
        "image_tokens": cost.image_tokens,
        "forwards": cost.forwards,
        "drafted": cost.drafted,
        "draft_accepted": cost.draft_accepted,
        "frames_seen": frame.number + 1,
        "frames_described": sentence.frames_described,
    }


def notice_record(notice: Notice, told_at: float) -> Record:
    """No frame, no cost: `seen_at` is when it was told, on the clock of the frames."""
    return {
        "event": "notice",
        "kind": notice.kind,
        "text": sanitize(notice.text),
        "remedy": sanitize(notice.hint),
        **of_camera(notice.camera),
        "time": time_of(told_at),
        "seen_at": seconds(told_at),
    }


def of_camera(name: str) -> Record:
    """Which it is, where there are several."""
    return {"camera": sanitize(name)} if name else {}


def time_of(moment: float) -> str | None:
    """Of a moment in monotonic seconds: ISO 8601, local, milliseconds, with its offset; null if it is no time."""
    at = CLOCK.at(moment)
    return at.isoformat(timespec="milliseconds") if at else None


def thumbnail_of(frame: Frame) -> str:
    """The name of its thumbnail, if one is kept; empty if it has no time."""
    at = CLOCK.at(frame.seen_at)
    return thumbnail_name(at, frame.number, frame.camera) if at else ""


def seconds(value: float) -> float | None:
    """To a tenth of a millisecond; what is no number is null, JSON has no other word for it."""
    return round(float(value), 4) if math.isfinite(value) else None
