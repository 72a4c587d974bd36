"""The HTTP client against real sockets."""

import socket
import threading
from collections.abc import Iterator

import httpx2
import pytest
from pytest_httpserver import HTTPServer

from app.http_client import TooLarge, open_client, stream
from tests.waiting import until


@pytest.fixture
def hanging() -> Iterator[tuple[int, list[socket.socket]]]:
    """A port whose server takes connections and never answers; and the connections."""
    listener, taken = socket.create_server(("127.0.0.1", 0)), []

    def accept() -> None:
        try:
            while True:
                taken.append(listener.accept()[0])
        except OSError:
            return

    thread = threading.Thread(target=accept)
    thread.start()
    yield listener.getsockname()[1], taken
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    for each in taken:
        each.close()


def test_the_head_comes_first_and_then_the_whole_body(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_data(b"x" * 200_000, headers={"Content-Type": "image/png"})
    with open_client(silence_s=20) as client:
        parts = [*stream(client, client.build_request("GET", httpserver.url_for("/a")), total_s=60, most_bytes=10**6)]
    response, *body = [part for part in parts if part is not None]
    assert isinstance(response, httpx2.Response)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "image/png")
    assert b"".join(part for part in body if isinstance(part, bytes)) == b"x" * 200_000


def test_a_consumer_that_stops_ends_the_reader_although_the_server_is_silent(
    hanging: tuple[int, list[socket.socket]],
) -> None:
    port, taken = hanging
    with open_client(silence_s=600) as client:
        asking = stream(client, client.build_request("GET", f"http://127.0.0.1:{port}/"), total_s=600, most_bytes=9)
        while not taken:
            assert next(asking) is None
        asking.close()
    until(lambda: not [each for each in threading.enumerate() if each.name == "http"])


def test_silence_total_time_and_size_are_limited(
    hanging: tuple[int, list[socket.socket]], httpserver: HTTPServer
) -> None:
    silent = f"http://127.0.0.1:{hanging[0]}/"
    with open_client(silence_s=0.1) as client, pytest.raises(httpx2.ReadTimeout):
        [*stream(client, client.build_request("GET", silent), total_s=600, most_bytes=9)]
    with open_client(silence_s=600) as client, pytest.raises(TimeoutError):
        [*stream(client, client.build_request("GET", silent), total_s=0.1, most_bytes=9)]
    httpserver.expect_request("/large").respond_with_data(b"0123456789")
    with open_client(silence_s=20) as client, pytest.raises(TooLarge):
        [*stream(client, client.build_request("GET", httpserver.url_for("/large")), total_s=60, most_bytes=9)]


def test_the_connection_goes_to_the_resolved_addresses_and_keeps_the_name(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_handler(lambda request: request.host)  # type: ignore[arg-type]
    asked = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    with open_client(silence_s=20, resolve=resolve) as client:
        answer = client.get(f"http://pictures.example:{httpserver.port}/")
    assert answer.text == f"pictures.example:{httpserver.port}"
    assert asked == [("pictures.example", httpserver.port)]


def test_a_refused_name_and_a_closed_port_are_connect_errors() -> None:
    def refuse(host: str, _port: int) -> list[str]:
        raise OSError(f"{host} is private")

    with open_client(silence_s=20, resolve=refuse) as client, pytest.raises(httpx2.ConnectError, match="is private"):
        client.get("http://intranet.example/")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with open_client(silence_s=20) as client, pytest.raises(httpx2.ConnectError):
        client.get(f"http://127.0.0.1:{port}/")


def test_redirects_and_the_environments_proxies_are_not_followed(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/").respond_with_data("", status=302, headers={"Location": "http://elsewhere.example/"})
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with open_client(silence_s=20) as client:
        assert client.get(httpserver.url_for("/")).status_code == 302
    with open_client(silence_s=20, use_proxies=True) as client, pytest.raises(httpx2.ConnectError):
        client.get(httpserver.url_for("/"))
