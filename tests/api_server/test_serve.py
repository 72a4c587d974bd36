"""`./run.sh serve` as others meet it: OpenAI's own client, mlx-vlm's own server, the demo model, real sockets."""

import base64
import errno
import json
import os
import re
import signal
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import pytest

from app.backends.mlx.describer import MlxDescriber
from app.config import PROMPT
from app.demo import scenes
from app.demo.scenes import Shape
from app.events import Frame, Request
from app.images import Pixels
from tests import needs
from tests.api_server.served import Up, started, up
from tests.drawn_elsewhere import picture
from tests.fixtures.blinded import blind_demo, zeroed
from tests.running import DEMO, SLOW_S

if TYPE_CHECKING:
    from openai import OpenAI

pytestmark = needs.module("openai")

SCENES = [
    [Shape("red", "circle", 0.2, 0.22, 0.14)],
    [Shape("blue", "square", 0.75, 0.7, 0.15)],
    [Shape("yellow", "star", 0.25, 0.3, 0.16), Shape("green", "triangle", 0.75, 0.7, 0.16)],
]


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve") / "key"


@pytest.fixture(scope="module")
def server(key_file: Path) -> Iterator[Up]:
    with up(key_file) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Up, key_file: Path) -> "Iterator[OpenAI]":
    with opened(server, key_file.read_text().strip()) as made:
        yield made


def opened(server: Up, key: str) -> "OpenAI":
    from openai import OpenAI

    return OpenAI(base_url=server.url, api_key=key, max_retries=0, timeout=SLOW_S)


@pytest.fixture(scope="module")
def pictures() -> list[Pixels]:
    return [picture(scene, seed) for seed, scene in enumerate(SCENES)]


def data_url(pixels: Pixels) -> str:
    _, png = cv2.imencode(".png", pixels[..., ::-1])
    return "data:image/png;base64," + base64.b64encode(png.tobytes()).decode()


def about(url: str) -> list[dict[str, object]]:
    text, shown = {"type": "text", "text": PROMPT}, {"type": "image_url", "image_url": {"url": url}}
    return [{"role": "user", "content": [text, shown]}]


def said(client: "OpenAI", url: str, **how: object) -> str:
    told = client.chat.completions.create(model="demo", messages=about(url), temperature=0, **how)
    return str(told.choices[0].message.content)


def own(pictures: Sequence[Pixels]) -> list[str]:
    """What looksay itself says of them; on a thread of its own, as MLX wants it."""
    describer = MlxDescriber(Path(DEMO), drafts=False)
    with closing(describer):
        requests = [Request([Frame(pixels, 0.0, 0.0, 0)], PROMPT) for pixels in pictures]
        return ["".join(piece.text for piece in describer.describe(request)).strip() for request in requests]


@pytest.mark.long
def test_pictures_are_described_truly_and_as_looksay_itself_does(client: "OpenAI", pictures: list[Pixels]) -> None:
    with ThreadPoolExecutor(1) as pool:
        own_words = pool.submit(own, pictures).result()
    assert [said(client, data_url(pixels)) for pixels in pictures] == own_words
    assert own_words == [scenes.caption(each) for each in SCENES]


def test_the_same_is_said_word_by_word(client: "OpenAI", pictures: list[Pixels]) -> None:
    how = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(
        client.chat.completions.create(model="demo", messages=about(data_url(pictures[0])), temperature=0, **how)
    )
    words = [choice.delta.content for chunk in chunks for choice in chunk.choices if choice.delta.content]
    assert len(words) > 3
    assert "".join(words).strip() == scenes.caption(SCENES[0])
    assert chunks[-1].usage is not None


def test_a_picture_is_one_tile_and_not_thirteen(client: "OpenAI", pictures: list[Pixels]) -> None:
    told = client.chat.completions.create(model="demo", messages=about(data_url(pictures[0])), max_tokens=1)
    assert told.usage is not None
    assert told.usage.prompt_tokens < 64


