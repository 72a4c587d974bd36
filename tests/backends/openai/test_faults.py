"""Whatever a server does: an explained notice and never a sentence, and the narration goes on by itself."""

import gc
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import count
from pathlib import Path
from threading import Event
from time import time

import numpy as np
import pytest

from app.backends.openai.client import Timeouts, endpoint
from app.backends.openai.describer import Form, ServerDescriber
from app.errors import ModelError, Outage
from app.events import Banner, Frame, LiveSettings, Notice, Request, RunEvent, Sentence
from app.frames.selector import FrameSelector, Pace
from app.live.captioner import Captioner
from app.live.controls import CommandQueue, Controls
from app.live.narrator import CameraNarration, Narrator
from app.live.stall import LONGEST_S
from app.live.watch import WatchAsker
from tests.backends.openai import faults
from tests.backends.openai.faults import (
    DONE,
    HALF,
    HEAD,
    SAID,
    Fault,
    Misbehaving,
    answer,
    event,
    finish,
    goes_on,
    hangs,
    misbehaving,
    response,
    sends,
)
from tests.waiting import LIMIT_S

PATIENCE = Timeouts(total_s=LIMIT_S, silence_s=LIMIT_S, max_bytes=300_000)
HASTY = Timeouts(total_s=1.0, silence_s=0.4, max_bytes=300_000)
"""For servers that never answer; with others, a busy machine would be taken for one."""
JSON = "Content-Type: application/json"
HTML = b"<html><body>502 Bad Gateway</body></html>"
FIVE_MB = b'{"error": {"message": "cannot read data:image/jpeg;base64,' + b"A" * 5_000_000 + b'"}}'
BUSY = "Retry-After: 30"

