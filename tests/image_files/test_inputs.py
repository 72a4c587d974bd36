"""How `describe` is shown clips, and several pictures at once; and what its flags make of it."""

import io
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.cli import describe_parser
from app.commands.describe import TRIES, DescribeArgs, ResultWriter, Retries, Task, run
from app.demo.scenes import COLOURS
from app.errors import Outage, UsageError
from app.image_files.clip import Stretch
from app.image_files.inputs import InputOptions
from tests.fake_describer import ScriptedDescriber

ROOT = Path(__file__).parents[2]


def save(folder, *names):
    for name in names:
        Image.new("RGB", (8, 6), "red").save(folder / name)
    return [str(folder / name) for name in names]


def film(path, frames):
    """At 10 frames a second."""
    made = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, frames[0].size)
    for frame in frames:
        made.write(np.asarray(frame)[:, :, ::-1])
    made.release()
    return str(path)


def clip(path):
    """Four seconds."""
    return film(path, [Image.new("RGB", (64, 48), (n, n, n)) for n in range(40)])


class Bench:
    def __init__(self, *script):
        self.describer = ScriptedDescriber(script)

    def run(self, *whats, is_json=False, **options):
        writer = ResultWriter(io.StringIO(), io.StringIO(), is_json)
        task = Task("What is it?", of_several="What happens?")
        self.code = run(whats, task, lambda: self.describer, writer, InputOptions(**options))
        self.out, self.err = writer.out.getvalue(), writer.err.getvalue()
        return self


def test_a_clip_is_one_question_about_several_moments_oldest_first(tmp_path):
    bench = Bench("It brightens.").run(clip(tmp_path / "a.mp4"), stretch=Stretch(4))
    (asked,) = bench.describer.asked
    assert [round(each.media_s, 2) for each in asked.frames] == [0.5, 1.5, 2.5, 3.5]
    assert asked.prompt == "What happens?"
    assert (bench.out, bench.code) == ("At 0:00.5, 0:01.5, 0:02.5 and 0:03.5: It brightens.\n", 0)


def test_a_clip_of_one_moment_is_asked_about_as_a_picture_is(tmp_path):
    bench = Bench("Grey.").run(clip(tmp_path / "a.mp4"), stretch=Stretch(1), note="one frame at once")
    assert bench.describer.asked[0].prompt == "What is it?"
    assert bench.out == "At 0:02: Grey.\n"
    assert "notice: " in bench.err
    assert "one frame at once" in bench.err


def test_json_lists_the_moments_and_what_is_to_be_said_of_them(tmp_path):
    bench = Bench("Grey.").run(clip(tmp_path / "a.mp4"), is_json=True, stretch=Stretch(2, 1.0, 60.0))
    record = json.loads(bench.out)
    assert (record["moments_s"], record["notes"]) == ([1.7, 3.2], ["it ends at 0:04, before 1:00"])
    assert "it ends at 0:04" in bench.err


def test_times_are_for_videos_and_the_rest_goes_on(tmp_path):
    (one,), two = save(tmp_path, "a.png"), clip(tmp_path / "b.mp4")
    bench = Bench("Grey.").run(one, two, stretch=Stretch(1, 1.0, 2.0))
    assert bench.out == f"{two}, at 0:01.5: Grey.\n"
    assert f"error: {one} is a picture" in bench.err
    assert bench.code == 1


def test_a_clip_called_like_a_picture_is_a_clip(tmp_path):
    assert "At 0:02: " in Bench("Grey.").run(clip(tmp_path / "a.mp4"), stretch=Stretch(1)).out
    (tmp_path / "a.mp4").rename(tmp_path / "a.jpg")
    assert "At 0:02: " in Bench("Grey.").run(str(tmp_path / "a.jpg"), stretch=Stretch(1)).out


def test_pictures_together_are_one_question_in_the_order_they_were_named(tmp_path):
    Image.new("RGB", (5, 5), "blue").save(tmp_path / "b.png")
    (one,) = save(tmp_path, "a.png")
    bench = Bench("The colour.").run(str(tmp_path / "b.png"), one, together=4)
    (asked,) = bench.describer.asked
    assert [each.pixels.shape for each in asked.frames] == [(5, 5, 3), (6, 8, 3)]
    assert (bench.out, asked.prompt) == ("The colour.\n", "What happens?")


def test_a_folder_can_be_shown_together_and_json_names_all_of_it(tmp_path):
    names = save(tmp_path, "1.png", "2.png", "10.png")
    record = json.loads(Bench("The same.").run(str(tmp_path), is_json=True, together=4).out)
    assert (record["pictures"], "picture" in record) == (names, False)


def test_more_pictures_than_the_model_can_be_shown_are_refused_with_the_number(tmp_path):
    names, bench = save(tmp_path, "1.png", "2.png", "3.png"), Bench("No.")
    with pytest.raises(UsageError, match="at most 2 pictures with one question, and these are 3"):
        bench.run(*names, together=2)
    with pytest.raises(UsageError, match="one picture with one question"):
        bench.run(*names, together=1)
    assert bench.describer.asked == []


def test_standard_input_is_named_once(tmp_path):
    with pytest.raises(UsageError, match="can be read once"):
        Bench("No.").run("-", *save(tmp_path, "a.png"), "-")


