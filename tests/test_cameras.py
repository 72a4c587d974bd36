"""Several cameras as a user has them: child processes, real capture processes, the real model, real files."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Event, Lock
from typing import Any

import pytest
import webvtt

from app.bench.live_figures import record
from app.demo import scenes
from app.demo.source import SceneSource
from tests.backends.openai.faults import SAID, Asked, Misbehaving, misbehaving, response, sends
from tests.backends.test_server_startup import seeing
from tests.running import SLOW_S, Ended, Records, records, run, run_until, sentences, start
from tests.waiting import LIMIT_S, until

NAMES = ("Door", "Yard", "Hall", "Attic")
FPS, LONG_S = 15, 6
SIZE = (320, 240)
ENOUGH = 20
"""Sentences."""


@dataclass(frozen=True)
class Clip:
    """A drawn world of its own, in a video that a capture process plays over and over."""

    name: str
    seed: int
    path: Path

    @property
    def flag(self) -> str:
        return f"{self.name}=camera:{self.path}"

    @property
    def drawn(self) -> set[str]:
        """All that is ever to be seen in it."""
        plan = SceneSource(seed=self.seed)
        return {shape.name for number in range(FPS * LONG_S) for shape in plan.truth_at(number / FPS)}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Clip]:
    folder = tmp_path_factory.mktemp("clips")
    made = [Clip(name, seed, folder / f"{name}.avi") for seed, name in enumerate(NAMES, start=21)]
    for each in made:
        record(SceneSource(asap=True, seed=each.seed, size=SIZE, fps=FPS).frames(Event()), each.path, FPS * LONG_S, FPS)  # type: ignore[arg-type]
    return made


def flags(clips: Sequence[Clip]) -> list[str]:
    return [word for each in clips for word in ("--camera", each.flag)]


def named(text: str) -> set[str]:
    return {f"{colour} {kind}" for colour in scenes.COLOURS for kind in scenes.KINDS if f"{colour} {kind}" in text}


@dataclass(frozen=True)
class Narrated:
    """A run with four cameras."""

    ended: Ended
    folder: Path

    @property
    def log(self) -> list[dict[str, Any]]:
        return [each for each in records(self.folder / "x.jsonl") if each["event"] == "sentence"]


@pytest.fixture(scope="module")
def narrated(clips: Sequence[Clip], tmp_path_factory: pytest.TempPathFactory) -> Narrated:
    folder = tmp_path_factory.mktemp("several")
    words = ("--model", "demo", "--no-speak", "--thumbnails", "--subtitles", str(folder / "x.vtt"))
    return Narrated(run_until(have_all_spoken, folder / "x.jsonl", *flags(clips), *words), folder)


def have_all_spoken(told: Records) -> bool:
    spoken = [each["camera"] for each in sentences(told)]
    return len(spoken) >= ENOUGH and set(spoken) == set(NAMES)


@pytest.mark.long
def test_every_camera_speaks_with_its_name_in_front(narrated: Narrated) -> None:
    assert narrated.ended.code == 130
    assert {line.partition(": ")[0] for line in narrated.ended.sentences} == set(NAMES)
    assert "Looking at 4 cameras" in narrated.ended.err
    assert narrated.ended.err.count("recorded clip") == 1


@pytest.mark.long
def test_what_a_camera_says_is_what_that_camera_sees(narrated: Narrated, clips: Sequence[Clip]) -> None:
    drawn = {each.name: each.drawn for each in clips}
    strange = [line["text"] for line in narrated.log if named(line["text"]) - drawn[line["camera"]]]
    assert len(strange) <= 0.1 * len(narrated.log), strange


@pytest.mark.long
def test_the_log_says_which_camera_and_keeps_a_picture_of_each(narrated: Narrated) -> None:
    assert [line["text"] for line in narrated.log] == narrated.ended.sentences
    assert all(line["text"].startswith(line["camera"] + ": ") for line in narrated.log)
    thumbnails = {(line["camera"], line["thumbnail"]) for line in narrated.log}
    assert all((narrated.folder / name).is_file() for _, name in thumbnails)
    assert len({name for _, name in thumbnails}) == len(thumbnails)


@pytest.mark.long
def test_the_subtitles_are_in_one_order_and_none_stands_over_another(narrated: Narrated) -> None:
    cues = list(webvtt.read(narrated.folder / "x.vtt"))
    assert [cue.text for cue in cues] == narrated.ended.sentences
    assert all(cue.end <= after.start for cue, after in pairwise(cues))
    told_s = narrated.log[-1]["seen_at"] - narrated.log[0]["seen_at"]
    assert cues[-1].end_in_seconds < told_s + 60  # from the run's beginning, not from the machine's


@pytest.mark.long
def test_history_shows_the_names(narrated: Narrated) -> None:
    shown = run("history", "--log", str(narrated.folder / "x.jsonl"), "--find", "Attic: ")
    assert shown.sentences
    assert all("Attic: " in line for line in shown.sentences)


def test_a_question_is_answered_by_every_camera_that_sees(clips: Sequence[Clip], tmp_path: Path) -> None:
    broken = tmp_path / "broken.avi"
    broken.write_bytes(b"no video")
    ended = run(
        "ask", "What is there?", *flags(clips[:2]), "--camera", f"Cellar={broken}", "--model", "demo", "--no-speak"
    )
    assert ended.code == 0
    assert sorted({line.partition(": ")[0] for line in ended.sentences}) == ["Door", "Yard"]
    assert "Cellar: " in ended.err


def test_a_file_names_cameras_and_what_each_is_watched_for(clips: Sequence[Clip], tmp_path: Path) -> None:
    wish = SceneSource(seed=clips[0].seed).truth_at(0.0)[0].noun_phrase
    file = tmp_path / "cameras.toml"
    file.write_text(
        f'[Door]\nsource = "camera:{clips[0].path}"\nwatch = ["{wish}"]\n\n[Yard]\nsource = "camera:{clips[1].path}"\n'
    )
    log = tmp_path / "x.jsonl"

    def is_enough(told: Records) -> bool:
        return {("Door", "alert"), ("Yard", "scene")} <= {(each.get("camera"), each["kind"]) for each in told}

    ended = run_until(is_enough, log, "--cameras", str(file), "--model", "demo", "--no-speak")
    alerts = [line for line in records(log) if line["kind"] == "alert"]
    assert ended.code == 130
    assert {line["camera"] for line in alerts} == {"Door"}
    assert alerts[0]["text"].startswith(f"Door: {wish.capitalize()}: since")
    assert "Yard" in {line.get("camera") for line in records(log) if line["kind"] == "scene"}


@dataclass
class Hall:
    """What a server says that lets no answer go before it has been asked about two frames at once."""

    lock: Lock = field(default_factory=Lock)
    under_way: int = 0
    most: int = 0
    has_met: Event = field(default_factory=Event)

    def says(self, asked: Asked) -> str:
        if not is_narration(asked):
            return seeing(asked)
        self.count(1)
        if self.most > 1:
            self.has_met.set()
        self.has_met.wait(LIMIT_S)
        self.count(-1)
        return SAID

    def count(self, more: int) -> None:
        with self.lock:
            self.under_way += more
            self.most = max(self.most, self.under_way)


def is_narration(asked: Asked) -> bool:
    return asked.question.startswith("Describe what")


def test_a_server_is_asked_about_as_many_at_once_as_it_may_be_and_an_outage_is_told_once(tmp_path: Path) -> None:
    hall, log = Hall(), tmp_path / "x.jsonl"
    server = Misbehaving([sends(response("503 Service Unavailable", b"busy"))] * 2, hall.says, is_narration)
    cameras = [word for name in NAMES for word in ("--camera", f"{name}=scenes")]
    with misbehaving(server) as root:
        how = ("--backend", "server", "--url", f"{root}/v1", "--parallel", "2", "--no-speak", "--log", str(log))
        process = start(*cameras, *how)
        until(lambda: log.exists() and all(f"{name}: {SAID}" in log.read_text() for name in NAMES))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=SLOW_S)
    told = records(log)
    assert (process.returncode, hall.most) == (130, 2)
    assert [each.get("camera") for each in told if each["kind"] == "outage"] == [None]
    assert {each.get("camera") for each in told if each["kind"] == "answering"} == {None}


def test_files_read_as_fast_as_possible_are_each_narrated_as_alone(clips: Sequence[Clip], tmp_path: Path) -> None:
    """No frame is dropped, so that each clip's sentences are those of a run of its own."""
    alone = {
        each.name: run("--source", str(each.path), "--asap", "--model", "demo", "--no-speak").sentences
        for each in clips[:2]
    }
    words = [word for each in clips[:2] for word in ("--camera", f"{each.name}={each.path}")]
    together = run(*words, "--asap", "--model", "demo", "--no-speak", "--log", str(tmp_path / "x.jsonl"))
    assert together.code == 0
    of_each: dict[str, list[str]] = {each.name: [] for each in clips[:2]}
    for line in together.sentences:
        name, _, text = line.partition(": ")
        of_each[name].append(text)
    assert of_each == alone
    assert all(alone.values())


@pytest.mark.parametrize(
    "words",
    [
        ("--camera", "scenes", "--source", "scenes"),
        ("--camera", "scenes", "--cameras", "cameras.toml"),
        ("--cameras", "no-such-file.toml"),
        ("--camera", "A=scenes", "--camera", "a=scenes"),
        ("--source", "scenes", "--parallel", "4"),
        ("--camera", "scenes", "--parallel", "4"),
        ("ask", "What?", "--camera", "scenes", "--source", "scenes"),
    ],
)
def test_words_that_make_no_sense_together_are_explained(words: tuple[str, ...]) -> None:
    ended = run(*words, "--model", "demo")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    assert "\nhint: " in ended.err


def test_a_camera_that_is_not_there_is_explained_by_its_name() -> None:
    ended = run("--camera", "Door=scenes", "--camera", "Yard=no-such.mp4", "--model", "demo")
    assert (ended.code, ended.out) == (1, "")
    assert "error: Yard: no such file: no-such.mp4" in ended.err
