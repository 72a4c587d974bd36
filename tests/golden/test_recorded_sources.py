"""Clips and pictures: every sentence and every exit code, exactly."""

import shlex
import sys
from pathlib import Path

import pytest
import webvtt

from tests.golden.running import (
    BLUE_RIGHT,
    BOTH,
    EMPTY,
    RED_LEFT,
    notice_kinds,
    picture,
    records,
    sentences,
    write_clip,
    write_still,
)
from tests.running import run

TOLD = [BLUE_RIGHT, BOTH, BLUE_RIGHT, EMPTY]
"""What there is to say of the clip."""
LOG_KEYS = {
    *("event", "kind", "text", "time", "media_s", "seen_at", "frame_age_s", "first_word_s", "total_s", "tokens"),
    *("image_tokens", "forwards", "draft_accepted", "frames_seen", "frames_described"),
}
"""Public keys of a logged sentence."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A blue square; a red circle comes and goes; the lens is covered; nothing is left."""
    scenes = [
        (picture(blue=True), 3),
        (picture(red=True, blue=True), 4),
        (picture(blue=True), 4),
        (picture() * 0, 4),
        (picture(), 3),
    ]
    return write_clip(tmp_path_factory.mktemp("clip") / "red comes and goes.avi", scenes)


def test_a_clip_read_at_once_is_narrated_logged_subtitled_and_found_in_the_history(clip: Path, tmp_path: Path) -> None:
    log, subtitles = tmp_path / "x.jsonl", tmp_path / "x.vtt"
    files = ("--log", str(log), "--subtitles", str(subtitles))
    ended = run("--source", str(clip), "--asap", "--model", "demo", "--no-speak", *files)
    assert (ended.code, ended.sentences) == (0, TOLD), ended.err
    assert sentences(log) == TOLD
    told = [record for record in records(log) if record["event"] == "sentence"]
    assert [record["kind"] for record in told] == ["scene", "change", "change", "change"]
    assert all(record.keys() >= LOG_KEYS for record in told)
    assert notice_kinds(log) >= {"loading", "ready", "covered", "clear"}
    assert [cue.text for cue in webvtt.read(subtitles)] == TOLD

    history = run("history", "--log", str(log))
    entries = [line[21:] for line in history.sentences]  # behind date and time
    assert (history.code, [entry for entry in entries if not entry.startswith("notice: ")]) == (0, TOLD)
    found = run("history", "--log", str(log), "--find", "CIRCLE")
    assert (found.code, [line[21:] for line in found.sentences]) == (0, [BOTH])


def test_pictures_of_a_folder_are_told_in_order_and_a_damaged_one_is_a_notice(tmp_path: Path) -> None:
    folder, log = tmp_path / "pictures", tmp_path / "x.jsonl"
    folder.mkdir()
    write_still(folder / "1.png", picture(red=True))
    write_still(folder / "2.jpg", picture(blue=True))
    (folder / "3.png").write_bytes((folder / "1.png").read_bytes()[:200])
    write_still(folder / "10.png", picture(red=True, blue=True))
    write_still(folder / "11.webp", picture())
    ended = run("--source", str(folder), "--model", "demo", "--no-speak", "--log", str(log))
    assert (ended.code, ended.sentences) == (0, [RED_LEFT, BLUE_RIGHT, BOTH, EMPTY]), ended.err
    assert sentences(log) == ended.sentences
    assert notice_kinds(log) >= {"loading", "ready", "picture unreadable"}


def test_watch_tells_beginning_and_end_and_runs_the_command_at_the_beginning(clip: Path, tmp_path: Path) -> None:
    log, ran = tmp_path / "x.jsonl", tmp_path / "ran.txt"
    program = "import sys; open(sys.argv[1], 'a').write(sys.argv[2] + '\\n')"
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(program)} {shlex.quote(str(ran))} {{text}}"
    what = ("--source", str(clip), "--asap", "--model", "demo", "--no-speak", "--log", str(log))
    ended = run("watch", "a red circle", "--then", command, *what)
    begins, ends = "A red circle: since 0:03.", "A red circle: no longer, since 0:07, after 4 seconds."
    assert (ended.code, ended.sentences) == (0, [begins, ends]), ended.err
    told = [(record["kind"], record["text"]) for record in records(log) if record["event"] == "sentence"]
    assert told == [("alert", begins), ("change", ends)]
    assert ran.read_text() == begins + "\n"


def test_ask_answers_about_a_picture_and_ends(tmp_path: Path) -> None:
    still = write_still(tmp_path / "red circle.png", picture(red=True))
    ended = run("ask", "Is there a red circle?", "--source", str(still), "--model", "demo", "--no-speak")
    assert (ended.code, ended.out) == (0, "Yes.\n"), ended.err
