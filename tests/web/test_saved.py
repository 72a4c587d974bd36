"""What is saved from the page: subtitles have the time of the run, whatever each of several cameras counts."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import webvtt

from app.events import Sentence
from app.web.routes import subtitles
from tests.terminal.stage import sentence


def told() -> Sequence[Sentence]:
    """The yard's camera was opened later, and takes more frames."""
    found = list[Sentence]()
    for text, camera, number, seen_at, media_s in (
        ("Door: One.", "Door", 60, 1060.0, 60.0),
        ("Yard: Two.", "Yard", 900, 1070.0, 20.0),
        ("Door: Three.", "Door", 80, 1080.0, 80.0),
        ("Yard: Four.", "Yard", 1500, 1090.0, 40.0),
    ):
        each = sentence(text)
        seen = replace(each.frame, camera=camera, number=number, seen_at=seen_at, media_s=media_s)
        found.append(replace(each, frame=seen))
    return found


@pytest.mark.parametrize(
    ("sentences", "is_filmed", "times"),
    [
        pytest.param(told(), True, [60, 70, 80, 90], id="cameras-share-the-clock"),
        pytest.param(
            sorted(told(), key=lambda each: each.frame.media_s), False, [20, 40, 60, 80], id="clips-begin-together"
        ),
    ],
)
def test_several_cameras_have_one_time(sentences: Sequence[Sentence], is_filmed: bool, times: Sequence[int]) -> None:
    cues = webvtt.from_string(subtitles(sentences, is_filmed=is_filmed))
    assert [cue.start_in_seconds for cue in cues] == times
