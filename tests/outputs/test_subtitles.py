"""Subtitles that other programs read: a parser, and a player that burns them into pictures."""

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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import OutputError, UsageError
from app.outputs.subtitles import Subtitles
from app.text import sanitize
from tests import needs
from tests.needs import platform
from tests.terminal.stage import ROOT, growing, notice, sentence, status
from tests.waiting import LIMIT_S, until


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


def test_a_sentence_of_several_lines_is_one_line_and_an_empty_one_is_none(tmp_path: Path) -> None:
    texts = written(tmp_path / "a.vtt", "One.\n\nTwo.\r\n", " \n", "Three.").split("\n\n")
    assert [block.splitlines()[2:] for block in texts[1:-1]] == [["One. Two."], ["Three."]]


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


def test_a_new_file_is_valid_before_the_first_sentence(tmp_path: Path) -> None:
    assert written(tmp_path / "a.vtt") == "WEBVTT\n\n"


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
    for name, hint in (("folder.vtt", "--subtitles"), ("none/a.vtt", "mkdir -p"), ("pipe.vtt", "--subtitles")):
        with pytest.raises(OutputError, match="cannot be written") as failure:
            Subtitles(tmp_path / name, pytest.fail)
        assert hint in failure.value.hint
    os.close(reader)


@platform("linux")
def test_a_full_disk_at_the_start_asks_for_room(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="No space left") as failure:
        Subtitles(tmp_path / "a.vtt", pytest.fail)
    assert failure.value.hint.startswith(f"Make room on the disk of {tmp_path}")


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
until(subtitles.writer.waiting.empty)
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
