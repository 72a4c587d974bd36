"""`watch`, `ask` and `--watch` as a user runs them: child processes, the real model, a real clip."""

import json
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.demo import scenes
from app.demo.scenes import Scene, Shape
from models.demo.training import camera
from tests.running import records, run

RED = Shape("red", "circle", 0.25, 0.5, 0.16)
BLUE = Shape("blue", "square", 0.75, 0.5, 0.16)
BEGINS_S, ENDS_S, WHOLE_S, FPS = 3, 7, 11, 10


def scene(media_s: float) -> Scene:
    return (BLUE, RED) if BEGINS_S <= media_s < ENDS_S else (BLUE,)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A blue square; a red circle comes after three seconds and goes after seven. With a camera's noise."""
    path, rng = tmp_path_factory.mktemp("clip") / "red comes and goes.mp4", np.random.default_rng(4)
    ground = scenes.Background("gradient", (0.5, 0.5, 0.52), (0.6, 0.58, 0.55))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FPS, (320, 240))
    for number in range(WHOLE_S * FPS):
        picture = scenes.draw(scene(number / FPS), ground, 320, 240)
        writer.write(camera.film(picture, camera.Look(noise=0.01), rng)[..., ::-1])
    writer.release()
    return path


def demo(command: str, *argv: str, clip: Path) -> tuple[str, ...]:
    return (*([command] if command else []), *argv, "--source", str(clip), "--model", "demo")


def test_beginning_and_end_are_told_with_their_times_and_the_command_runs_at_the_beginning(
    clip: Path, tmp_path: Path
) -> None:
    log, ran = tmp_path / "x.jsonl", tmp_path / "ran.txt"
    program = 'printf "%s\\n" "$2" >> "$1"'  # the end of a run gives it two seconds: no Python, which starts slowly
    then = f"sh -c {shlex.quote(program)} sh {shlex.quote(str(ran))} {{text}}"
    ended = run(*demo("watch", "a red circle", "--then", then, "--asap", "--log", str(log), clip=clip))
    assert ended.code == 0, ended.err
    begins, ends = (line for line in records(log) if line["event"] == "sentence")
    assert (begins["kind"], begins["about"], ends["kind"]) == ("alert", "a red circle", "change")
    assert BEGINS_S <= begins["media_s"] <= BEGINS_S + 2
    assert ENDS_S <= ends["media_s"] <= ENDS_S + 2
    assert ended.sentences == [begins["text"], ends["text"]]
    assert ends["text"].endswith("after 4 seconds.")
    assert ran.read_text() == begins["text"] + "\n"


@pytest.mark.long
def test_what_does_not_last_long_enough_is_not_told(clip: Path) -> None:
    ended = run(*demo("watch", "a red circle", "--for", "6", "--asap", clip=clip))
    assert (ended.code, ended.sentences) == (0, [])


@pytest.mark.long
def test_several_things_are_watched_for_beside_the_narration(clip: Path, tmp_path: Path) -> None:
    log = tmp_path / "x.jsonl"
    watches = ("--watch", "a red circle", "--watch", "a green star")
    ended = run(*demo("", *watches, "--asap", "--no-speak", "--log", str(log), clip=clip))
    assert ended.code == 0, ended.err
    told = [
        (line["kind"], line["about"] if "about" in line else line["text"])
        for line in records(log)
        if line["event"] == "sentence"
    ]
    assert [each for each in told if "a " not in each[1][:2]] == [
        ("scene", "A blue square is on the right."),
        ("change", "A red circle is left of a blue square."),
        ("change", "A blue square is on the right."),
    ]
    assert [each for each in told if each[1] == "a red circle"] == [
        ("alert", "a red circle"),
        ("change", "a red circle"),
    ]
    assert len(told) == 5


@pytest.mark.long
def test_a_question_has_one_answer_and_the_end(clip: Path) -> None:
    ended = run(*demo("ask", "Is there a blue square?", clip=clip))
    assert (ended.code, ended.out) == (0, "Yes.\n")
    as_json = run(*demo("ask", "Is there a red circle?", "--json", clip=clip))
    (answer,) = (json.loads(line) for line in as_json.sentences if '"sentence"' in line)
    assert (answer["kind"], answer["text"], answer["about"]) == ("answer", "No.", "Is there a red circle?")


@pytest.mark.long
def test_nothing_is_asked_in_the_dark(tmp_path: Path) -> None:
    path = tmp_path / "dark.mp4"
    writer, rng = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FPS, (320, 240)), np.random.default_rng(1)
    for _ in range(3 * FPS):
        writer.write(np.clip(rng.normal(6, 2, (240, 320, 3)), 0, 255).astype(np.uint8))
    writer.release()
    ended = run(*demo("ask", "Is there a blue square?", clip=path))
    assert (ended.code, ended.out) == (1, "")
    assert "error: It is dark" in ended.err
    assert "hint: turn on a light" in ended.err
