"""`describe DIR --to captions.jsonl`: one line a picture, and a second run goes on where the first one stopped."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from app.commands.describe import ResultWriter, Task, run
from app.errors import ModelError, OutputError
from app.image_files.sink import Captions
from tests.fake_describer import ScriptedDescriber
from tests.waiting import LIMIT_S

ROOT = Path(__file__).parents[2]
ASKED = {"model": "scripted", "prompt": "What is it?"}
BROKEN = ModelError("the model failed on a frame: NaN", "./run.sh check tells more")


def save(folder, *names):
    for name in names:
        Image.new("RGB", (8, 6), "red").save(folder / name)


class Desk:
    """A folder of three pictures, and the file for what is said of them."""

    def __init__(self, folder):
        self.folder, self.file = folder / "pictures", folder / "captions.jsonl"
        self.folder.mkdir()
        save(self.folder, "1.png", "2.png", "3.png")

    def run(self, *script, whats=None, **asked):
        """Returns the exit code; keeps how often the model was asked, and what was told."""
        describer, page = ScriptedDescriber(script or ["A red square."]), ResultWriter(io.StringIO(), io.StringIO())
        captions = Captions(self.file, {**ASKED, **asked})
        try:
            what = whats or [str(self.folder)]
            code = run(what, Task("What is it?"), lambda: describer, page, captions=captions)
        finally:
            captions.close()
        self.asked, self.out, self.err = len(describer.asked), page.out.getvalue(), page.err.getvalue()
        return code

    @property
    def lines(self):
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def named(self, what):
        return [(os.path.basename(line["picture"]), line[what]) for line in self.lines if what in line]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_each_picture_is_a_line_and_standard_output_stays_empty(desk):
    assert desk.run("One.", "Two.", "Three.") == 0
    assert desk.named("text") == [("1.png", "One."), ("2.png", "Two."), ("3.png", "Three.")]
    assert desk.out == ""
    assert desk.err == f"notice: {desk.file}: 3 new, 0 already done, 0 failed\n"


def test_what_is_there_is_not_described_again(desk):
    desk.run()
    before = desk.file.read_bytes()
    assert desk.run() == 0
    assert (desk.asked, desk.file.read_bytes()) == (0, before)
    assert "0 new, 3 already done, 0 failed" in desk.err


def test_pictures_that_are_new_or_changed_are_described(desk):
    desk.run()
    save(desk.folder, "4.png")
    Image.new("RGB", (9, 9), "blue").save(desk.folder / "2.png")
    assert desk.run("Other.") == 0
    assert desk.named("text")[3:] == [("2.png", "Other."), ("4.png", "Other.")]


def test_a_picture_that_is_named_twice_is_described_once(desk):
    desk.run(whats=[str(desk.folder), f"{desk.folder}/*.png", str(desk.folder / "1.png")])
    assert desk.asked == 3


def test_failures_are_written_as_such_and_tried_again(desk):
    (desk.folder / "2.png").write_text("no picture")
    assert desk.run("One.", BROKEN) == 1
    assert [name for name, _ in desk.named("error")] == ["2.png", "3.png"]
    assert all(line["hint"] for line in desk.lines if "error" in line)
    assert "1 new, 0 already done, 2 failed" in desk.err
    assert desk.run("Three.") == 1
    assert desk.named("text") == [("1.png", "One."), ("3.png", "Three.")]


def test_the_same_failure_is_not_written_twice(desk):
    (desk.folder / "2.png").write_text("no picture")
    desk.run()
    before = desk.file.read_bytes()
    assert desk.run() == 1
    assert desk.file.read_bytes() == before


def test_a_file_that_was_cut_off_anywhere_in_its_last_line_is_mended(desk):
    desk.run("One.", "Two.", "Three.")
    whole = desk.file.read_bytes()
    last = whole.rstrip().rindex(b"\n") + 1
    for end in [*range(last, last + 20), *range(last, len(whole), 37)]:
        desk.file.write_bytes(whole[:end])
        assert desk.run("Again.") == 0
        assert (desk.asked, [line["text"] for line in desk.lines]) == (1, ["One.", "Two.", "Again."])


@pytest.mark.parametrize("tail", [b"\0" * 4096, b'{"picture": "x\0\0\0'])
def test_what_a_loss_of_power_leaves_is_mended(desk, tail):
    desk.run()
    whole = desk.file.read_bytes()
    desk.file.write_bytes(whole + tail)
    assert desk.run() == 0
    assert (desk.asked, desk.file.read_bytes()) == (0, whole)


def test_a_last_line_that_lacks_nothing_but_its_end_is_kept(desk):
    desk.run()
    whole = desk.file.read_bytes()
    desk.file.write_bytes(whole[:-1])
    assert desk.run() == 0
    assert (desk.asked, desk.file.read_bytes()) == (0, whole)


@pytest.mark.parametrize(
    "asked", [{"model": "other"}, {"prompt": "Where is it?"}, {"question": "Why?"}, {"max_tokens": 9}]
)
def test_another_question_is_refused_and_nothing_is_changed(desk, asked):
    desk.run()
    before = desk.file.read_bytes()
    with pytest.raises(OutputError, match=f"{next(iter(asked))} was ") as caught:
        desk.run(**asked)
    assert "another file" in caught.value.hint
    assert desk.file.read_bytes() == before


@pytest.mark.parametrize(
    "strange",
    [
        b"My diary\n",
        b"half a line of something",
        b'{"event": "sentence", "kind": "scene", "text": "A red square."}\n',
        b'{"picture": "a.png", "text": "from describe --json"}\n',
        b'{"picture": "a.png", "text": 1, "of": {}, "asked": {}}\n',
        b"[]\n",
        b"\xff\xfe\x00",
        b"\0" * 100,
        b"[" * 100_000,
    ],
)
def test_a_file_of_another_kind_is_refused_and_left_as_it_is(desk, strange):
    desk.file.write_bytes(strange)
    with pytest.raises(OutputError, match=r"line 1 .* is not one") as caught:
        desk.run()
    assert "left as it is" in caught.value.hint
    assert desk.file.read_bytes() == strange


def test_a_strange_line_among_good_ones_is_refused(desk):
    desk.run()
    desk.file.write_bytes(desk.file.read_bytes() + b"what is this?\n")
    with pytest.raises(OutputError, match="line 4 "):
        desk.run()


def test_an_empty_file_is_taken(desk):
    desk.file.touch()
    assert desk.run() == 0
    assert len(desk.lines) == 3


def test_folders_pipes_devices_and_places_that_are_not_there_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe", Path("/dev/zero"), tmp_path / "gone" / "a.jsonl"):
        with pytest.raises(OutputError) as caught:
            Captions(place, ASKED)
        assert caught.value.hint


def test_a_file_that_another_looksay_writes_is_refused(desk):
    held = Captions(desk.file, ASKED)
    with pytest.raises(OutputError, match="by another looksay"):
        desk.run()
    held.close()
    held.close()
    assert desk.run() == 0


def test_addresses_are_known_again_and_standard_input_never_is(tmp_path):
    captions = Captions(tmp_path / "a.jsonl", ASKED)
    url, data = "https://host/a.png?token=secret", "data:,x"
    for what in (url, data, "-"):
        captions.keep((what,), {"picture": what[:5], "text": "One."})
    captions.close()
    assert "secret" not in (tmp_path / "a.jsonl").read_text()
    captions = Captions(tmp_path / "a.jsonl", ASKED)
    assert captions.left([(url,), (data,), ("-",), ("data:,y",)]) == [("-",), ("data:,y",)]
    captions.close()


def test_names_that_are_no_text_are_known_again(desk):
    save(desk.folder, "bad\udcff.png")
    desk.run()
    assert desk.run() == 0
    assert desk.asked == 0


def test_ctrl_c_ends_with_130_and_what_was_said_is_there(desk):
    describer, page = ScriptedDescriber(["One."]), ResultWriter(io.StringIO(), io.StringIO())

    def wait(_):
        if len(describer.asked) == 2:
            raise KeyboardInterrupt

    describer.wait = wait
    captions = Captions(desk.file, ASKED)
    assert run([str(desk.folder)], Task("?"), lambda: describer, page, captions=captions) == 130
    captions.close()
    assert desk.named("text") == [("1.png", "One.")]
    assert "1 new, 0 already done" in page.err.getvalue()


CHILD = """
import resource, sys, time
from app.commands.describe import ResultWriter, Task, run
from app.image_files.sink import Captions
from app.errors import UserError
from tests.fake_describer import ScriptedDescriber