def test_questions_at_once_are_all_answered_truly(client: "OpenAI", pictures: list[Pixels]) -> None:
    """Some of them with another temperature: mlx-vlm would choose the words of a batch all in the same way."""
    with ThreadPoolExecutor(4) as pool:
        heated = pool.submit(said, client, data_url(pictures[2]), top_p=0.9, seed=3)
        plain = [pool.submit(said, client, data_url(pixels)) for pixels in pictures]
        assert [each.result() for each in plain] == [scenes.caption(each) for each in SCENES]
        assert heated.result()


def test_the_one_model_is_listed_by_name(client: "OpenAI") -> None:
    assert [each.id for each in client.models.list()] == ["demo"]
    assert client.models.retrieve("demo").id == "demo"


def test_another_model_is_refused_by_name(client: "OpenAI", pictures: list[Pixels]) -> None:
    from openai import NotFoundError

    for name in ("HuggingFaceTB/SmolVLM-256M-Instruct", DEMO):
        with pytest.raises(NotFoundError):
            client.chat.completions.create(model=name, messages=about(data_url(pictures[0])))


@pytest.mark.parametrize("key", ["wrong", "looksay-"])
def test_without_the_key_nothing_is_told(server: Up, pictures: list[Pixels], key: str) -> None:
    from openai import AuthenticationError

    with opened(server, key) as stranger:
        with pytest.raises(AuthenticationError):
            stranger.models.list()
        with pytest.raises(AuthenticationError):
            said(stranger, data_url(pictures[0]))


def test_a_path_is_refused_before_it_reaches_the_model_server(client: "OpenAI", tmp_path: Path) -> None:
    """A pipe tells: the model server would open it and wait for ever, and then it could be written to."""
    from openai import BadRequestError

    pipe = tmp_path / "picture.png"
    os.mkfifo(pipe)
    for url in (str(pipe), pipe.as_uri()):
        with pytest.raises(BadRequestError, match="the path of a file"):
            said(client, url)
    with pytest.raises(OSError) as nobody:
        os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    assert nobody.value.errno == errno.ENXIO


def test_an_address_is_not_fetched(client: "OpenAI") -> None:
    from openai import BadRequestError

    with socket.create_server(("127.0.0.1", 0)) as web:
        web.setblocking(False)
        with pytest.raises(BadRequestError, match="an address on the web"):
            said(client, f"http://127.0.0.1:{web.getsockname()[1]}/picture.png")
        with pytest.raises(BlockingIOError):
            web.accept()


def test_a_text_that_the_model_cannot_take_in_is_refused_with_the_reason(client: "OpenAI") -> None:
    from openai import BadRequestError

    messages = [{"role": "user", "content": "What do you see? " * 3000}]
    for stream in (False, True):
        with pytest.raises(BadRequestError, match="context tokens"):
            client.chat.completions.create(model="demo", messages=messages, stream=stream)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET /v1/models HTTP/1.1\r\nHost: {host}\r\n\r\n", 401),
        (b"GET /v1/models HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil.example\r\n{key}\r\n", 403),
        (b"OPTIONS /v1/models HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil.example\r\n\r\n", 403),
        (b"POST /unload HTTP/1.1\r\nHost: {host}\r\n{key}Content-Length: 0\r\n\r\n", 404),
        (b"GET /v1/models?model_dir=/ HTTP/1.1\r\nHost: {host}\r\n{key}\r\n", 200),
        (b"GET /v1/models HTTP/1.1\r\nHost: {host}\r\n{key}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 200),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"POST {chat}Content-Length: 9999999999\r\n\r\n{}", 413),
        (b"POST {chat}Transfer-Encoding: chunked\r\n\r\n" + (b"F4240\r\n" + b" " * 1_000_000 + b"\r\n") * 21, 413),
        (b"POST {chat}Content-Length: 4\r\n\r\n\xff\xfe{}", 400),
    ],
    ids=[
        "host",
        "no key",
        "origin",
        "preflight",
        "unload",
        "query",
        "websocket",
        "long",
        "tls",
        "announced",
        "chunked",
        "text",
    ],
)
def test_what_no_client_would_send_is_refused_over_a_real_socket(
    server: Up, key_file: Path, sent: bytes, status: int
) -> None:
    key = b"Authorization: Bearer " + key_file.read_bytes().strip() + b"\r\n"
    chat = b"/v1/chat/completions HTTP/1.1\r\nHost: {host}\r\n{key}Content-Type: application/json\r\n"
    whole = sent.replace(b"{chat}", chat).replace(b"{host}", f"127.0.0.1:{server.port}".encode()).replace(b"{key}", key)
    with socket.create_connection(("127.0.0.1", server.port), SLOW_S) as wire:
        wire.sendall(whole)
        head, body = answer(wire)
    assert head.split()[1] == str(status).encode()
    assert b"access-control" not in head.lower()
    assert b"Traceback" not in body
    if status in (401, 403, 404, 413, 421):
        assert json.loads(body)["error"]["message"]


