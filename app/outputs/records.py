"""What a happening looks like in a log and in `--json`: one flat JSON object. Growing and status are not recorded."""

import json
import math
from typing import Any

from app.flow import Notice, Sentence
from app.harmless import harmless

Record = dict[str, Any]


def line_of(happening: Sentence | Notice, told_at: float) -> str:
    """The record as a line of JSON, its end not included; letters stay letters."""
    return json.dumps(record(happening, told_at), ensure_ascii=False, allow_nan=False)


def record(happening: Sentence | Notice, told_at: float) -> Record:
    """All that a reader needs, without the picture; `told_at` (monotonic s) is when a notice was told."""
    return sentence_record(happening) if isinstance(happening, Sentence) else notice_record(happening, told_at)


def sentence_record(sentence: Sentence) -> Record:
    frame, cost = sentence.frame, sentence.cost
    return {
        "event": "sentence",
        "kind": sentence.kind,
        "text": harmless(sentence.text),
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
        "text": harmless(notice.text),
        "remedy": harmless(notice.remedy),
        "seen_at": seconds(told_at),
    }


def seconds(value: float) -> float | None:
    """To a tenth of a millisecond; what is no number is null, JSON has no other word for it."""
    return round(float(value), 4) if math.isfinite(value) else None
