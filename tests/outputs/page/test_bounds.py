"""How much of the machine clients can take: real connections to a real server, more of them than anybody needs."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from app.outputs.page import door as doors
from app.outputs.page.door import MOST, Guests
from tests.outputs.page.served import LINE, Site, closed_by_server, served
from tests.outputs.stage import wait_for

MANY = 1000
SURPLUS = 16
"""Descriptors for a moment: of those who are shown out and have not left, and of the attack itself."""
ATTACK = f"""
import resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (min({MANY} + 200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
made = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) for _ in range({MANY})]
print(len(made), flush=True)
sys.stdin.read()
"""
"""Opens connections, asks for nothing, and stays until its own input ends."""


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as made:
        yield made


def descriptors() -> int:
    """Those that this process has open, the server's among them."""
    return len(os.listdir("/dev/fd"))


def test_a_thousand_connections_take_no_more_than_their_share_and_a_window_goes_on(site: Site) -> None:
    site.serving.server.arrivals.rate = 1000.0
    assert site.get() == 200
    before, most = descriptors(), 0
    with (
        site.raw(site.head()) as window,
        subprocess.Popen(
            [sys.executable, "-c", ATTACK, str(site.address.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as attack,
    ):
        assert attack.stdin
        assert attack.stdout
        told = threading.Thread(target=attack.stdout.readline)
        told.start()
        while told.is_alive():
            assert LINE in window.recv(4096), "the window did not go on"
            most = max(most, descriptors())
        assert site.get() == 200, "a person could not open the page"
        assert LINE in window.recv(4096)
        attack.stdin.close()
    assert most - before <= MOST + SURPLUS
    wait_for(lambda: descriptors() <= before + 2)


def test_who_is_served_keeps_the_place_and_one_more_is_closed_at_once(site: Site) -> None:
    site.door.guests.most = 4
    with ExitStack() as stack:
        windows = [stack.enter_context(site.raw(site.head())) for _ in range(3)]
        eye = stack.enter_context(connect(f"ws://{site.host}/live", proxy=None))
        wait_for(lambda: site.door.guests.served == 4)
        with site.raw() as late:
            assert closed_by_server(late)
        eye.send("next")
        assert eye.recv() == "4"
        assert all(window.recv(4096) for window in windows)
    wait_for(lambda: site.door.guests.served == 0)
    assert site.get() == 200


def test_who_has_been_idle_longest_makes_room(site: Site) -> None:
    site.door.guests.most = 2
    with site.raw() as first:
        wait_for(lambda: len(site.door.guests.everybody) == 1)
        with site.raw() as second, site.raw(site.head()) as window:
            assert closed_by_server(first)
            assert window.recv(4096)
            second.sendall(site.head())
            assert second.recv(4096)


def test_a_request_that_does_not_come_to_its_end_is_dropped(site: Site) -> None:
    """One that says nothing, one that stops in its head, and one that begins a second request and stops."""
    site.door.guests.head_s = 0.3
    with site.raw() as silent, site.raw(b"GET / HT") as slow, site.raw(site.head("/")) as second:
        assert second.recv(4096).startswith(b"HTTP/1.1 200")
        second.sendall(b"GET / HTTP/1.1\r\nHost:")
        with site.raw(site.head()) as window:
            assert closed_by_server(silent)
            assert closed_by_server(slow)
            assert closed_by_server(second)
            assert LINE in window.recv(4096), "one that is being served was dropped too"


def test_letters_that_come_one_at_a_time_are_no_request_either(site: Site) -> None:
    site.door.guests.head_s = 0.5
    with site.raw() as slow, pytest.raises(OSError):
        drip(slow, site.head() * 100)


def drip(slow: socket.socket, sent: bytes) -> None:
    for letter in sent:
        slow.sendall(bytes([letter]))
        time.sleep(0.05)


def test_who_never_reads_is_dropped_and_nobody_waits_for_it(site: Site) -> None:
    site.door.guests.stuck_s = 0.5
    with site.raw(site.head("/flood")), site.raw(site.head()) as window:
        wait_for(lambda: site.door.guests.served == 2)
        wait_for(lambda: any(each.stuck_since for each in site.door.guests.everybody))
        assert LINE in window.recv(4096)
        wait_for(lambda: site.door.guests.served == 1)
        assert LINE in window.recv(4096)


def test_a_web_socket_that_never_reads_is_dropped(site: Site) -> None:
    site.door.guests.stuck_s = 0.5
    with connect(f"ws://{site.host}/flood?token={site.address.token}", proxy=None, max_queue=1, close_timeout=0.1):
        wait_for(lambda: site.door.guests.served == 1)
        wait_for(lambda: site.door.guests.served == 0)
    assert site.get() == 200


def test_a_message_in_more_pieces_than_anybody_needs_closes_the_web_socket(site: Site) -> None:
    with connect(f"ws://{site.host}/live", proxy=None) as live:
        live.send([b"x"] * 1000)
        assert live.recv() == "1000"
        with pytest.raises(ConnectionClosed):
            live.send([b""] * 10_000)


def test_it_ends_soon_whoever_is_being_served() -> None:
    with served() as site, site.raw(site.head()) as window, site.raw(site.head("/flood")), ExitStack() as stack:
        stack.enter_context(connect(f"ws://{site.host}/live", proxy=None))
        wait_for(lambda: site.door.guests.served == 3)
        site.serving.close()
        assert not site.serving.worker.is_alive()
        assert site.door.fileno() == -1
        assert closed_by_server(window)
    site.serving.close()


def test_it_ends_although_a_web_socket_is_just_saying_goodbye(capfd: pytest.CaptureFixture[str]) -> None:
    with served() as site, ExitStack() as stack:
        path = f"/flood?token={site.address.token}"
        flood = stack.enter_context(connect(f"ws://{site.host}{path}", proxy=None, max_queue=1, close_timeout=0.1))
        wait_for(lambda: any(each.stuck_since for each in site.door.guests.everybody))
        flood.protocol.send_close(1000)
        flood.socket.sendall(b"".join(flood.protocol.data_to_send()))
        site.serving.close()
    assert capfd.readouterr() == ("", "")


def test_nothing_is_written_where_the_sentences_go(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    with site.raw(b"\x16\x03\x01 this is not HTTP\r\n\r\n") as odd:
        assert closed_by_server(odd)
    with site.raw(
        f"GET /eye HTTP/1.1\r\nHost: {site.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".encode()
    ) as odd:
        assert closed_by_server(odd)
    with site.raw(
        f"GET / HTTP/1.1\r\nHost: {site.host}\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n".encode()
    ) as odd:
        assert odd.recv(100).startswith(b"HTTP/1.1 200")
    site.get(Host="evil.example")
    site.post(Authorization="")
    site.serving.close()
    assert capfd.readouterr() == ("", "")


def test_the_usual_limits_are_those_that_are_written_down() -> None:
    assert Guests() == Guests(doors.MOST, doors.HEAD_S, doors.STUCK_S)
    assert MOST + SURPLUS < 200, "macOS gives a process 256 descriptors"


def test_who_comes_too_soon_waits_and_is_let_in(site: Site) -> None:
    arrivals = site.serving.server.arrivals
    arrivals.level, arrivals.rate, arrivals.seen_at = 0.0, 50.0, time.monotonic()
    began = time.monotonic()
    assert [site.get() for _ in range(5)] == [200] * 5
    assert time.monotonic() - began > 4 / 50  # no sooner than they were due
