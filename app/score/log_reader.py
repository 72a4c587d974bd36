"""What was told when: of a run as it happens, or of its log. It judges nothing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import ScoreError
from app.files import explain, read_small, readable

MOST = 1 << 30
"""Bytes of a log."""
NO_SENTENCE = "narrate the clip as filmed with --log FILE, and score that file"


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence or a notice. Times are seconds of the clip."""

    event: str
    """"sentence" or "notice"."""
    kind: str
    text: str
    media_s: float
    """Of the frame that it tells of; of the newest frame, for a notice."""
    told_at: float
    """When the whole of it was out."""

    @property
    def is_notice(self) -> bool:
        return self.event == "notice"


@dataclass(frozen=True, slots=True)
class Telling:
    """One narration of a clip."""

    told: tuple[Told, ...]
    described: int | None
    """Frames that were described; None where nobody counted them."""


def logged(path: Path) -> Telling:
    """The last run of a log, which must have watched the clip as filmed, from its beginning.

    How many frames it described is not known: a log counts them up to its last sentence, and no further.

    Raises:
        ScoreError: it is no log, or has no sentence to tell the clip's time by.
    """
    records = last_run(list(records_of(path)))
    try:
        sentences = [each for each in records if each["event"] == "sentence"]
        if not sentences:
            raise ScoreError(f"{readable(path)} has no sentence in its last run", NO_SENTENCE)
        began = sentences[0]["seen_at"] - sentences[0]["media_s"]
        return Telling(
            tuple(sentence(each) if each["event"] == "sentence" else notice(each, began) for each in records),
            described=None,
        )
    except (KeyError, TypeError) as failure:
        raise ScoreError(f"{readable(path)} lacks what a log of looksay has: {failure}", NO_SENTENCE) from failure


def records_of(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        lines = read_small(path, MOST).decode().splitlines()
    except (OSError, UnicodeError) as failure:
        raise ScoreError(*explain(failure, path, "log")) from failure
    try:
        for number, line in enumerate(lines, 1):
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ScoreError(f"{readable(path)}, line {number} is no record of a log", NO_SENTENCE)
            yield record
    except (ValueError, RecursionError) as failure:
        raise ScoreError(f"{readable(path)} cannot be read as a log: {failure}", NO_SENTENCE) from failure


def last_run(records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    starts = [place for place, each in enumerate(records) if each.get("kind") == "loading"]
    return records[starts[-1] :] if starts else records


def sentence(record: Mapping[str, Any]) -> Told:
    """`frame_age_s` is up to the first word: the rest of the sentence came after it."""
    rest_s = record["total_s"] - record["first_word_s"]
    told_at = record["media_s"] + record["frame_age_s"] + rest_s
    return Told("sentence", record["kind"], record["text"], record["media_s"], told_at)


def notice(record: Mapping[str, Any], began: float) -> Told:
    at = record["seen_at"] - began
    return Told("notice", record["kind"], record["text"], at, at)
