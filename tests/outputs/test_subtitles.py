"""Cues come in order, never over one another and never before their frame, whatever the sentences' times are."""

import html
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import webvtt
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.errors import OutputError, UsageError
from app.outputs.subtitles import BEHIND_MS, HURRIED_MS, SHORTEST_MS, Cue, Cues, Subtitles, reading_ms
from app.text import sanitize
from tests import needs
from tests.needs import platform
from tests.terminal.stage import ROOT, growing, notice, sentence, status
from tests.waiting import LIMIT_S, until

LONG = "A red circle is at the top left and a green square is below it."
"""63 characters: 4.2 s."""


def placed(*told: tuple[str, float, int]) -> list[Cue]:
    """The cues as a file holds them in the end, told by text, media time and frame number."""
    cues, held = Cues(), list[Cue]()
    for text, media_s, number in told:
        held[-1:] = cues.add(text, media_s, number)
    return held


def times(*told: tuple[str, float, int]) -> list[tuple[float, float]]:
    return [(cue.start_ms / 1000, cue.end_ms / 1000) for cue in placed(*told)]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([("Short.", 2.0, 60)], [(2.0, 3.5)]),
        ([(LONG, 2.0, 60)], [(2.0, 6.2)]),
        ([("x" * 500, 2.0, 60)], [(2.0, 9.0)]),
        ([(LONG, 2.0, 60), ("Short.", 20.0, 600)], [(2.0, 6.2), (20.0, 21.5)]),
        ([(LONG, 2.0, 60), ("Short.", 5.0, 150)], [(2.0, 5.0), (5.0, 6.5)]),
        ([(LONG, 2.0, 60), ("Short.", 2.5, 75)], [(2.0, 3.5), (3.5, 5.0)]),
    ],
    ids=["short", "reading time", "at most 7 s", "apart", "cut by the next", "the next waits to let it be read"],
)
def test_a_cue_stands_for_its_reading_time_or_until_the_next(
    told: list[tuple[str, float, int]], expected: list[tuple[float, float]]
) -> None:
    assert times(*told) == expected


def test_two_sentences_of_one_frame_follow_each_other() -> None:
    assert times((LONG, 2.0, 60), ("Short.", 2.0, 60), (LONG, 2.0, 60)) == [(2.0, 6.2), (6.2, 7.7), (7.7, 11.9)]


def test_an_answer_about_an_older_frame_comes_last_and_shifts_nothing() -> None:
    told = (("One.", 10.0, 300), ("An answer.", 7.0, 210), ("Two.", 30.0, 900))
    assert times(*told) == [(10.0, 11.5), (11.5, 13.0), (30.0, 31.5)]


def test_a_source_that_begins_again_goes_on_behind_the_last_cue() -> None:
    told = (("One.", 10.0, 300), ("One.", 1.0, 330), ("Two.", 5.0, 450), ("One.", 0.5, 500))
    assert times(*told) == [(10.0, 11.5), (11.5, 13.0), (15.5, 17.0), (17.0, 18.5)]


def test_cues_do_not_fall_behind_for_ever_where_sentences_come_too_quickly() -> None:
    told = [(LONG, number / 2, number) for number in range(1000)]
    assert max(cue.start_ms - number * 500 for number, cue in enumerate(placed(*told))) <= BEHIND_MS


SENTENCE = st.tuples(
    st.text(max_size=200), st.floats(-1, 10_000, allow_nan=False), st.integers(min_value=0, max_value=100_000)
)


@given(st.lists(SENTENCE, max_size=30))
def test_no_cue_is_over_another_or_out_of_order(told: list[tuple[str, float, int]]) -> None:
    cues = placed(*told)
    assert [cue.text for cue in cues] == [text for text, _, _ in told]
    assert [cue.number for cue in cues] == list(range(1, len(told) + 1))
    assert all(cue.start_ms < cue.end_ms for cue in cues)
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(cues))


