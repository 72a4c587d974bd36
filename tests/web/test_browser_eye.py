"""A browser's camera in a real browser: what it films arrives as it was, when it was, and stops when it is told to."""

import itertools
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.events import Frame
from app.sources.browser import Browser as BrowsersCamera
from app.sources.browser import Eye
from tests import needs
from tests.chrome import Driver, Visit, camera, launched, visiting, write_clip
from tests.sources.clips import is_red, number_in, numbered
from tests.waiting import LIMIT_S, until
from tests.web import eye_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs.chromium()

LENGTH = 240
START = """async (deviceId) => {
    window.told = [];
    const {startEye} = await import("/static/eye.js");
    window.eye = startEye({token: "none here", deviceId, onState: (state) => window.told.push(state)});
}"""
SPY = """
    window.asked = 0;
    window.tracks = [];
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (how) => {
        window.asked += 1;
        const stream = await ask(how);
        window.tracks.push(...stream.getTracks());
        return stream;
    };
"""
DRAWN = """
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [1600, 900];
    const paint = () => {
        const drawing = canvas.getContext("2d");
        drawing.fillStyle = `rgb(30, ${100 + (performance.now() % 50)}, 200)`;
        drawing.fillRect(0, 0, canvas.width, canvas.height);
    };
    setInterval(() => window.isStill || paint(), 40);
    window.turn = () => { [canvas.width, canvas.height] = [canvas.height, canvas.width]; };
    navigator.mediaDevices.getUserMedia = async () => canvas.captureStream();
"""
"""In place of a camera: one that can be turned like a phone, and can stop."""
OTHER_CLOCK = """
    window.agoMs = 0;
    const real = HTMLVideoElement.prototype.requestVideoFrameCallback;
    HTMLVideoElement.prototype.requestVideoFrameCallback = function (call) {
        return real.call(this, (now) => call(now, {captureTime: now - window.agoMs, presentationTime: now}));
    };
"""
FAILURES = {
    "NotAllowedError": "denied",
    "NotFoundError": "none",
    "NotReadableError": "busy",
    "AnythingElse": "failed",
    "": "insecure",
}
REFUSE = """(failure) => {
    const refuse = async () => { throw new DOMException("", failure); };
    const value = failure ? {getUserMedia: refuse} : undefined;
    Object.defineProperty(navigator, "mediaDevices", {value, configurable: true});
}"""
HIDE = """(state) => {
    Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def filming(driver: Driver, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Browser"]:
    """A browser whose camera shows frames that bear their numbers."""
    pictures = (np.ascontiguousarray(numbered(number, (640, 480))[..., ::-1]) for number in range(LENGTH))
    clip = write_clip(tmp_path_factory.mktemp("clip") / "numbered.mjpeg", pictures)
    with driver.at_work() as playwright:
        browser = launched(playwright, *camera(clip))
    yield browser
    with driver.at_work():
        browser.close()


@pytest.fixture
def stay(driver: Driver, filming: "Browser") -> Iterator[Visit]:
    with driver.at_work(), visiting(filming) as visit:
        yield visit


@pytest.fixture
def eye() -> Eye:
    return Eye()


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        number: int = found.getsockname()[1]
    return number


@pytest.fixture
def site(eye: Eye, port: int) -> Iterator[str]:
    with eye_site.served(eye, port) as address:
        yield address


@pytest.fixture
def frames(eye: Eye) -> Iterator[Iterator[Frame]]:
    opened = BrowsersCamera(eye).frames(Event())
    yield (item for item in opened if isinstance(item, Frame))
    opened.close()


def opened(stay: Visit, address: str, script: str = SPY) -> "Page":
    page = stay.page()
    page.add_init_script(script)
    page.goto(address)
    return page


def states(page: "Page") -> list[str]:
    told: list[str] = page.evaluate("window.told.map((each) => each.state)")
    return told


def has_come(page: "Page", state: str) -> None:
    # asked by a timer: a page behind another one is given no animation frames
    page.wait_for_function("(state) => window.told.at(-1)?.state === state", arg=state, polling=100)


def live(page: "Page") -> list[str]:
    tracks: list[str] = page.evaluate("window.tracks.map((track) => track.readyState)")
    return tracks


def test_the_camera_is_asked_for_on_start_alone_and_goes_off_on_stop(
    stay: Visit, site: str, eye: Eye, frames: Iterator[Frame]
) -> None:
    page = opened(stay, site)
    page.evaluate("import('/static/eye.js')")
    assert page.evaluate("window.asked") == 0
    page.evaluate(START)
    next(frames)
    has_come(page, "sending")
    assert (page.evaluate("window.asked"), live(page)) == (1, ["live"])
    assert page.evaluate("document.querySelectorAll('video').length") == 1
    page.evaluate("window.eye.stop()")
    assert (states(page)[-1], live(page)) == ("stopped", ["ended"])
    assert page.evaluate("document.querySelectorAll('video').length") == 0
    until(lambda: not eye.has_window)


def test_what_is_filmed_arrives_in_its_colours_and_in_order(stay: Visit, site: str, frames: Iterator[Frame]) -> None:
    opened(stay, site).evaluate(START)
    seen = list(itertools.islice(frames, 45))
    assert all(is_red(frame.pixels) and frame.pixels.shape == (480, 640, 3) for frame in seen)
    numbers = np.unwrap([number_in(frame.pixels) for frame in seen], period=LENGTH)
    assert numbers.tolist() == sorted(set(numbers))


@pytest.mark.long
def test_the_age_is_that_of_the_camera_where_it_can_be_true(stay: Visit, site: str, eye: Eye) -> None:
    page = opened(stay, site, OTHER_CLOCK)
    page.evaluate(START)
    with eye.looked_through():
        for told_ms, least_s, most_s in ((1500, 1.5, 2.0), (100_000, 0.0, 1.4), (-5000, 0.0, 1.4)):
            page.evaluate("(ms) => { window.agoMs = ms; }", told_ms)
            before = eye.count + 1  # one may be on its way
            shots = (eye.newest(number, LIMIT_S) for number in itertools.count(before))
            ages = (shot.came_at - shot.seen_at for shot in shots if shot)
            assert next(age_s for age_s in itertools.islice(ages, 200) if age_s <= most_s) >= least_s


@pytest.mark.long
def test_another_window_takes_over_and_the_first_camera_goes_off(
    stay: Visit, site: str, eye: Eye, frames: Iterator[Frame]
) -> None:
    first, second = opened(stay, site), opened(stay, site)
    first.evaluate(START)
    next(frames)
    second.evaluate(START)
    has_come(first, "taken over")
    assert live(first) == ["ended"]
    has_come(second, "sending")
    assert eye.has_window


@pytest.mark.long
def test_while_looksay_looks_elsewhere_the_page_waits_and_says_so(stay: Visit, site: str, eye: Eye) -> None:
    page = opened(stay, site)
    page.evaluate(START)
    has_come(page, "idle")
    assert eye.count == 0
    with eye.looked_through():
        has_come(page, "sending")
    has_come(page, "idle")


@pytest.mark.long
def test_when_looksay_goes_the_page_tries_again_until_it_is_back(stay: Visit, eye: Eye, port: int) -> None:
    stay.allow("WebSocket connection")
    stay.allow("ERR_CONNECTION")
    with eye.looked_through(), ExitStack() as first:
        page = opened(stay, first.enter_context(eye_site.served(eye, port)))
        page.evaluate(START)
        has_come(page, "sending")
        first.close()
        has_come(page, "lost")
        count = eye.count
        with eye_site.served(eye, port):
            has_come(page, "sending")
            until(lambda: eye.count > count)
            assert live(page) == ["live"]
            page.evaluate("window.eye.stop()")


@pytest.mark.long
def test_a_token_that_cannot_be_fetched_yet_is_asked_for_again(stay: Visit, site: str, eye: Eye) -> None:
    page = opened(stay, site)
    page.evaluate("""async () => {
        window.told = [];
        const {startEye} = await import("/static/eye.js");
        const token = async () => { if (window.told.at(-1).state !== "lost") throw new Error("not yet"); return "it"; };
        window.eye = startEye({token, onState: (state) => window.told.push(state)});
    }""")
    with eye.looked_through():
        has_come(page, "sending")
    assert "lost" in states(page)


@pytest.mark.long
def test_a_hidden_page_says_so_to_both_sides_and_goes_on_when_it_shows(
    stay: Visit, site: str, eye: Eye, frames: Iterator[Frame]
) -> None:
    page = opened(stay, site)
    page.evaluate(START)
    next(frames)
    page.evaluate(HIDE, "hidden")
    has_come(page, "hidden")
    until(lambda: eye.pause == "hidden")
    page.evaluate(HIDE, "visible")
    has_come(page, "sending")
    until(lambda: eye.pause == "")
    assert eye.has_window


@pytest.mark.long
def test_a_phone_that_is_turned_and_a_camera_that_stands_still(
    stay: Visit, site: str, eye: Eye, frames: Iterator[Frame]
) -> None:
    page = opened(stay, site, DRAWN)
    page.evaluate(START)
    assert next(frames).pixels.shape == (720, 1280, 3)
    page.evaluate("window.turn()")
    assert next(frame for frame in frames if frame.pixels.shape == (1280, 720, 3))
    page.evaluate("window.isStill = true")
    has_come(page, "still")
    until(lambda: eye.pause == "still")
    page.evaluate("window.isStill = false")
    has_come(page, "sending")


@pytest.mark.long
def test_why_there_is_no_camera_is_said_with_what_to_do(visit: Visit, site: str) -> None:
    page = opened(visit, site, "")
    for failure, state in FAILURES.items():
        page.evaluate(REFUSE, failure)
        page.evaluate(START)
        has_come(page, state)
        told = page.evaluate("window.told.at(-1)")
        assert told["text"]
        assert told["hint"]


@pytest.mark.long
def test_a_camera_that_is_allowed_too_late_goes_off_at_once(stay: Visit, site: str, eye: Eye) -> None:
    late = "let allow; window.allow = () => allow(); const first = new Promise((resolve) => { allow = resolve; });"
    slow = SPY.replace("const stream = await ask(how);", "const stream = await ask(how); await first;")
    page = opened(stay, site, late + slow)
    page.evaluate(START)
    page.evaluate("window.eye.stop()")
    page.evaluate("window.allow()")
    page.wait_for_function("() => window.tracks.length === 1 && window.tracks[0].readyState === 'ended'")
    assert states(page) == ["asking", "stopped"]
    assert not eye.has_window


@pytest.mark.long
def test_every_state_that_is_named_has_words(visit: Visit, site: str) -> None:
    page = opened(visit, site, "")
    words = page.evaluate("import('/static/eye_words.js').then(({WORDS}) => WORDS)")
    head = (eye_site.STATIC / "eye.js").read_text().split("*/")[0]
    named = ", ".join(re.findall(r"(?:go on|end it): ([^.]*)\.", head)).replace("(with fps, pictures a second)", "")
    assert set(re.findall(r"[a-z]+(?: [a-z]+)?", named)) == set(words)
    assert all(text for text, _ in words.values())
