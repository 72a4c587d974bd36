"""The commands that answer once, as a user runs them: describe, check, cameras."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.demo import scenes
from app.sources.webcam import found
from tests.running import ROOT, SLOW_S, environment, run, start

RED = "A red circle is in the top left."


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.full((480, 640, 3), 120, np.uint8)
    cv2.circle(pixels, (110, 90), 60, scenes.COLOURS["red"][::-1], -1, cv2.LINE_AA)
    path = tmp_path / "red circle.png"
    cv2.imwrite(str(path), pixels)
    return path


@pytest.mark.long
def test_describe_says_what_is_in_a_picture_and_nothing_else(picture: Path) -> None:
    ended = run("describe", str(picture), "--model", "demo")
    assert (ended.code, ended.out) == (0, RED + "\n")
    assert "drawn shapes" in ended.err


@pytest.mark.long
def test_describe_goes_on_behind_a_bad_picture(picture: Path) -> None:
    (picture.parent / "a broken one.png").write_bytes(b"\x89PNG and no more")
    ended = run("describe", str(picture.parent), "--model", "demo", "--json")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 1
    assert [line.get("text") for line in lines] == [None, RED]
    assert lines[0]["error"]
    assert lines[0]["hint"]


def test_describe_of_nothing_that_exists_is_explained() -> None:
    ended = run("describe", "no-such-picture.png", "--model", "demo")
    assert (ended.code, ended.out) == (1, "")
    assert "no-such-picture.png" in ended.err


def test_check_prints_a_block_for_a_bug_report_without_home_or_user() -> None:
    ended = run("check", "--model", "demo")
    lines = ended.out.splitlines()
    assert (lines[0], lines[-1]) == ("```", "```")
    for subject in ("system", "Python", "mlx-vlm", "MLX device", "model", "camera", "voice"):
        assert any(subject in line for line in lines)
    assert str(Path.home()) not in ended.out or Path.home() == Path("/")


@pytest.mark.long
def test_check_ends_with_1_exactly_if_something_is_missing() -> None:
    ended = run("check", "--model", "demo", "--json")
    statuses = [finding["status"] for finding in json.loads(ended.out)["findings"]]
    assert ended.code == (1 if "bad" in statuses else 0)


def test_cameras_lists_what_there_is_or_explains_that_there_is_none() -> None:
    ended = run("cameras")
    assert ended.code == (0 if found() else 1)
    assert len(ended.out.splitlines()) == len(found())
    assert bool(found()) != ("no camera found" in ended.err)


@pytest.mark.long
def test_a_reader_that_leaves_ends_a_command_quietly() -> None:
    process = start("check", "--model", "demo", "--json")
    assert process.stdout
    process.stdout.close()
    process.stdout = None
    _, err = process.communicate(timeout=SLOW_S)
    assert (process.returncode, err) == (0, "")


def test_ctrl_c_before_anything_has_begun_ends_with_130_and_without_a_word(tmp_path: Path) -> None:
    """A module in the way of the command line's, in which Ctrl-C is pressed."""
    main = (ROOT / "app" / "__main__.py").read_text()
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__main__.py").write_text(main)
    (tmp_path / "app" / "cli.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    ended = run("demo", cwd=tmp_path, env={**environment(), "PYTHONPATH": str(tmp_path)})
    assert (ended.code, ended.out, ended.err) == (130, "", "")