@given(st.lists(st.tuples(st.text(max_size=200), st.floats(0.0, 30.0)), max_size=30))
@example([*[("", 0.0)] * 5, ("", 1.0)])
def test_in_the_order_of_frames_every_last_cue_can_be_read_whole(steps: list[tuple[str, float]]) -> None:
    """What nothing follows for long is never cut."""
    media_s, told = 0.0, []
    for number, (text, step) in enumerate(steps):
        media_s += step
        told.append((text, media_s, number))
    cues = placed(*told)
    for cue, after in pairwise(cues):
        gap = after.start_ms - cue.start_ms
        assert cue.end_ms - cue.start_ms == min(reading_ms(cue.text), gap)
        behind_ms = cue.start_ms + SHORTEST_MS - round(told[after.number - 1][1] * 1000)
        assert gap >= SHORTEST_MS or (gap == HURRIED_MS and behind_ms > BEHIND_MS)


def written(path: Path, *texts: str, every_s: int = 10) -> str:
    """The file that these sentences make, one every so many seconds, the first at once."""
    subtitles = Subtitles(path, pytest.fail)
    for number, text in enumerate(texts):
        subtitles.tell(sentence(text, number=30 * every_s * number))
    subtitles.close()
    return path.read_text(encoding="utf-8")


def test_webvtt_is_as_the_standard_has_it(tmp_path: Path) -> None:
    assert written(tmp_path / "a.vtt", "A red circle.", "Grüße & <b>, 2 --> 3.") == (
        "WEBVTT\n\n"
        "1\n00:00:00.000 --> 00:00:01.500\nA red circle.\n\n"
        "2\n00:00:10.000 --> 00:00:11.500\nGrüße &amp; &lt;b&gt;, 2 --&gt; 3.\n\n"
    )


def test_subrip_has_numbers_and_commas_and_nothing_that_a_player_obeys(tmp_path: Path) -> None:
    assert written(tmp_path / "a.SRT", "A red & blue circle.", "{\\an8}<b> 2 --> 3.") == (
        "1\n00:00:00,000 --> 00:00:01,500\nA red & blue circle.\n\n"
        "2\n00:00:10,000 --> 00:00:11,500\n(\\an8)‹b› 2 --› 3.\n\n"
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.text(max_size=40), st.integers(0, 9_000)), max_size=8))
def test_a_parser_reads_back_every_sentence(tmp_path: Path, told: list[tuple[str, int]]) -> None:
    path = tmp_path / "a.vtt"
    path.unlink(missing_ok=True)  # a run without a sentence would keep that of the example before
    subtitles = Subtitles(path, pytest.fail)
    for text, number in told:
        subtitles.tell(sentence(text, number=number))
    subtitles.close()
    cues = webvtt.read(path)
    assert [html.unescape(cue.text) for cue in cues] == [sanitize(text) for text, _ in told if sanitize(text)]
    assert all(one.end <= other.start for one, other in pairwise(cues))


def test_several_cameras_have_one_time_whatever_each_of_them_counts(tmp_path: Path) -> None:
    """The yard's camera was opened 50 s later, and has taken more frames; the door's description came late."""
    subtitles = Subtitles(tmp_path / "a.vtt", pytest.fail)
    for text, camera, number, seen_at, media_s in (
        ("Door: One.", "Door", 60, 1060.0, 60.0),
        ("Yard: Two.", "Yard", 900, 1070.0, 20.0),
        ("Door: Three.", "Door", 69, 1069.0, 69.0),
    ):
        told = sentence(text, number=number)
        seen = replace(told.frame, camera=camera, seen_at=seen_at, media_s=media_s)
        subtitles.tell(replace(told, frame=seen))
    subtitles.close()
    cues = [(cue.start_in_seconds, cue.text) for cue in webvtt.read(tmp_path / "a.vtt")]
    assert cues == [(60, "Door: One."), (70, "Yard: Two."), (71, "Door: Three.")]