def answer(wire: socket.socket) -> tuple[bytes, bytes]:
    """Head and body, as far as the head says how long that is."""
    got = bytearray()
    while chunk := wire.recv(65536):
        got += chunk
        head, _, body = bytes(got).partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if length and len(body) >= int(length[1]):
            return head, body
    return head, body


def test_a_client_that_leaves_in_the_middle_takes_nobody_along(
    server: Up, client: "OpenAI", key_file: Path, pictures: list[Pixels]
) -> None:
    body = json.dumps({"messages": about(data_url(pictures[0])), "stream": True}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: application/json\r\n"
    key = f"Authorization: Bearer {key_file.read_text().strip()}\r\nContent-Length: {len(body)}\r\n\r\n"
    for whole in (body, body[:100]):
        with socket.create_connection(("127.0.0.1", server.port), SLOW_S) as wire:
            wire.sendall((head + key).encode() + whole)
    assert said(client, data_url(pictures[1])) == scenes.caption(SCENES[1])


def test_silent_connections_keep_no_client_away(server: Up, client: "OpenAI") -> None:
    with ExitStack() as silent:
        for _ in range(80):
            silent.enter_context(socket.create_connection(("127.0.0.1", server.port), SLOW_S))
        assert client.models.list().data


def test_a_port_in_use_is_explained_before_the_model_is_loaded(server: Up) -> None:
    process = started("demo", server.port)
    out, err = process.communicate(timeout=SLOW_S)
    assert (process.returncode, out) == (1, "")
    assert err.startswith(f"error: port {server.port} is already in use")
    assert "hint: " in err


def test_the_key_of_a_file_is_told_nowhere_and_ctrl_c_ends_it_with_130(server: Up, key_file: Path) -> None:
    """The last to use this server."""
    arguments = Path(f"/proc/{server.process.pid}/cmdline")
    key = key_file.read_text().strip()
    code, out, err = server.ended()
    assert (code, out, err) == (130, "", "")
    assert key not in "".join(server.said)
    assert not arguments.exists() or key not in arguments.read_text()


@pytest.mark.long
def test_a_key_that_was_made_is_shown_once_ready_to_paste_and_sigterm_ends_in_the_middle_of_an_answer() -> None:
    with up() as running:
        lines = [line for line in running.said if line.startswith("key: ")]
        key = lines[0].removeprefix("key:").strip()
        assert f"printf 'Authorization: Bearer %s' {key} | curl -H @- {running.url}/models\n" in "".join(running.said)
        with opened(running, key) as client, ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(lambda: client.chat.completions.create(**QUESTION)) for _ in range(4)]
            asked[0].result()
            code, out, err = running.ended(signal.SIGTERM)
            assert (code, out, err) == (130, "", "")
            assert all(each.exception() or each.result() for each in asked)


QUESTION = {"model": "demo", "messages": [{"role": "user", "content": "What do you see?"}], "max_tokens": 200}


def test_a_blind_model_is_not_served(tmp_path: Path) -> None:
    process = started(str(blind_demo(tmp_path / "blind", zeroed)), 0)
    out, err = process.communicate(timeout=SLOW_S)
    assert (process.returncode, out) == (1, "")
    assert "\nerror: blind does not pass the check" in err
    assert "Serving" not in err