def test_of_pictures_together_one_that_is_bad_or_a_video_spoils_the_question(tmp_path):
    (good,) = save(tmp_path, "a.png")
    for other, told in ((str(tmp_path / "gone.png"), "no such file"), (clip(tmp_path / "b.mp4"), "is a video")):
        bench = Bench("No.").run(good, other, together=4)
        assert (bench.out, bench.code, bench.describer.asked) == ("", 1, [])
        assert told in bench.err


GONE = Outage("the server refused", "start it")


def test_a_model_elsewhere_that_fails_for_a_moment_is_asked_again():
    waits, told = [], []
    retries = Retries(told.append, waits.append)
    answers = iter([GONE, GONE, "Red."])

    def ask():
        answer = next(answers)
        if isinstance(answer, Outage):
            raise answer
        return answer

    assert retries.call(ask) == "Red."
    assert len(waits) == 2
    assert [each.kind for each in told] == ["outage", "answering"]


def test_a_model_elsewhere_that_stays_away_is_given_up():
    waits = []

    def ask():
        raise GONE

    with pytest.raises(Outage):
        Retries(lambda _: None, waits.append).call(ask)
    assert len(waits) == TRIES - 1
    assert 1 < sum(waits) < 30


LONG = Outage("the server wants to be left alone", "wait", wait_s=3600)


def test_a_picture_that_a_server_stumbles_over_does_not_end_the_rest(tmp_path):
    names = save(tmp_path, "1.png", "2.png", "3.png")
    bench = Bench(LONG, "Two.", LONG).run(*names)
    assert bench.out == f"{names[1]}: Two.\n"
    assert bench.code == 1
    assert bench.err.count("error: ") == 2


def test_a_server_that_is_gone_ends_it_at_the_second_picture(tmp_path):
    bench = Bench(LONG)
    with pytest.raises(Outage):
        bench.run(*save(tmp_path, "1.png", "2.png", "3.png"))
    assert len(bench.describer.asked) == 2


def args(*argv):
    return DescribeArgs.of(describe_parser("describe", "").parse_args(["a.png", *argv]))


@pytest.mark.parametrize(("frames", "moments"), [(1, 1), (4, 4), (8, 8), (64, 8)])
def test_a_clip_is_looked_at_as_often_as_the_model_can_be_shown_it_and_at_most_eight_times(frames, moments):
    options = args("--together").input_options("demo", frames)
    assert (options.stretch.moments, options.together) == (moments, frames)
    assert bool(options.note) == (frames == 1)


@pytest.mark.parametrize(
    "argv",
    [
        ["--to", "captions.txt"],
        ["--to", "0:10", "--to", "0:20"],
        ["--to", "a.jsonl", "--to", "b.jsonl"],
        ["--from", "0:10", "--to", "0:10"],
        ["--to", "0"],
        ["--from", "soon"],
        ["--from", "-1"],
        ["--frames", "0"],
        ["--together", "--to", "captions.jsonl"],
    ],
)
def test_flags_that_make_no_sense_are_explained(argv):
    with pytest.raises(UsageError) as caught:
        args(*argv)
    assert caught.value.hint


def test_more_moments_than_the_model_can_be_shown_are_refused():
    with pytest.raises(UsageError, match="demo can be shown at most 4 frames at once"):
        args("--frames", "5").input_options("demo", 4)


def describe(*argv, **how):
    command = [sys.executable, "-m", "app", "describe", "--model", "demo", *map(str, argv)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, **how)


def scene(x, y, colour="red"):
    picture = Image.new("RGB", (640, 480), (120, 120, 120))
    ImageDraw.Draw(picture).ellipse((x, y, x + 120, y + 120), fill=COLOURS[colour])
    return picture


@pytest.mark.long
def test_the_bundled_model_tells_what_happens_in_a_clip(tmp_path):
    """A circle moves to the right; every frame by itself shows a circle that stands."""
    film(tmp_path / "a.mp4", [scene(20 + 12 * n, 180) for n in range(40)])
    done = describe(tmp_path / "a.mp4", "--to", "4s")
    assert done.stdout.decode() == "At 0:00.5, 0:01.5, 0:02.5 and 0:03.5: A red circle moves right.\n", done.stderr


@pytest.mark.long
def test_the_bundled_model_writes_a_folder_down_and_goes_on(tmp_path):
    scene(50, 30).save(tmp_path / "1.png")
    scene(50, 30, "blue").save(tmp_path / "2.jpg")
    (tmp_path / "3.png").write_text("no picture")
    for described, there in ((2, 0), (0, 2)):
        done = describe(tmp_path / "*.*g", "--to", tmp_path / "captions.jsonl", text=True)
        assert f"{described} new, {there} already done, 1 failed" in done.stderr
        assert (done.returncode, done.stdout) == (1, "")
    lines = [json.loads(line) for line in (tmp_path / "captions.jsonl").read_text().splitlines()]
    told = [line.get("text") or line["error"] for line in lines]
    blue = "A blue circle is in the top left."
    assert told == ["A red circle is in the top left.", blue, f"{tmp_path}/3.png is text"]
    assert lines[0]["asked"]["model"] == "demo"
    other = describe(tmp_path / "1.png", "--to", tmp_path / "captions.jsonl", "--ask", "What?", text=True)
    assert (other.returncode, "was written with different options: question none (now 'What?')" in other.stderr) == (
        1,
        True,
    )