def test_several_clips_read_as_fast_as_possible_begin_together(tmp_path: Path) -> None:
    """A tenth of a second of the run is six seconds of a clip."""
    subtitles = Subtitles(tmp_path / "a.vtt", pytest.fail, is_filmed=False)
    for text, camera, number, seen_at, media_s in (
        ("Door: One.", "Door", 0, 1000.0, 0.0),
        ("Yard: Two.", "Yard", 900, 1000.1, 6.0),
        ("Door: Three.", "Door", 200, 1000.2, 20.0),
    ):
        told = sentence(text, number=number)
        seen = replace(told.frame, camera=camera, seen_at=seen_at, media_s=media_s)
        subtitles.tell(replace(told, frame=seen))
    subtitles.close()
    assert [cue.start_in_seconds for cue in webvtt.read(tmp_path / "a.vtt")] == [0, 6, 20]


def test_every_kind_of_sentence_is_a_cue_and_nothing_else_is(tmp_path: Path) -> None:
    subtitles = Subtitles(tmp_path / "a.vtt", pytest.fail)
    for each in (growing(), status(), notice()):
        subtitles.tell(each)
    for number, kind in enumerate(("scene", "change", "answer", "alert")):
        subtitles.tell(sentence(f"The {kind}.", kind, number=300 * number))  # type: ignore[arg-type]
    subtitles.close()
    assert [cue.text for cue in webvtt.read(tmp_path / "a.vtt")] == [
        "The scene.",
        "The change.",
        "The answer.",
        "The alert.",
    ]


def test_a_file_of_an_earlier_run_is_begun_anew(tmp_path: Path) -> None:
    written(tmp_path / "a.vtt", "One.", "Two.", "Three.")
    written(tmp_path / "a.vtt", "Four.")
    assert [cue.text for cue in webvtt.read(tmp_path / "a.vtt")] == ["Four."]


@pytest.mark.parametrize("name", ["a.vtt", "a.srt"])
def test_a_file_of_an_earlier_run_is_kept_until_the_first_sentence(tmp_path: Path, name: str) -> None:
    before = written(tmp_path / name, "One.", "Two.", "Three.")
    assert written(tmp_path / name) == before
    assert written(tmp_path / name, "Four.").count("-->") == 1


