"""Pictures, clips, spoilt models and servers for the end-to-end tests: what they are given, made without the app."""

import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread, Timer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import cv2
import numpy as np
from PIL import Image, ImageDraw

from tests.running import DEMO, ROOT, SLOW_S, environment

WIDTH, HEIGHT, RADIUS, FPS = 640, 480, 60, 10
GROUND = (120, 120, 120)
COLOURS = {"red": (210, 35, 40), "green": (40, 160, 60), "blue": (40, 80, 215)}
"""As the demo model has learnt them, RGB."""
PLACES = {"top left": (110, 90), "top right": (530, 90), "bottom left": (110, 390)}
"""Centres in pixels: x, y."""
RED = "A red circle is in the top left."
BLUE = "A blue circle is in the top right."
GREEN = "A green circle is in the bottom left."
"""What the demo model says of such a circle."""
START_S = 600
"""A test waits this long for what imports hundreds of megabytes, so that a busy machine does not fail it."""


def circle(colour: str, place: str | tuple[int, int]) -> Image.Image:
    x, y = PLACES[place] if isinstance(place, str) else place
    picture = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
    ImageDraw.Draw(picture).ellipse((x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS), fill=COLOURS[colour])
    return picture


def save(picture: Image.Image, file: Path) -> str:
    """Write it in the format of the name's ending; the path is returned as a command line takes it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.save(file)
    return str(file)


def film(pictures: Sequence[Image.Image], file: Path) -> str:
    """An MP4 of FPS frames a second."""
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (WIDTH, HEIGHT))
    for picture in pictures:
        writer.write(np.asarray(picture)[..., ::-1])
    writer.release()
    return str(file)


def copy_demo(folder: Path) -> Path:
    """The files of the demo model that a model's folder needs; returns that of the weights."""
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("training", "clips", "gguf", "*.md", "__pycache__"))
    return folder / "model.safetensors"


def zero_tensors(weights: Path, part: str) -> None:
    """Set every tensor of the safetensors file with `part` in its name to zero."""
    data = bytearray(weights.read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    spans = [each["data_offsets"] for name, each in header.items() if part in name]
    assert spans, f"no tensor is called {part}"
    for begin, end in spans:
        data[start + begin : start + end] = bytes(end - begin)
    weights.write_bytes(data)


def make_gguf_pair(folder: Path) -> tuple[Path, Path]:
    """The demo model in GGUF: language model and projector. Needs the package gguf."""
    command = [sys.executable, "-m", "models.demo.gguf", str(folder)]
    subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True, timeout=SLOW_S)
    text, projector = folder / "demo.gguf", folder / "mmproj-demo.gguf"
    assert text.is_file()
    assert projector.is_file()
    return text, projector


class _Files(SimpleHTTPRequestHandler):
    """Serves a folder and keeps which paths were asked for."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@contextmanager
def files_over_http(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A web server on the loopback; yields its address and the paths that it was asked for, growing."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(folder)))
    asked: list[str] = []
    server.asked = asked  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def mlx_vlm_server(output: Path) -> Iterator[str]:
    """mlx-vlm's own server with the demo model; yields the address of its API once it answers.

    What it prints goes to `output`.
    """
    address = f"http://127.0.0.1:{free_port()}"
    place = ("--host", "127.0.0.1", "--port", address.rpartition(":")[2])
    command = [sys.executable, "-m", "mlx_vlm.server", "--model", DEMO, *place]
    with output.open("wb") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
    try:
        give_up_at = time.monotonic() + START_S
        while status_of(f"{address}/v1/models") != 200:
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < give_up_at, output.read_text()
            time.sleep(0.1)
        yield f"{address}/v1"
    finally:
        process.terminate()
        process.wait(SLOW_S)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def status_of(address: str, **headers: str) -> int | None:
    """The HTTP status of a GET; None if nothing answers there."""
    try:
        with urlopen(Request(address, headers=headers), timeout=SLOW_S) as response:
            return int(response.status)
    except HTTPError as refused:
        return refused.code
    except OSError:
        return None


@contextmanager
def killed_in_the_end(process: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    """Kill the process at the end of the block, and after START_S, so that waiting for a line of it has an end."""
    patience = Timer(START_S, process.kill)
    patience.start()
    try:
        yield process
    finally:
        patience.cancel()
        process.kill()
        process.communicate()


def processes_with(word: str) -> list[str]:
    """Processes of this machine with `word` among their arguments or in their environment."""
    flags = ("-axEww", "-o", "pid=,command=") if sys.platform == "darwin" else ("axeww", "-o", "pid=,command=")
    listed = subprocess.run(["ps", *flags], capture_output=True, text=True, check=True, timeout=SLOW_S)
    return [line for line in listed.stdout.splitlines() if word in line]


def wait_until_none_is_left(word: str) -> None:
    give_up_at = time.monotonic() + SLOW_S
    while left := processes_with(word):
        assert time.monotonic() < give_up_at, left
        time.sleep(0.1)
