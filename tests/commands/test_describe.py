"""`describe`: sentences on standard output, everything else on standard error, and no failure ends the rest."""

import contextlib
import errno
import io
import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from app.commands.describe import ResultWriter, Task, run
from app.demo.scenes import COLOURS
from app.errors import ModelError, OutputError
from tests.fake_describer import ScriptedDescriber
from tests.waiting import LIMIT_S

ROOT = Path(__file__).parents[2]
BROKEN = ModelError("the model failed on a frame: NaN", "./run.sh check tells more")


def save(folder, *names):
    for name in names:
        Image.new("RGB", (8, 6), "red").save(folder / name)
    return [str(folder / name) for name in names]


class Bench:
    """Runs `describe` with a scripted describer and keeps what it wrote."""

    def __init__(self, *script):
        self.describer = ScriptedDescriber(script)

    def run(self, *whats, is_json=False, **task):
        writer = ResultWriter(io.StringIO(), io.StringIO(), is_json)
        self.code = run([str(what) for what in whats], Task("What is it?", **task), lambda: self.describer, writer)
        self.out, self.err = writer.out.getvalue(), writer.err.getvalue()
        return self

    @property
    def records(self):
        return [json.loads(line) for line in self.out.splitlines()]


def test_one_picture_gives_its_bare_sentence_and_nothing_else(tmp_path):
    bench = Bench("A red  square.\nIt is small. ").run(*save(tmp_path, "a.png"))
    assert (bench.out, bench.err, bench.code) == ("A red square. It is small.\n", "", 0)


def test_of_several_pictures_each_line_begins_with_its_name(tmp_path):
    one, two = save(tmp_path, "a.png", "b.png")
    bench = Bench("One.", "Two.").run(two, one)
    assert bench.out == f"{two}: One.\n{one}: Two.\n"


def test_lines_of_a_folder_have_names_even_if_it_holds_one_picture(tmp_path):
    (name,) = save(tmp_path, "a.png")
    assert Bench("One.").run(tmp_path).out == f"{name}: One.\n"