FOREIGN = {
    "notes.vtt": "My notes.\n",
    "captions.vtt": "WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.000\nHi.\n\n",
    "fixed.srt": "1\n00:00:00,000 --> 00:00:02,000\nHello there.\n\n2\n00:00:02,000 --> 00:00:04,000\nHi.\n\n",
    "corrected.vtt": "WEBVTT\n\n1\n00:00:00.000 --> 00:00:03.533\nA red circle is at the left, and it is moving.\n\n",
    "open.srt": "1\n00:00:00,000 --> 00:00:01,500\nHi.\n",
    "numbered.srt": "3\n00:00:00,000 --> 00:00:01,500\nHi.\n\nAnd more.",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_looksay_did_not_write_stays_as_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(FOREIGN[name])
    (tmp_path / f"link{path.suffix}").symlink_to(path)
    for each in (path, tmp_path / f"link{path.suffix}"):
        with pytest.raises(OutputError, match="was not written by looksay"):
            Subtitles(each, pytest.fail)
    assert path.read_text() == FOREIGN[name]


KILLED = """
import sys
from app.outputs.subtitles import Subtitles
from tests.terminal.stage import sentence
subtitles = Subtitles(sys.argv[1], print)
for number, text in enumerate(sys.argv[2:]):
    subtitles.tell(sentence(text, number=75 * number))
sys.stdin.read()
"""


def test_a_run_that_is_killed_leaves_every_cue_in_a_valid_file(tmp_path: Path) -> None:
    path, long = tmp_path / "a.vtt", "A red circle is at the top left and a green square is below."
    run = subprocess.Popen([sys.executable, "-c", KILLED, path, long, long, long], cwd=ROOT, stdin=subprocess.PIPE)
    until(lambda: path.exists() and path.read_text().count("-->") == 3)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    spans = [(cue.start, cue.end) for cue in webvtt.read(path)]
    assert spans == [
        ("00:00:00.000", "00:00:02.500"),
        ("00:00:02.500", "00:00:05.000"),
        ("00:00:05.000", "00:00:09.000"),
    ]


@pytest.mark.parametrize("name", ["a.txt", "a", "vtt", "a.vtt.gz"])
def test_an_unknown_kind_of_file_is_a_matter_of_usage(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.vtt") as failure:
        Subtitles(tmp_path / name, pytest.fail)
    assert failure.value.exit_code == 2
    assert not (tmp_path / name).exists()


def test_a_file_that_cannot_be_written_is_explained_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "folder.vtt").mkdir()
    os.mkfifo(tmp_path / "pipe.vtt")
    reader = os.open(tmp_path / "pipe.vtt", os.O_RDONLY | os.O_NONBLOCK)
    for name, hint in (("folder.vtt", "in it"), ("none/a.vtt", "mkdir -p"), ("pipe.vtt", "another file")):
        with pytest.raises(OutputError, match=r"cannot be written|is a folder") as failure:
            Subtitles(tmp_path / name, pytest.fail)
        assert hint in failure.value.hint
    os.close(reader)


@platform("linux")
def test_a_full_disk_at_the_start_asks_for_room(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="the disk is full") as failure:
        Subtitles(tmp_path / "a.vtt", pytest.fail)
    assert failure.value.hint.startswith(f"make room on the disk of {tmp_path}")


FILLING = """
import resource, sys
from app.outputs.subtitles import Subtitles
from tests.terminal.stage import sentence
from tests.waiting import until
def limited(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
warned = []
subtitles = Subtitles(sys.argv[1], warned.append)
limited(150)
for number in range(6):
    subtitles.tell(sentence(f"Number {number}.", number=300 * number))
until(lambda: not subtitles.worker.waiting)
until(lambda: warned)
limited(10**6)
subtitles.tell(sentence("There is room again.", number=3000))
subtitles.close()
print(len(warned), warned[0].kind)
"""


def test_a_disk_that_fills_is_told_once_and_leaves_whole_cues(tmp_path: Path) -> None:
    """The limit on a file's size stands in for the disk: a part of a cue is written, then an error comes."""
    path = tmp_path / "a.vtt"
    command = [sys.executable, "-c", FILLING, path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S)
    assert (done.stdout, done.stderr) == ("1 subtitles\n", "")
    texts = [cue.text for cue in webvtt.read(path)]
    assert texts[:2] == ["Number 0.", "Number 1."]
    assert texts[-1] == "There is room again."
    assert len(texts) < 7


def can_burn() -> bool:
    """Whether this ffmpeg was built with libass. Debian's is; not every one for a Mac."""
    listed = subprocess.run(["ffmpeg", "-hide_banner", "-filters"], capture_output=True, text=True)
    return sys.platform == "linux" or " subtitles " in listed.stdout


def burnt(clip: Path, subtitles: Path, into: Path) -> None:
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", clip.name, "-vf", f"subtitles={subtitles.name}", "-c:v", "ffv1", into.name],
        cwd=clip.parent,
        check=True,
        timeout=LIMIT_S,
    )


def differing(one: Path, other: Path) -> list[bool]:
    """Of every frame, whether the two clips differ much somewhere in it."""
    return [bool(np.abs(left - right).max() > 64) for left, right in zip(frames(one), frames(other), strict=True)]


def frames(clip: Path) -> Iterator[np.ndarray]:
    opened = cv2.VideoCapture(str(clip))
    while (read := opened.read())[0]:
        yield read[1].astype(int)


@needs.tool("ffmpeg")
@pytest.mark.parametrize("suffix", [".vtt", ".srt"])
def test_burnt_into_a_clip_they_are_seen_in_their_span_and_not_outside(tmp_path: Path, suffix: str) -> None:
    if not can_burn():
        pytest.skip("needs an ffmpeg with libass")
    clip, shown = tmp_path / "clip.mkv", tmp_path / "shown.mkv"
    grey = ["-f", "lavfi", "-i", "color=gray:size=320x180:rate=10:duration=6", "-c:v", "ffv1"]
    subprocess.run(["ffmpeg", "-v", "error", *grey, clip], check=True, timeout=LIMIT_S)
    written(tmp_path / f"a{suffix}", "", "A red & <green> circle.", every_s=2)
    burnt(clip, tmp_path / f"a{suffix}", shown)
    assert [number / 10 for number, differs in enumerate(differing(clip, shown)) if differs] == [
        number / 10 for number in range(20, 36)
    ]
