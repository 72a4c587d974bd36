"""Live runs: facts that are waited for, whatever else the machine is doing."""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Self

import cv2
import pytest

from tests import needs
from tests.chrome import Visit
from tests.golden.running import (
    BLUE_RIGHT,
    RED_LEFT,
    Picture,
    live,
    notice_kinds,
    picture,
    records,
    sentences,
    wait_until_gone,
    write_clip,
)
from tests.running import SLOW_S, run

EVERY_S = 2.5
"""So long each scene of the demo stays."""
SCENES = (
    "An orange circle is at the top.",
    "An orange circle is in the top left.",
    "An orange circle is in the top right.",
    "An orange circle is in the bottom right.",
    "A purple triangle is above an orange circle.",
    "From left to right: a white star, a purple triangle and an orange circle.",
    "From left to right: a white star, an orange circle and a purple triangle.",
    "A white star is left of a purple triangle.",
    "From left to right: a white star, a purple triangle and a blue circle.",
    "From left to right: a white star, a blue circle and a purple triangle.",
    "From left to right: a white star, a purple triangle and a blue circle.",
    "From left to right: a white star, a blue circle and a purple triangle.",
    "From left to right: a white star, a purple triangle and a blue circle.",
    "From left to right: a white star, a blue circle and a purple triangle.",
    "From left to right: a white star, a purple triangle and a blue circle.",
    "A purple triangle is above a blue circle.",
    "A purple triangle is left of a blue circle.",
    "A blue circle is above a purple triangle.",
    "A purple triangle is left of a blue circle.",
    "A blue circle is above a purple triangle.",
    "A purple triangle is at the bottom.",
    "An orange star is above a purple triangle.",
    "A purple triangle is left of an orange star.",
    "An orange star is above a purple triangle.",
)
"""What is true of the demo's first minute, one scene after the other, once the shapes are at rest."""


def test_the_demo_says_what_is_drawn_and_nothing_else_on_stdout(tmp_path: Path) -> None:
    log = tmp_path / "x.jsonl"
    ended = run("demo", "--seconds", "6", "--no-speak", "--log", str(log))
    assert ended.code == 0, ended.err
    told = [record for record in records(log) if record["event"] == "sentence"]
    assert ended.sentences == [record["text"] for record in told]
    drawn = [SCENES[int(record["media_s"] / EVERY_S)] for record in told]
    assert any(record["text"] == scene for record, scene in zip(told, drawn, strict=True)), ended.out


@needs.chromium()
def test_the_page_of_a_live_run_shows_a_true_sentence(visit: Visit, tmp_path: Path) -> None:
    page = visit.page()
    with live(tmp_path, "demo", "--page", "--page-port", "0", "--no-speak") as demo:
        page.goto(demo.wait_for(lambda: re.search(r"http://127\.0\.0\.1:\d+/", demo.err))[0])
        told = page.get_by_role("log").get_by_text(re.compile("|".join(map(re.escape, SCENES))))
        told.first.wait_for(timeout=SLOW_S * 1000)
        page.close()  # before it can complain that its run has ended
        assert demo.interrupt() == 130


class Camera(ThreadingHTTPServer):
    """A network camera on loopback: Motion JPEG of one picture, which can be replaced."""

    def __init__(self, pixels: Picture) -> None:
        super().__init__(("127.0.0.1", 0), Stream)
        self.pixels = pixels
        self.is_off = Event()
        self._thread = Thread(target=self.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/video"

    def switch_off(self) -> None:
        self.is_off.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.switch_off()
        self.shutdown()
        self._thread.join()
        self.server_close()


class Stream(BaseHTTPRequestHandler):
    server: Camera

    def do_GET(self) -> None:
        if self.server.is_off.is_set():
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            while not self.server.is_off.wait(1 / 15):
                jpeg = cv2.imencode(".jpg", self.server.pixels)[1].tobytes()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
        except OSError:
            return  # the run has closed the stream

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def camera() -> Iterator[Camera]:
    with Camera(picture(red=True)) as camera:
        yield camera


def test_a_stream_is_narrated_as_it_changes_and_its_loss_is_a_notice(camera: Camera, tmp_path: Path) -> None:
    log = tmp_path / "x.jsonl"
    with live(tmp_path, "--source", camera.url, "--model", "demo", "--no-speak", "--log", str(log)) as narration:
        narration.wait_for_line(RED_LEFT)
        camera.pixels = picture(blue=True)
        narration.wait_for_line(BLUE_RIGHT)
        camera.switch_off()
        narration.wait_for(lambda: "camera lost" in notice_kinds(log))
        assert narration.interrupt() == 130
        assert narration.lines == sentences(log)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A red circle, a blue square; each comes and goes again and again when a camera plays it."""
    folder, empty = tmp_path_factory.mktemp("clips"), picture()
    red = write_clip(folder / "red.avi", [(picture(red=True), 4), (empty, 4)])
    blue = write_clip(folder / "blue.avi", [(picture(blue=True), 4), (empty, 4)])
    return red, blue


@needs.tool("ps")
def test_a_camera_has_a_process_of_its_own_which_ends_with_the_run(clips: tuple[Path, Path], tmp_path: Path) -> None:
    with live(tmp_path, "--source", f"camera:{clips[0]}", "--model", "demo", "--no-speak") as narration:
        narration.wait_for_line(RED_LEFT)
        children = narration.descendants
        assert children
        assert narration.interrupt() == 130
        wait_until_gone(children)


@needs.tool("ps")
def test_each_of_several_cameras_is_heard_by_its_name(clips: tuple[Path, Path], tmp_path: Path) -> None:
    red, blue = clips
    cameras = ("--camera", f"Door=camera:{red}", "--camera", f"Yard=camera:{blue}")
    with live(tmp_path, *cameras, "--model", "demo", "--no-speak") as narration:
        narration.wait_for_line(f"Door: {RED_LEFT}")
        narration.wait_for_line(f"Yard: {BLUE_RIGHT}")
        children = narration.descendants
        assert len(children) >= 2
        assert narration.interrupt() == 130
        assert all(line.startswith(("Door: ", "Yard: ")) for line in narration.lines)
        wait_until_gone(children)