ODD_NAMES = {
    "Screenshot 10.30.00\u202fAM.png": "Screenshot 10.30.00 AM.png",
    "two\nlines.png": r"two\nlines.png",
    "red\u202egnp.png": r"red\u202egnp.png",
    os.fsdecode(b"caf\xe9.png"): r"caf\xe9.png",
}
"""What a terminal can show of each."""


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_has_its_real_name_in_json_and_a_readable_one_in_text(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        save(tmp_path, "plain.png", name)
    except OSError:
        pytest.skip("this disk holds no such name")
    bench = Bench("One.", "Two.").run(name, "plain.png")
    assert (bench.out, bench.code) == (f"{ODD_NAMES[name]}: One.\nplain.png: Two.\n", 0)
    bench = Bench("One.", "Two.").run(name, "plain.png", is_json=True)
    assert [each["picture"] for each in bench.records] == [name, "plain.png"]


@pytest.mark.parametrize("bad", ["", "~no-such-user/a.png", "a" * 300, "a\0b.png", "plain.png/a.png", "loop.png"])
def test_what_names_no_picture_does_not_keep_the_next_one_from_being_described(bad, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(tmp_path, "plain.png")
    os.symlink("loop.png", "loop.png")
    bench = Bench("One.").run(bad, "plain.png")
    assert (bench.out, bench.code) == ("plain.png: One.\n", 1)
    assert [line.partition(": ")[0] for line in bench.err.splitlines()] == ["error", "hint"]


def test_the_model_is_shown_the_picture_and_the_prompt(tmp_path):
    began = time.monotonic()
    (asked,) = Bench("Yes.").run(*save(tmp_path, "a.png"), max_tokens=9).describer.asked
    assert (asked.prompt, asked.max_tokens, len(asked.frames)) == ("What is it?", 9, 1)
    assert asked.frames[0].pixels.shape == (6, 8, 3)
    assert began <= asked.frames[0].seen_at <= time.monotonic()


def test_a_question_takes_the_place_of_the_prompt(tmp_path):
    bench = Bench("Red.").run(*save(tmp_path, "a.png"), question="Which colour?")
    assert bench.describer.asked[0].prompt == "Which colour?"


def test_a_description_that_the_limit_cut_shows_it(tmp_path):
    (name,) = save(tmp_path, "a.png")
    assert Bench("one two three four").run(name, max_tokens=3).out == "one two three…\n"
    assert Bench("one two three.").run(name, max_tokens=3).out == "one two three.\n"


def test_a_bad_picture_is_an_error_with_a_hint_and_the_rest_go_on(tmp_path):
    good = save(tmp_path, "1.png", "3.png")
    (tmp_path / "2.png").write_text("no picture")
    bench = Bench("One.", "Three.").run(tmp_path)
    assert bench.out == f"{good[0]}: One.\n{good[1]}: Three.\n"
    assert bench.err.startswith(f"error: {tmp_path}/2.png is text\nhint: ")
    assert bench.code == 1


def test_an_error_of_the_model_never_becomes_a_caption(tmp_path):
    bench = Bench(BROKEN, "Two.").run(*save(tmp_path, "a.png", "b.png"))
    assert bench.out == f"{tmp_path}/b.png: Two.\n"
    assert bench.err == f"{BROKEN}\n"
    assert bench.code == 1


@pytest.mark.parametrize("silence", ["", " ", "\n \n"])
def test_a_model_that_says_nothing_has_failed(tmp_path, silence):
    bench = Bench(silence).run(*save(tmp_path, "a.png"))
    assert (bench.out, bench.code) == ("", 1)
    assert "said nothing" in bench.err


def test_a_model_that_repeats_itself_has_failed_and_what_it_said_before_is_told(tmp_path):
    bench = Bench("A red circle. No. center. center. center. center.").run(*save(tmp_path, "a.png"))
    assert (bench.out, bench.code) == ("", 1)
    assert "repeated itself over" in bench.err
    assert '"A red circle. No. center.' in bench.err


def test_a_defect_is_not_explained_away(tmp_path):
    describer = ScriptedDescriber(["One."])
    describer.wait = lambda _: 1 / 0
    with pytest.raises(ZeroDivisionError):
        run(save(tmp_path, "a.png"), Task("?"), lambda: describer, ResultWriter(io.StringIO(), io.StringIO()))


def test_json_lines_hold_the_picture_the_text_and_what_it_cost(tmp_path):
    (name,) = save(tmp_path, "a.png")
    (record,) = Bench("A red square.").run(name, is_json=True).records
    assert record == {
        "picture": name,
        "text": "A red square.",
        "first_word_s": 0.0,
        "total_s": 0.0,
        "tokens": 3,
        "image_tokens": 64,
        "forwards": 3,
        "drafted": 0,
        "draft_accepted": 0,
        "encoded": 0,
    }


def test_json_lines_hold_the_question_and_the_failures_too(tmp_path):
    bench = Bench("Röt.").run(*save(tmp_path, "a.png"), "gone.png", is_json=True, question="Which?")
    good, bad = bench.records
    assert (good["question"], good["text"]) == ("Which?", "Röt.")
    assert "Röt" in bench.out
    assert bad.keys() == {"picture", "question", "error", "hint"}
    assert (bench.code, "error: no such file: gone.png" in bench.err) == (1, True)


def test_ctrl_c_stops_within_a_word_and_closes_what_was_open(tmp_path):
    """The signal comes while the second word of the second picture is made."""
    bench, waits = Bench("One two.", "Three four five."), iter(range(99))

    def wait(_):
        if next(waits) == 3:
            raise KeyboardInterrupt

    bench.describer.wait = wait
    bench.run(*save(tmp_path, "a.png", "b.png", "c.png"))
    assert (bench.code, len(bench.describer.asked)) == (130, 2)
    assert bench.out == f"{tmp_path}/a.png: One two.\n"


SLOW = """
import sys, time
from app.demo.scenes import COLOURS
from app.commands.describe import ResultWriter, Task, run
from tests.fake_describer import ScriptedDescriber

def wait(_):
    print("word", file=sys.stderr, flush=True)
    time.sleep(0.02)

describer = ScriptedDescriber(["word " * 2000], wait=wait)
sys.exit(run(sys.argv[1:], Task("?", max_tokens=2000), lambda: describer, ResultWriter(sys.stdout, sys.stderr)))
"""


def test_a_real_ctrl_c_ends_with_130_and_no_traceback(tmp_path):
    (name,) = save(tmp_path, "a.png")
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", SLOW, name], **how) as child:
        assert child.stderr.readline() == "word\n"
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=LIMIT_S)
    assert (child.returncode, out) == (130, "")
    assert set(err.split()) <= {"word"}  # and no traceback


class Broken(io.StringIO):
    """Standard output that fails after its first line."""

    def __init__(self, reason):
        super().__init__()
        self.reason = reason

    def write(self, text):
        if self.getvalue():
            raise OSError(self.reason, os.strerror(self.reason))
        return super().write(text)


def test_it_ends_quietly_when_nobody_reads_any_more(tmp_path):
    describer, writer = ScriptedDescriber(["One."]), ResultWriter(Broken(errno.EPIPE), io.StringIO())
    assert run(save(tmp_path, "a.png", "b.png", "c.png"), Task("?"), lambda: describer, writer) == 0
    assert (len(describer.asked), writer.err.getvalue()) == (2, "")


def test_a_full_disk_is_explained(tmp_path):
    writer = ResultWriter(Broken(errno.ENOSPC), io.StringIO())
    with pytest.raises(OutputError, match="No space left") as caught:
        run(save(tmp_path, "a.png", "b.png"), Task("?"), lambda: ScriptedDescriber(["One."]), writer)
    assert caught.value.hint


def test_escape_codes_of_a_model_never_reach_the_terminal(tmp_path):
    assert Bench("A \x1b[31mred\x07 one.").run(*save(tmp_path, "a.png")).out == "A [31mred one.\n"


def on_a_terminal(monkeypatch, *whats, out=None):
    """Run with standard error on a terminal, and standard output too unless `out`. Returns what the terminal got."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    ours, theirs = pty.openpty()
    shown = bytearray()

    def read():
        with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
            while piece := os.read(ours, 4096):
                shown.extend(piece)

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(theirs, "w") as terminal:
        run(whats, Task("?"), lambda: ScriptedDescriber(["A red square."]), ResultWriter(out or terminal, terminal))
    reader.join()
    os.close(ours)
    return shown.decode()


def test_a_bar_is_shown_for_several_pictures_on_a_terminal_alone(tmp_path, monkeypatch):
    one, two = save(tmp_path, "a.png", "b.png")
    out = io.StringIO()
    shown = on_a_terminal(monkeypatch, one, two, out=out)
    assert out.getvalue() == f"{one}: A red square.\n{two}: A red square.\n"
    assert "1/2" in shown
    assert "2/2" in shown
    assert on_a_terminal(monkeypatch, one, out=io.StringIO()) == ""
    assert Bench("One.").run(one, two).err == ""


def test_sentences_and_bar_do_not_mix_on_one_terminal(tmp_path, monkeypatch):
    names = save(tmp_path, "a.png", "b.png")
    lines = on_a_terminal(monkeypatch, *names).replace("\r", "\n").splitlines()
    for name in names:
        assert next(line for line in lines if name in line).endswith(f"{name}: A red square.")


@pytest.mark.long
def test_the_bundled_model_describes_a_folder_and_passes_over_what_is_no_picture(tmp_path):
    """The whole command: sentences alone on standard output, and 1 for the file that is no picture."""
    scene = Image.new("RGB", (640, 480), (120, 120, 120))
    ImageDraw.Draw(scene).ellipse((50, 30, 170, 150), fill=COLOURS["red"])
    scene.save(tmp_path / "2.png")
    (tmp_path / "10.png").write_text("no picture")
    command = [sys.executable, "-m", "app", "describe", "--model", "demo", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout == f"{tmp_path}/2.png: A red circle is in the top left.\n", done.stderr
    assert f"error: {tmp_path}/10.png is text\nhint: " in done.stderr
    assert done.returncode == 1
