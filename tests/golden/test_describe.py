"""`describe`: every form of what can be described, with its exact text and exit code."""

import json
from pathlib import Path

from PIL import Image

from tests.golden.inputs import BLUE, GREEN, RED, circle, files_over_http, film, save
from tests.running import run

DESCRIBE = ("describe", "--model", "demo")


def moving() -> list[Image.Image]:
    """Four seconds in which a red circle moves to the right."""
    return [circle("red", (80 + 12 * number, 240)) for number in range(40)]


def test_one_picture_is_one_bare_sentence(tmp_path: Path) -> None:
    ended = run(*DESCRIBE, save(circle("red", "top left"), tmp_path / "red.png"))
    assert (ended.code, ended.out) == (0, f"{RED}\n")


def test_a_folder_is_named_in_natural_order_and_a_private_address_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    save(circle("green", "bottom left"), folder / "10.webp")
    save(circle("red", "top left"), folder / "1.png")
    save(circle("blue", "top right"), folder / "2.jpg")
    with files_over_http(folder) as (address, asked):
        ended = run(*DESCRIBE, f"{address}/1.png", str(folder))
    assert ended.code == 1
    assert ended.sentences == [f"{folder}/1.png: {RED}", f"{folder}/2.jpg: {BLUE}", f"{folder}/10.webp: {GREEN}"]
    assert asked == []
    assert "--allow-private" in ended.err


def test_json_has_a_line_for_everything_named_also_for_what_is_no_picture(tmp_path: Path) -> None:
    red = save(circle("red", "top left"), tmp_path / "here" / "red.png")
    (tmp_path / "here" / "text.png").write_text("no picture")
    save(circle("blue", "top right"), tmp_path / "there" / "blue.png")
    clip = film(moving(), tmp_path / "clip.mp4")
    with files_over_http(tmp_path / "there") as (address, asked):
        web = f"{address}/blue.png"
        ended = run(*DESCRIBE, "--json", "--allow-private", str(tmp_path / "here"), web, f"{address}/gone.png", clip)
    bad, gone = f"{tmp_path}/here/text.png", f"{address}/gone.png"
    lines = {line["picture"]: line for line in map(json.loads, ended.sentences)}
    assert ended.code == 1
    assert list(lines) == [red, bad, web, gone, clip]
    assert {name: line["text"] for name, line in lines.items() if "text" in line} == {
        red: RED,
        web: BLUE,
        clip: "A red circle moves right.",
    }
    assert all(lines[name].keys() == {"picture", "error", "hint"} for name in (bad, gone))
    assert all(lines[name]["error"] and lines[name]["hint"] for name in (bad, gone))
    assert asked == ["/blue.png", "/gone.png"]


def test_a_stretch_of_a_clip_is_looked_at_as_often_as_asked(tmp_path: Path) -> None:
    """It goes right at first; what is looked at is the way down after that."""
    pictures = [circle("red", (80 + 20 * number, 90)) for number in range(20)]
    pictures += [circle("red", (480, 90 + 15 * number)) for number in range(20)]
    clip = film(pictures, tmp_path / "clip.mp4")
    ended = run(*DESCRIBE, clip, "--from", "0:02", "--to", "4", "--frames", "2")
    assert (ended.code, ended.out) == (0, "At 0:02.5 and 0:03.5: A red circle moves down.\n")


def test_pictures_together_are_one_question_in_the_order_named(tmp_path: Path) -> None:
    """What moved can be known from no single one of them."""
    right = save(circle("red", (530, 240)), tmp_path / "a.png")
    middle = save(circle("red", (320, 240)), tmp_path / "c.png")
    left = save(circle("red", (110, 240)), tmp_path / "b.png")
    ended = run(*DESCRIBE, right, middle, left, "--together", "--ask", "What is happening?")
    assert (ended.code, ended.out) == (0, "A red circle moves left.\n")
