"""What is said of a clip and when: by a narrator on a fake clock, and by a log."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from app.errors import ScoreError
from app.events import Cost, Frame, Notice, PartialSentence, RunEvent, Sentence, Status
from app.protocols import Source
from app.score.narration import FakeClock, Narrate, Narration, play, read_log

FRAME = Frame(np.zeros((2, 2, 3), np.uint8), seen_at=107.0, media_s=7.0, number=175)
SENTENCE = Sentence("A man.", "scene", FRAME, 0.2, Cost(first_word_s=0.15, total_s=0.45), 4)


class Timer:
    """A timer that only work moves on."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now

    def work(self, seconds: float) -> None:
        self.now += seconds


def frames(timer: Timer, read_s: float) -> Iterator[Frame | Notice]:
    """A second of ten frames; reading one takes `read_s`."""
    for number in range(10):
        timer.work(read_s)
        yield Frame(np.zeros((2, 2, 3), np.uint8), -1.0, number / 10, number)
    yield Notice("video broken", "It breaks off.")


def narration_of(narrator: Callable[[Timer], Narrate], read_s: float = 0.0) -> Narration:
    timer = Timer()
    return play(narrator(timer), frames(timer, read_s), FakeClock(timer))


def working(seconds: float) -> Callable[[Timer], Narrate]:
    """A narrator that works this long on each frame."""

    def make(timer: Timer) -> Narrate:
        def narrate(source: Source, stop: Event) -> Iterator[RunEvent]:
            for described, frame in enumerate(source.frames(stop), 1):
                assert isinstance(frame, Frame)
                assert frame.seen_at == frame.media_s
                timer.work(seconds)
                yield Sentence(f"{frame.number}", "scene", frame, 0.0, Cost(), described)

        return narrate

    return make


@pytest.mark.parametrize(
    ("work_s", "read_s", "described"),
    [
        pytest.param(0.01, 0.0, list(range(10)), id="quick work sees every frame"),
        pytest.param(0.25, 0.0, [0, 2, 5, 7, 9], id="slow work sees the newest"),
        pytest.param(0.25, 3.0, [0, 2, 5, 7, 9], id="reading the clip takes no time"),
    ],
)
def test_a_narrator_gets_the_newest_frame_after_its_work(work_s: float, read_s: float, described: list[int]) -> None:
    found = narration_of(working(work_s), read_s)
    assert [int(each.text) for each in found.utterances] == described
    assert [each.media_s for each in found.utterances] == [number / 10 for number in described]
    assert found.described == len(described)


def test_a_sentence_is_said_when_the_work_is_done() -> None:
    found = narration_of(working(0.25))
    assert [round(each.said_at, 6) for each in found.utterances] == [0.25, 0.5, 0.75, 1.0, 1.25]


def test_notices_count_and_partial_sentences_and_statuses_do_not() -> None:
    def narrate(source: Source, stop: Event) -> Iterator[RunEvent]:
        for each in source.frames(stop):
            if isinstance(each, Frame) and each.number == 4:
                yield PartialSentence("A", each)
                yield Notice("dark", "It is dark.")
                yield Status(10.0, 5, 3, 0.0, 0.0, 0)

    found = narration_of(lambda _timer: narrate)
    (notice,) = found.utterances
    assert (notice.is_notice, notice.kind, notice.media_s, round(notice.said_at, 6)) == (True, "dark", 0.4, 0.4)
    assert found.described == 3


def log(folder: Path, *records: Any) -> Path:
    path = folder / "run.jsonl"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in records))
    return path


def test_a_logged_sentence_is_said_with_its_last_word_and_a_notice_when_it_was_given(tmp_path: Path) -> None:
    found = read_log(log(tmp_path, Notice("dark", "Dark.").to_json(103.5), SENTENCE.to_json()))
    notice, sentence = found.utterances
    assert (notice.is_notice, notice.kind, notice.said_at) == (True, "dark", 3.5)
    assert (sentence.is_notice, sentence.kind, sentence.text, sentence.media_s) == (False, "scene", "A man.", 7.0)
    assert sentence.said_at == pytest.approx(7.5)
    assert found.described is None


def test_the_last_run_of_a_log_counts(tmp_path: Path) -> None:
    loading, old = Notice("loading", "Loading.").to_json(90.0), {**SENTENCE.to_json(), "text": "Old.", "seen_at": 1.0}
    found = read_log(log(tmp_path, old, loading, SENTENCE.to_json()))
    assert [each.text for each in found.utterances] == ["Loading.", "A man."]


@pytest.mark.parametrize(
    "content", ["no json", "[]", '{"event": "notice", "kind": "dark"}', '{"event": "sentence"}', "", None]
)
def test_a_file_that_is_not_a_log_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "run.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ScoreError, match=r"run\.jsonl"):
        read_log(path)