folder, file, wait_s, most = sys.argv[1:]
if int(most):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
try:
    captions = Captions(file, {"model": "scripted", "prompt": "What is it?"})
    describer = ScriptedDescriber(["A red square."], piece_s=float(wait_s))
    sys.exit(run([folder], Task("?"), lambda: describer, ResultWriter(sys.stdout, sys.stderr), captions=captions))
except UserError as failure:
    sys.exit(str(failure))
"""


def child(desk, wait_s=0.0, most=0):
    command = [sys.executable, "-c", CHILD, str(desk.folder), str(desk.file), str(wait_s), str(most)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def test_a_run_that_was_killed_goes_on_where_it_was(desk):
    with child(desk, wait_s=0.2) as killed:
        while not desk.file.exists() or desk.file.stat().st_size == 0:
            assert killed.poll() is None
        killed.send_signal(signal.SIGKILL)
    assert 1 <= len(desk.lines) < 3
    assert desk.run() == 0
    assert [name for name, _ in desk.named("text")] == ["1.png", "2.png", "3.png"]


def test_a_file_that_cannot_grow_is_explained_keeps_whole_lines_and_goes_on_later(desk):
    """A limit of the file's size stands for a full disk: the system refuses the write in the middle of a line."""
    desk.run()
    line = len(desk.file.read_bytes()) // 3
    desk.file.unlink()
    with child(desk, most=line * 5 // 2) as full:
        told = full.communicate(timeout=LIMIT_S)[1]
    assert full.returncode == 1
    assert f"error: {desk.file} cannot be written: " in told
    assert "goes on where it stopped" in told
    assert [name for name, _ in desk.named("text")] == ["1.png", "2.png"]
    assert desk.run() == 0
    assert (desk.asked, len(desk.lines)) == (1, 3)
