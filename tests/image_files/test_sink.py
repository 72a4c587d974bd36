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


class Batch:
    """A folder of three pictures, and the file for what is said of them."""

    def __init__(self, folder):
        self.folder, self.file = folder / "pictures", folder / "captions.jsonl"
        self.folder.mkdir()
        save(self.folder, "1.png", "2.png", "3.png")

    def run(self, *script, whats=None, **asked):
        """Returns the exit code; keeps how often the model was asked, and what was told."""
        describer, writer = ScriptedDescriber(script or ["A red square."]), ResultWriter(io.StringIO(), io.StringIO())
        captions = Captions(self.file, {**ASKED, **asked})
        try:
            what = whats or [str(self.folder)]
            code = run(what, Task("What is it?"), lambda: describer, writer, captions=captions)
        finally:
            captions.close()
        self.asked, self.out, self.err = len(describer.asked), writer.out.getvalue(), writer.err.getvalue()
        return code

    @property
    def lines(self):
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def named(self, what):
        return [(os.path.basename(line["picture"]), line[what]) for line in self.lines if what in line]


@pytest.fixture
def batch(tmp_path):
    return Batch(tmp_path)


def test_each_picture_is_a_line_and_standard_output_stays_empty(batch):
    assert batch.run("One.", "Two.", "Three.") == 0
    assert batch.named("text") == [("1.png", "One."), ("2.png", "Two."), ("3.png", "Three.")]
    assert batch.out == ""
    assert batch.err == f"notice: {batch.file}: 3 new, 0 already done, 0 failed\n"


def test_what_is_there_is_not_described_again(batch):
    batch.run()
    before = batch.file.read_bytes()
    assert batch.run() == 0
    assert (batch.asked, batch.file.read_bytes()) == (0, before)
    assert "0 new, 3 already done, 0 failed" in batch.err


def test_pictures_that_are_new_or_changed_are_described(batch):
    batch.run()
    save(batch.folder, "4.png")
    Image.new("RGB", (9, 9), "blue").save(batch.folder / "2.png")
    assert batch.run("Other.") == 0
    assert batch.named("text")[3:] == [("2.png", "Other."), ("4.png", "Other.")]


def test_failures_are_written_as_such_and_tried_again(batch):
    (batch.folder / "2.png").write_text("no picture")
    assert batch.run("One.", BROKEN) == 1
    assert [name for name, _ in batch.named("error")] == ["2.png", "3.png"]
    assert all(line["hint"] for line in batch.lines if "error" in line)
    assert "1 new, 0 already done, 2 failed" in batch.err
    assert batch.run("Three.") == 1
    assert batch.named("text") == [("1.png", "One."), ("3.png", "Three.")]


def test_the_same_failure_is_not_written_twice(batch):
    (batch.folder / "2.png").write_text("no picture")
    batch.run()
    before = batch.file.read_bytes()
    assert batch.run() == 1
    assert batch.file.read_bytes() == before


def test_a_file_that_was_cut_off_anywhere_in_its_last_line_is_mended(batch):
    batch.run("One.", "Two.", "Three.")
    whole = batch.file.read_bytes()
    last = whole.rstrip().rindex(b"\n") + 1
    for end in [*range(last, last + 20), *range(last, len(whole), 37)]:
        batch.file.write_bytes(whole[:end])
        assert batch.run("Again.") == 0
        assert (batch.asked, [line["text"] for line in batch.lines]) == (1, ["One.", "Two.", "Again."])


@pytest.mark.parametrize("tail", [b"\0" * 4096, b'{"picture": "x\0\0\0'])
def test_what_a_loss_of_power_leaves_is_mended(batch, tail):
    batch.run()
    whole = batch.file.read_bytes()
    batch.file.write_bytes(whole + tail)
    assert batch.run() == 0
    assert (batch.asked, batch.file.read_bytes()) == (0, whole)


