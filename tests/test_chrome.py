"""The browser that tests the page: it opens what is on this machine, and tells on whatever goes wrong in it."""

import asyncio
import base64
import io
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import anyio
import numpy as np
import pytest
from PIL import Image

from app.demo.source import SceneSource
from app.images import Pixels
from tests import needs
from tests.chrome import PATIENCE_MS, Driver, Visit, accessible, violations, visiting, write_clip

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs.chromium()

GOOD = """<!doctype html><html lang=en><title>Good</title>
<main><h1>Narration</h1><button>Stop</button><div role=log aria-label=Sentences><p>A red circle.</p></div></main>"""
BAD = "<!doctype html><html><title>Bad</title><button></button><p style='color:#bbb;background:#fff'>Pale</p>"
PICTURE = "<img src=http://elsewhere.example/x.png>"
LOOK = """async () => {
    const video = document.createElement("video");
    video.srcObject = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 480}});
    await video.play();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d").drawImage(video, 0, 0);
    return canvas.toDataURL("image/png").split(",")[1];
}"""


Site = Callable[..., str]


class Shown(SimpleHTTPRequestHandler):
    policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; require-trusted-types-for 'script'"
    """That of a page which takes nothing from outside: the tools work under it."""

    def end_headers(self) -> None:
        if not self.path.startswith("/lax"):
            self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Shows a text as a page, and says where."""
    (tmp_path / "favicon.ico").touch()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Shown, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()

    def show(text: str, name: str = "page") -> str:
        (tmp_path / f"{name}.html").write_text(text)
        return f"http://127.0.0.1:{server.server_port}/{name}.html"

    yield show
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_page_opens_and_a_good_one_has_no_violation(visit: Visit, site: Site) -> None:
    page = visit.page()
    page.goto(site(GOOD))
    assert page.title() == "Good"
    assert violations(page) == []


def test_what_keeps_people_out_is_named(visit: Visit, site: Site) -> None:
    page = visit.page()
    page.goto(site(BAD))
    rules = {line.split(" ")[0] for line in violations(page)}
    assert {"button-name", "html-has-lang", "color-contrast"} <= rules


def test_it_tells_what_a_screen_reader_is_given(visit: Visit, site: Site) -> None:
    page = visit.page()
    page.goto(site(GOOD))
    nodes = {each.role: each for each in accessible(page)}
    assert (nodes["button"].name, nodes["log"].name) == ("Stop", "Sentences")
    assert nodes["log"].properties["live"] == "polite"


@pytest.mark.parametrize(
    "text",
    [
        PICTURE,
        "<script>new WebSocket('ws://elsewhere.example/x')</script>",
        "<script>navigator.sendBeacon('http://elsewhere.example/x')</script>",
        "<script>window.open('http://elsewhere.example/x')</script>",
    ],
    ids=["picture", "socket", "beacon", "window"],
)
def test_what_asks_for_another_machine_is_caught(driver: Driver, chrome: "Browser", site: Site, text: str) -> None:
    stay = stayed(driver, chrome, site(text, "lax"), lambda stay: stay.foreign)
    with pytest.raises(AssertionError, match=r"not on this machine.*elsewhere\.example"):
        stay.check()


def test_what_the_policy_forbids_is_caught_all_the_same(driver: Driver, chrome: "Browser", site: Site) -> None:
    stay = stayed(driver, chrome, site(PICTURE), lambda stay: stay.foreign and stay.errors)
    with pytest.raises(AssertionError, match=r"not on this machine.*elsewhere\.example"):
        stay.check()
    assert any("Content Security Policy" in error for error in stay.errors)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<script>throw new Error('broken')</script>", "broken"),
        ("<script>console.error('went wrong')</script>", "went wrong"),
        ("<img src=missing.png>", "404"),
    ],
    ids=["thrown", "logged", "missing"],
)
def test_what_goes_wrong_in_a_page_is_caught(
    driver: Driver, chrome: "Browser", site: Site, text: str, said: str
) -> None:
    stay = stayed(driver, chrome, site(text, "lax"), lambda stay: stay.errors)
    with pytest.raises(AssertionError, match=said):
        stay.check()
    stay.allow(said)
    stay.check()


def test_the_camera_is_a_drawn_clip(visit_with_camera: Callable[[Path], Visit], site: Site, tmp_path: Path) -> None:
    drawn = next(iter(SceneSource(asap=True).frames(Event()))).copy()
    page = visit_with_camera(write_clip(tmp_path / "clip.mjpeg", [drawn.pixels] * 30)).page()
    page.goto(site(GOOD))
    seen = decoded(base64.b64decode(page.evaluate(LOOK)))
    assert seen.shape == drawn.pixels.shape == (480, 640, 3)
    assert np.abs(seen.astype(int) - drawn.pixels).mean() < 6


def test_other_loops_run_between_the_tests_of_the_page(driver: Driver, chrome: "Browser", site: Site) -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 7

    for _ in range(2):
        assert asyncio.run(answer()) == anyio.run(answer) == 7
        with driver.at_work(), visiting(chrome) as stay:
            page = stay.page()
            page.goto(site(GOOD))
            assert page.title() == "Good"


def stayed(driver: Driver, chrome: "Browser", address: str, fact: Callable[[Visit], object]) -> Visit:
    """A visit that ends when the fact is there."""
    with driver.at_work():
        stay = Visit(chrome.new_context())
        page = stay.page()
        page.goto(address)
        give_up_at = time.monotonic() + PATIENCE_MS / 1000
        while not fact(stay):
            assert time.monotonic() < give_up_at, (stay.foreign, stay.errors)
            page.wait_for_timeout(20)
        stay.context.close()
    return stay


def decoded(png: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