FAULTS: dict[str, tuple[Fault, str]] = {
    "reset": (faults.resets, "no server answers|broke off"),
    "hangs before headers": (hangs(), "not answered in time"),
    "hangs mid-stream": (hangs(HEAD, event(HALF)), "not answered in time"),
    "closes mid-stream": (sends(HEAD, event(HALF)), "broke off before the end"),
    "closes in a chunk": (sends(faults.chunked(event(HALF) + event() * 9, 40)[:-120]), "broke off before the end"),
    "closes before its length": (
        sends(response("200 OK", event(HALF) + event() * 9, "Content-Type: text/event-stream")[:-60]),
        "broke off before the end",
    ),
    "half a character": (sends(HEAD, event(HALF + "é")[: event(HALF + "é").index("é".encode()) + 1]), "half a char"),
    "no UTF-8": (sends(HEAD, event(HALF + "é").replace("é".encode(), b"\xff")), "not UTF-8"),
    "no JSON": (sends(HEAD, b"data: {'content': \n\n"), "not an OpenAI chat completion"),
    "brackets without end": (sends(HEAD, b"data: " + b"[" * 100_000 + b"\n\n"), "not an OpenAI chat completion"),
    "401": (sends(response("401 Unauthorized", b'{"error": "wrong key"}')), "refuses: 401 wrong key"),
    "403": (sends(response("403 Forbidden", b"")), "refuses: 403"),
    "404": (sends(response("404 Not Found", b'{"detail": "no such model"}')), "refuses: 404 no such model"),
    "413": (sends(response("413 Payload Too Large", b"too large")), "refuses: 413 too large"),
    "429": (sends(response("429 Too Many Requests", b"", BUSY)), "refuses: 429"),
    "500 with 5 MB of base64": (sends(response("500 Internal Server Error", FIVE_MB)), "refuses: 500 "),
    "502 with a page": (sends(response("502 Bad Gateway", HTML)), "refuses: 502"),
    "redirect": (sends(response("302 Found", b"", "Location: http://elsewhere.example/v1")), "redirects to"),
    "a page": (sends(response("200 OK", HTML, "Content-Type: text/html")), "sends text/html"),
    "wrong type": (sends(response("200 OK", answer(HALF), "Content-Type: image/png")), "sends image/png"),
    "empty 200": (sends(response("200 OK", b"", "Content-Type: text/event-stream")), "broke off"),
    "empty JSON": (sends(response("200 OK", b"{}", JSON)), "not an OpenAI chat completion"),
    "nothing at all": (sends(), "broke off"),
    "no HTTP": (sends(b"SSH-2.0-OpenSSH_9.9\r\n"), "broke off"),
    "gzip": (
        sends(response("200 OK", b"\x1f\x8b", "Content-Encoding: gzip", "Content-Type: text/event-stream")),
        "not an OpenAI-compatible server",
    ),
    "no length": (
        sends(response("200 OK", b"", "Content-Type: text/event-stream").replace(b": 0", b": x")),
        "not an OpenAI-compatible",
    ),
    "no chunk": (
        sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        "not an OpenAI-compatible server",
    ),
    "endless words": (goes_on(HEAD, b"".join(event(f"{number} ") for number in range(400))), "does not end its answer"),
    "endless line": (goes_on(HEAD, b"data: " + b"x" * 65536), "does not end its answer"),
    "endless comments": (goes_on(HEAD, b": still here\n" * 100), "does not end its answer"),
    "endless headers": (goes_on(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n" * 100), "does not end its answer"),
    "endless head": (goes_on(b"HTTP/1.1 200 OK\r\n", b"x" * 65536), "does not end its answer"),
    "slow drip": (goes_on(HEAD, b":", 0.02), "not answered in time"),
    "slow drip of the head": (goes_on(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.02), "not answered in time"),
    "no [DONE]": (sends(HEAD, event(HALF), event("are")), "broke off before the end"),
    "reasoning only": (
        sends(HEAD, event(choices=[{"delta": {"reasoning_content": HALF}}]), finish("length"), DONE),
        "returned no text",
    ),
    "thoughts only": (sends(HEAD, event("<thi"), event("nk>" + HALF), finish(), DONE), "returned no text"),
    "thoughts as the answer": (sends(HEAD, event(HALF + "</think>"), finish(), DONE), "returned no text"),
    "an error in the stream": (
        sends(HEAD, event(HALF), b'data: {"error": {"message": "out of memory"}}\n\n', DONE),
        "has failed: out of memory",
    ),
    "content that is no text": (
        sends(HEAD, event(choices=[{"delta": {"content": [1]}}]), DONE),
        "not an OpenAI chat completion",
    ),
    **{f"closes at random {seed}": (faults.breaks_off(seed), "broke off|not an OpenAI") for seed in range(6)},
}


def describer(root: str, patience: Timeouts = PATIENCE) -> ServerDescriber:
    return ServerDescriber(endpoint(root), Form("small"), patience)


def running(root: str, patience: Timeouts = PATIENCE) -> ServerDescriber:
    """One that has passed the vision test."""
    found = describer(root, patience)
    found.is_running = True
    return found


def frame(number: int = 0) -> Frame:
    """A frame a second, each of another scene."""
    pixels = np.full((120, 160, 3), 80 + 40 * (number % 4), np.uint8)
    pixels[30:90, 10 + 20 * (number % 4) : 70 + 20 * (number % 4)] = (220, 20, 20)
    return Frame(pixels, 100.0 + number, float(number), number)


@dataclass
class Running:
    """A source that goes on until it is stopped; whoever waits for so many seconds has them in a moment."""

    banner: Banner = field(default=Banner("a list"))
    seconds: float = 100.0

    def frames(self, stop: Event) -> Iterator[Frame]:
        for number in count():
            if stop.is_set():
                return
            self.seconds += LONGEST_S
            yield frame(number)


def narrated(root: str, patience: Timeouts) -> list[RunEvent]:
    """What a narrator tells until a sentence has come."""
    source, stop, told = Running(), Event(), list[RunEvent]()
    eyes = running(root, patience)
    captioner, queue = Captioner(eyes), CommandQueue()
    controls = Controls(captioner, queue, LiveSettings(), "What?", 16, now=lambda: source.seconds)
    watcher = WatchAsker(captioner, now=lambda: source.seconds)
    narrator = Narrator({"": CameraNarration(controls, FrameSelector(Pace(0)), watcher)}, queue)
    for happening in narrator.watch(source, stop):
        told.append(happening)
        if any(isinstance(each, Sentence) for each in told) or len(told) > 500:
            stop.set()
    return told


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_a_notice_and_never_a_sentence_and_the_narration_goes_on(name: str) -> None:
    fault, says = FAULTS[name]
    with misbehaving(Misbehaving([fault, fault])) as root:
        told = narrated(root, HASTY if says == "not answered in time" else PATIENCE)
    notices = [each for each in told if isinstance(each, Notice)]
    assert [each.text for each in told if isinstance(each, Sentence)] == [SAID]
    assert [each.kind for each in notices] == ["outage", "answering"]
    assert any(part in notices[0].text for part in says.split("|"))
    assert notices[0].hint
    assert notices[0].text.isprintable()
    assert len(notices[0].text) < 350
    assert HALF not in notices[0].text
    assert "AAAA" not in notices[0].text


def test_a_server_that_is_not_there_is_an_outage_and_can_be_started_meanwhile() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port meanwhile
        asking = describer(f"http://127.0.0.1:{held.getsockname()[1]}").describe(Request((frame(),), "What?"))
        with pytest.raises(Outage, match="no server answers") as failure:
            list(asking)
    assert "start it" in failure.value.hint


@pytest.mark.parametrize("is_date", [False, True])
def test_a_server_is_left_alone_for_as_long_as_it_asks(*, is_date: bool) -> None:
    told = formatdate(time() + 30, usegmt=True) if is_date else "30"
    busy = response("429 Too Many Requests", b"", f"Retry-After: {told}")
    with misbehaving(Misbehaving([sends(busy)])) as root, pytest.raises(Outage) as failure:
        list(describer(root).describe(Request((frame(),), "What?")))
    assert 20 < failure.value.wait_s <= 30


@pytest.mark.parametrize("told", ["soon", "-5", "", "1e400", "9" * 400, "Mon, 99 Foo"])
def test_a_wait_that_makes_no_sense_is_none_or_has_an_end(told: str) -> None:
    busy = response("503 Service Unavailable", b"", f"Retry-After: {told}")
    with misbehaving(Misbehaving([sends(busy)])) as root, pytest.raises(Outage) as failure:
        list(describer(root).describe(Request((frame(),), "What?")))
    assert 0 <= failure.value.wait_s <= 300


def test_a_picture_that_is_too_large_is_sent_once_more_and_smaller_and_so_are_all_after_it() -> None:
    server = Misbehaving([sends(response("413 Payload Too Large", b""))])
    large = Frame(np.zeros((720, 1280, 3), np.uint8), 0.0, 0.0, 0)
    with misbehaving(server) as root:
        asked = describer(root)
        for _ in range(2):
            assert "".join(piece.text for piece in asked.describe(Request((large,), "What?"))) == SAID
    assert [each.pictures[0].shape for each in server.asked if each.pictures] == [
        (576, 1024, 3),
        (288, 512, 3),
        (288, 512, 3),
    ]


def test_a_server_that_does_not_know_how_to_count_is_not_asked_to() -> None:
    unknown = sends(response("400 Bad Request", b'{"detail": "extra fields not permitted: stream_options"}'))
    server = Misbehaving([unknown])
    with misbehaving(server) as root:
        asked = describer(root)
        for _ in range(2):
            assert "".join(piece.text for piece in asked.describe(Request((frame(),), "What?"))) == SAID
    assert ["stream_options" in each.body for each in server.asked if each.pictures] == [True, False, False]


def test_an_answer_that_is_complete_is_heard_though_its_connection_stays_open() -> None:
    with misbehaving(Misbehaving([hangs(HEAD, answer("A blue square."))])) as root:
        pieces = list(describer(root).describe(Request((frame(),), "What?")))
    assert "".join(piece.text for piece in pieces) == "A blue square."


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_however_it_is_cut_into_chunks_it_is_the_same_answer(size: int) -> None:
    with misbehaving(Misbehaving([sends(faults.chunked(answer("Né à Zürich 😀."), size))])) as root:
        pieces = list(describer(root).describe(Request((frame(),), "What?")))
    assert "".join(piece.text for piece in pieces) == "Né à Zürich 😀."


def test_an_answer_that_was_cut_at_its_limit_says_so() -> None:
    cut = sends(HEAD, event("A blue squ"), finish("length"), DONE)
    with misbehaving(Misbehaving([cut])) as root:
        *_, last = describer(root).describe(Request((frame(),), "What?", 16))
        *_, whole = describer(root).describe(Request((frame(),), "What?", 7))
    assert (last.cost.tokens, whole.cost.tokens) == (16, 6)


def test_whoever_waits_can_leave_and_the_server_learns_of_it() -> None:
    was_left = Event()

    def hang(asked: faults.Asked) -> None:
        asked.send(HEAD, event(HALF))
        asked.hang()
        was_left.set()

    with misbehaving(Misbehaving([hang])) as root:
        pieces = describer(root, Timeouts()).describe(Request((frame(),), "What?"))
        texts = [next(pieces).text for _ in range(40)]  # it goes on while nothing comes
        pieces.close()
        assert was_left.wait(LIMIT_S)
    assert [text for text in texts if text] == [HALF]


def test_one_that_hangs_is_waited_for_longer_the_next_time_but_not_for_ever() -> None:
    """A server may be loading its model, and begin anew whenever nobody waits for it any more."""
    with misbehaving(Misbehaving([hangs()] * 3)) as root:
        asked = describer(root, Timeouts(total_s=0.5, silence_s=0.1))
        waits = []
        for _ in range(3):
            waits.append(asked.timeouts.silence_s)
            with pytest.raises(Outage, match="not answered in time"):
                list(asked.describe(Request((frame(),), "What?")))
    assert waits == [0.1, 0.2, 0.4]
    assert asked.timeouts.silence_s == 0.5


def test_a_server_that_takes_no_bytes_does_not_keep_its_client_waiting() -> None:
    """The picture does not fit into what the system holds for a server that does not read."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        noise = np.random.default_rng(0).integers(0, 255, (1024, 1024, 3), np.uint8)
        frames = [Frame(noise, 0.0, 0.0, 0)] * 6
        asked = describer(f"http://127.0.0.1:{listening.getsockname()[1]}", Timeouts(silence_s=0.5))
        pieces = asked.describe(Request(frames, "What?"))
        assert [next(pieces).text for _ in range(3)] == ["", "", ""]
        with pytest.raises(Outage, match="not answered"):
            list(pieces)


@pytest.mark.long
def test_hundreds_of_faults_leave_nothing_behind() -> None:
    every = [fault for name, (fault, _) in FAULTS.items() if "hang" not in name and "drip" not in name]
    with misbehaving(Misbehaving(every * 12)) as root:
        asked = running(root)

        def fail(times: int) -> None:
            for _ in range(times * len(every)):
                with pytest.raises(ModelError):
                    list(asked.describe(Request((frame(),), "What?")))

        fail(2)
        gc.collect()
        tracemalloc.start()
        fail(1)
        gc.collect()
        before, threads, files = tracemalloc.get_traced_memory()[0], threading.active_count(), open_files()
        fail(8)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        assert grown < 300_000
        assert threading.active_count() <= threads + 3  # those of the server that have not seen the end yet
        assert open_files() <= files + 6


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))