@pytest.mark.parametrize(
    "asked", [{"model": "other"}, {"prompt": "Where is it?"}, {"question": "Why?"}, {"max_tokens": 9}]
)
def test_another_question_is_refused_and_nothing_is_changed(batch, asked):
    batch.run()
    before = batch.file.read_bytes()
    with pytest.raises(OutputError, match=f"different options: {next(iter(asked))} ") as caught:
        batch.run(**asked)
    assert "another file" in caught.value.hint
    assert batch.file.read_bytes() == before


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
def test_a_file_of_another_kind_is_refused_and_left_as_it_is(batch, strange):
    batch.file.write_bytes(strange)
    with pytest.raises(OutputError, match=r"line 1 .* is not one") as caught:
        batch.run()
    assert "left as it is" in caught.value.hint
    assert batch.file.read_bytes() == strange


def test_folders_pipes_devices_and_places_that_are_not_there_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe", Path("/dev/zero"), tmp_path / "gone" / "a.jsonl"):
        with pytest.raises(OutputError) as caught:
            Captions(place, ASKED)
        assert caught.value.hint


def test_a_file_that_another_looksay_writes_is_refused(batch):
    held = Captions(batch.file, ASKED)
    with pytest.raises(OutputError, match="by another looksay"):
        batch.run()
    held.close()
    held.close()
    assert batch.run() == 0


def test_addresses_are_known_again_and_standard_input_never_is(tmp_path):
    captions = Captions(tmp_path / "a.jsonl", ASKED)
    url, data = "https://host/a.png?token=secret", "data:,x"
    for what in (url, data, "-"):
        captions.write((what,), {"picture": what[:5], "text": "One."})
    captions.close()
    assert "secret" not in (tmp_path / "a.jsonl").read_text()
    captions = Captions(tmp_path / "a.jsonl", ASKED)
    assert captions.remaining([(url,), (data,), ("-",), ("data:,y",)]) == [("-",), ("data:,y",)]
    captions.close()


def test_ctrl_c_ends_with_130_and_what_was_said_is_there(batch):
    describer, writer = ScriptedDescriber(["One."]), ResultWriter(io.StringIO(), io.StringIO())

    def wait(_):
        if len(describer.asked) == 2:
            raise KeyboardInterrupt

    describer.wait = wait
    captions = Captions(batch.file, ASKED)
    assert run([str(batch.folder)], Task("?"), lambda: describer, writer, captions=captions) == 130
    captions.close()
    assert batch.named("text") == [("1.png", "One.")]
    assert "1 new, 0 already done" in writer.err.getvalue()


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


def child(batch, wait_s=0.0, most=0):
    command = [sys.executable, "-c", CHILD, str(batch.folder), str(batch.file), str(wait_s), str(most)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def test_a_run_that_was_killed_goes_on_where_it_was(batch):
    with child(batch, wait_s=0.2) as killed:
        while not batch.file.exists() or batch.file.stat().st_size == 0:
            assert killed.poll() is None
        killed.send_signal(signal.SIGKILL)
    assert 1 <= len(batch.lines) < 3
    assert batch.run() == 0
    assert [name for name, _ in batch.named("text")] == ["1.png", "2.png", "3.png"]


def test_a_file_that_cannot_grow_is_explained_keeps_whole_lines_and_goes_on_later(batch):
    """A limit of the file's size stands for a full disk: the system refuses the write in the middle of a line."""
    batch.run()
    line = len(batch.file.read_bytes()) // 3
    batch.file.unlink()
    with child(batch, most=line * 5 // 2) as full:
        told = full.communicate(timeout=LIMIT_S)[1]
    assert full.returncode == 1
    assert f"error: {batch.file} cannot be written: " in told
    assert "continues where it stopped" in told
    assert [name for name, _ in batch.named("text")] == ["1.png", "2.png"]
    assert batch.run() == 0
    assert (batch.asked, len(batch.lines)) == (1, 3)
