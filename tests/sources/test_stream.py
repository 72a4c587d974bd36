"""A network camera: its newest frame, its failures in words, its password in none of them."""

import itertools

import pytest

from app.errors import SourceError
from app.events import FrameView, Notice
from app.sources.capture import Fate, Loss, Patience
from app.sources.stream import Stream, masked
from tests import needs
from tests.sources.clips import FRAMES, capture_processes, first_frame, is_red, number_in
from tests.sources.servers import MjpegServer
from tests.waiting import LIMIT_S, until

pytestmark = needs.tool("ps")

HASTY = Patience(opening_s=LIMIT_S, silence_s=1.0, first_pause_s=0.05, longest_pause_s=0.2)
PATIENT = Patience(opening_s=LIMIT_S, silence_s=LIMIT_S)
"""So that a busy machine makes no camera seem lost."""


@pytest.fixture
def server(clip):
    with MjpegServer(clip=clip) as server:
        yield server


@pytest.fixture
def opened(stop):
    """Opens streams, and closes them before the server they come from."""
    generators = []

    def open_stream(url, patience=HASTY):
        generators.append(Stream(url, patience).frames(stop))
        return generators[-1]

    yield open_stream
    for generator in generators:
        generator.close()
    until(lambda: capture_processes() == [])


def failure(opened, url) -> SourceError:
    with pytest.raises(SourceError) as caught:
        next(opened(url))
    return caught.value


def test_frames_of_an_mjpeg_server_come_newest_first(server, opened):
    frames = opened(server.url("/live"), PATIENT)
    seen = [first_frame(frames) for _ in range(5)]
    shown = [number_in(frame.pixels) for frame in seen]
    assert shown == sorted(set(shown))
    assert is_red(seen[0].pixels)
    assert all(a.seen_at < b.seen_at for a, b in itertools.pairwise(seen))


def test_a_server_that_dies_and_returns_is_told_of_twice(opened):
    with MjpegServer() as first:
        frames = opened(first.url("/live"))
        first_frame(frames)
    lost = next(item for item in frames if isinstance(item, Notice))
    assert lost.kind == "camera lost"
    assert lost.hint
    with MjpegServer(port=first.port):
        back = next(item for item in frames if isinstance(item, Notice))
        assert back.kind == "camera back"
        assert isinstance(next(frames), FrameView)


def test_a_server_that_hangs_is_a_notice_and_never_an_old_frame(server, opened):
    frames = opened(server.url("/live"))
    first_frame(frames)
    server.is_hung.set()
    lost = next(item for item in frames if isinstance(item, Notice))
    assert (lost.kind, "stopped sending" in lost.text) == ("camera lost", True)
    server.is_hung.clear()
    assert next(item for item in frames if isinstance(item, Notice)).kind == "camera back"


@pytest.mark.parametrize(
    ("path", "user", "words"),
    [
        ("/none", "", "nothing at this address"),
        ("/shut", "", "wants a user name"),
        ("/shut", "me:wrong@", "others than these"),
        ("/text", "", "not a video"),
    ],
)
def test_what_is_no_video_is_explained(server, opened, path, user, words):
    explained = failure(opened, server.url(path, user))
    assert words in explained.message
    assert explained.hint


def test_a_port_where_nobody_listens_is_explained(opened):
    with MjpegServer() as server:
        url = server.url("/live")
    assert "refuses" in failure(opened, url).message


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("[tcp @ 0x55a404d401c0] Connection to tcp://127.0.0.1:9 failed: Connection refused", "refuses the connection"),
        ("[tcp @ 0x55] Connection to tcp://10.0.0.9:40405 failed: Connection refused", "refuses the connection"),
        ("[mpjpeg @ 0x7f4030a404b0] Invalid data found when processing input", "not a video"),
        ("[http @ 0x55a403] HTTP error 404 Not Found", "nothing at this address"),
        ("[rtsp @ 0x55] method DESCRIBE failed: 401 Unauthorized", "wants a user name"),
    ],
)
def test_a_number_in_an_address_or_a_pointer_is_not_taken_for_a_reason(said, words):
    stream = Stream("http://127.0.0.1:40405/403/live")
    assert words in stream._explain(Loss(Fate.SHUT, said)).text


def test_a_clip_on_a_web_server_plays_to_its_end(server, opened):
    frames = list(opened(server.url("/clip"), PATIENT))
    assert all(isinstance(frame, FrameView) for frame in frames)
    assert number_in(frames[-1].copy().pixels) == FRAMES - 1


def test_no_message_names_the_password(server, opened):
    url = server.url("/none?token=hidden", user="me:secret@")
    explained = failure(opened, url)
    said = f"{explained} {Stream(url).banner}"
    assert "127.0.0.1" in said
    assert "secret" not in said
    assert "hidden" not in said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://me:se@cret@host/live", "rtsp://…@host/live"),
        ("tcp://me:x@h?timeout=0 failed: refused", "tcp://…@h?… failed: refused"),
        ("http://host/live", "http://host/live"),
        ("no address, but a question? yes", "no address, but a question? yes"),
    ],
)
def test_addresses_are_masked_wherever_they_stand(text, shown):
    assert masked(text) == shown
