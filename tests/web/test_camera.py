"""The web socket of a browser's camera, over a real server and a real client: asked for, one at a time, no junk."""

import asyncio
import itertools
import json
import logging
import math
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread

import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app.events import Frame, FramePreview
from app.sources.browser import Eye
from app.web import camera
from app.web.camera import LARGEST, eye_route, pause_in
from app.web.pictures import FRESH_S, Pictures
from tests.waiting import LIMIT_S, until

JPEG = b"\xff\xd8\xff\xe0 as good as any here \xff\xd9"


@pytest.fixture
def eye() -> Eye:
    return Eye()


@pytest.fixture(autouse=True)
def nothing_went_wrong(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No exception has left the endpoint, whatever the test did to it."""
    yield
    told = [each for phase in ("call", "teardown") for each in caplog.get_records(phase)]
    assert not [each.message for each in told if each.levelno >= logging.ERROR]


@contextmanager
def served(eye: Eye) -> Iterator[uvicorn.Server]:
    app = Starlette(routes=[eye_route(eye)])
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            port=0,
            log_config=None,
            log_level="error",
            ws="websockets-sansio",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
    )
    thread = Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield server
    server.should_exit = True
    thread.join(LIMIT_S)
    assert not thread.is_alive()


@pytest.fixture
def server(eye: Eye) -> Iterator[uvicorn.Server]:
    with served(eye) as server:
        yield server


Open = Callable[[], ClientConnection]


def opened(server: uvicorn.Server) -> connect:
    port = server.servers[0].sockets[0].getsockname()[1]
    return connect(f"ws://127.0.0.1:{port}/eye", proxy=None, compression=None, max_size=None)


@pytest.fixture
def window(server: uvicorn.Server) -> Iterator[Open]:
    """Opens windows, and closes them before the server."""
    with ExitStack() as windows:
        yield lambda: windows.enter_context(opened(server))


def heard(window: ClientConnection) -> dict[str, object]:
    told: dict[str, object] = json.loads(window.recv(LIMIT_S))
    return told


def picture(age_s: float = 0.1, jpeg: bytes = JPEG) -> bytes:
    return struct.pack("<d", age_s) + jpeg


def lost(window: ClientConnection) -> str:
    """Why it was dropped, once what came before has been read."""
    told: list[object] = []
    with pytest.raises(ConnectionClosed) as closed:
        told.extend(heard(window).get("lost") for _ in itertools.count())
    assert closed.value.rcvd
    assert told[-1] == closed.value.rcvd.reason
    return closed.value.rcvd.reason


def test_a_picture_is_asked_for_while_somebody_looks_and_arrives_with_its_age(eye: Eye, window: Open) -> None:
    with eye.looked_through() as before:
        page = window()
        assert heard(page) == {"next": True}
        page.send(picture(0.25))
        shot = eye.newest(before, LIMIT_S)
        assert shot
        assert shot.jpeg == JPEG
        assert shot.came_at - shot.seen_at == pytest.approx(0.25)


def test_nothing_is_asked_for_while_nobody_looks(eye: Eye, window: Open) -> None:
    page = window()
    assert heard(page) == {"idle": True}
    with eye.looked_through():  # the next that it hears is the first that it was asked for
        assert heard(page) == {"next": True}
        page.send(picture())
        assert heard(page) == {"next": True}
    page.send(picture())
    assert heard(page) == {"idle": True}


def test_one_is_in_flight_and_none_comes_faster_than_every_60_ms(eye: Eye, window: Open) -> None:
    with eye.looked_through():
        began = time.monotonic()  # before it was asked for the first: a busy machine makes it longer, never shorter
        page = window()
        for _ in range(6):
            assert heard(page) == {"next": True}
            asked_in_s = time.monotonic() - began
            with pytest.raises(TimeoutError):
                page.recv(0.01)  # the next is not asked for before this one has come
            page.send(picture())
    assert asked_in_s >= 5 * camera.EVERY_S
    assert eye.count >= 5


def test_a_newer_window_takes_over_and_the_older_hears_why(eye: Eye, window: Open) -> None:
    with eye.looked_through() as before:
        older = window()
        assert heard(older) == {"next": True}
        newer = window()
        assert heard(newer) == {"next": True}
        assert lost(older) == "another window took over"
        newer.send(picture())
        assert eye.newest(before, LIMIT_S)


def test_a_window_that_goes_is_noticed_and_the_eye_is_free(eye: Eye, window: Open) -> None:
    page = window()
    until(lambda: eye.has_window)
    page.close()
    until(lambda: not eye.has_window)


def test_a_hidden_page_is_not_asked_until_it_shows_again(eye: Eye, window: Open) -> None:
    with eye.looked_through():
        page = window()
        assert heard(page) == {"next": True}
        page.send('{"paused": "hidden"}')
        until(lambda: eye.pause == "hidden")
        with pytest.raises(TimeoutError):
            page.recv(0.3)
        page.send('{"paused": ""}')
        assert heard(page) == {"next": True}
        assert eye.pause == ""


@pytest.mark.parametrize(
    ("junk", "reason"),
    [
        (picture(jpeg=b"\x89PNG and so on"), "no JPEG"),
        (picture(jpeg=b""), "no JPEG"),
        (b"", "no JPEG"),
        (b"\xff\xd8\xff", "no JPEG"),
        (picture(math.nan), "no number"),
        (picture(-math.inf), "no number"),
        (picture(jpeg=JPEG + bytes(LARGEST)), "more than 2 MB"),
        ("hello", "nothing that looksay knows"),
        ('{"paused": "<img src=x onerror=alert(1)>"}', "nothing that looksay knows"),
        ('{"paused": "hidden", "more": 1}', "nothing that looksay knows"),
        ("[" * 99, "nothing that looksay knows"),
        ('{"paused": "hidden"}' + " " * 200_000, "nothing that looksay knows"),
    ],
)
def test_junk_is_dropped_with_a_reason_and_leaves_the_eye_free(
    eye: Eye, window: Open, junk: bytes | str, reason: str
) -> None:
    with eye.looked_through():
        page = window()
        heard(page)
        page.send(junk)
        assert reason in lost(page)
        until(lambda: not eye.has_window)
        assert eye.count == 0


def test_pictures_that_nobody_asked_for_are_left_out_and_soon_dropped(eye: Eye, window: Open) -> None:
    page = window()
    assert heard(page) == {"idle": True}
    for _ in range(4):
        page.send(picture())
    assert "nobody had asked" in lost(page)
    assert eye.count == 0


def test_a_window_that_never_answers_is_dropped(eye: Eye, window: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "ANSWER_S", 0.2)
    with eye.looked_through():
        assert "no picture came" in lost(window())


def test_a_flood_of_words_is_read_slowly_and_others_are_served_meanwhile(eye: Eye, window: Open) -> None:
    flooding = window()
    heard(flooding)
    for _ in range(200):
        flooding.send('{"paused": "hidden"}')
    with eye.looked_through() as before:
        other = window()
        assert heard(other) == {"next": True}
        other.send(picture())
        assert eye.newest(before, LIMIT_S)


@pytest.mark.parametrize("is_looked_through", [True, False])
def test_the_server_ends_soon_whatever_a_window_does(eye: Eye, *, is_looked_through: bool) -> None:
    with served(eye) as server, ExitStack() as stack:
        if is_looked_through:
            stack.enter_context(eye.looked_through())
        page = stack.enter_context(opened(server))
        heard(page)
        server.should_exit = True
        until(lambda: not eye.has_window)


@pytest.mark.parametrize(
    ("text", "pause"),
    [('{"paused": "still"}', "still"), ('{"paused": ""}', ""), ('{"paused": 0}', None), ("{}", None), ("", None)],
)
def test_a_window_may_say_one_thing_only(text: str, pause: str | None) -> None:
    assert pause_in(text) == pause


def glimpse(number: int) -> FramePreview:
    return FramePreview(Frame(np.full((6, 8, 3), 9 * number, np.uint8), time.monotonic(), float(number), number))


def seen(pictures: Pictures, after: int, *coming: FramePreview) -> list[int]:
    """The numbers of the pictures that a window is shown while these come, one after the other."""

    async def work() -> list[int]:
        numbers, number = [], after
        for each in (None, *coming):
            looking = asyncio.create_task(pictures.next(number))
            await asyncio.sleep(0)
            if each:
                assert pictures.wanted.is_set()
                pictures.show(each)
                await asyncio.sleep(0)
            for _ in range(3):
                await asyncio.sleep(0)
            if looking.done():
                number, head, data = looking.result()
                assert json.loads(head)["number"] == number
                assert data.startswith(b"\xff\xd8\xff")
                numbers.append(number)
            else:
                looking.cancel()
        return numbers

    return asyncio.run(work())


def test_a_window_that_comes_is_shown_the_newest_picture_and_then_each_once() -> None:
    pictures = Pictures()
    pictures.show(glimpse(1))
    assert seen(pictures, -1, glimpse(2), glimpse(3)) == [1, 2, 3]
    assert seen(pictures, 3) == []


def test_a_window_that_comes_late_is_shown_nothing_of_the_past() -> None:
    pictures = Pictures()
    pictures.show(glimpse(1))
    pictures.shown_at -= FRESH_S
    assert seen(pictures, -1, glimpse(2)) == [2]
