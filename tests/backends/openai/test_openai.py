"""Asking a server: on real sockets, with one that answers as it is told; the sight test through it."""

import json
import socket
from contextlib import suppress
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from app.backends.openai.client import line_to, post
from app.backends.openai.describer import ServerDescriber
from app.backends.openai.discovery import Served, served
from app.backends.openai.payload import Form
from app.backends.openai.wire import Patience
from app.check.sight_pictures import COLOURS
from app.check.vision_test import look
from app.errors import ModelError
from app.events import Request
from tests.backends.openai.stand_in import answering, completion, model_that, serving


def seeing(pixels: np.ndarray | None, question: str) -> str:
    """A model that looks at the picture's halves."""
    if pixels is None:
        return "Which picture?"
    if "left" in question:
        halves = np.array_split(pixels.astype(float).std(axis=2), 2, axis=1)
        return "It is on the left." if halves[0].mean() > halves[1].mean() else "It is on the right."
    mean = pixels.reshape(-1, 3).mean(0)
    return min(COLOURS, key=lambda name: float(np.abs(mean - COLOURS[name]).sum()))


def swapping(pixels: np.ndarray | None, question: str) -> str:
    return seeing(pixels if pixels is None else pixels[..., ::-1], question)


def dreaming(_pixels: np.ndarray | None, _question: str) -> str:
    return "A man sits at a desk."


def asking(root: str) -> ServerDescriber:
    return ServerDescriber(line_to(root), Form("small"))


def said(root: str) -> str:
    return "".join(piece.text for piece in asking(root).describe(Request((), "What is this?", 8)))


@pytest.mark.parametrize(
    ("answers", "tokens", "verdict"),
    [
        (seeing, 64, "sees"),
        (seeing, 0, "sees"),
        (seeing, 5, "unsure"),
        (swapping, 64, "channels swapped"),
        (dreaming, 0, "blind"),
    ],
)
def test_the_sight_test_goes_through_a_server(answers, tokens, verdict):
    with serving(model_that(answers, tokens)) as root:
        sight = look(asking(root))
    assert (sight.verdict, sight.image_tokens) == (verdict, tokens or None)


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (
            (500, {"error": {"message": "image input is not supported - hint: provide the mmproj"}}),
            "image input is not",
        ),
        ((400, {"error": "it cannot be data:image/jpeg;base64," + "A" * 100_000}), "it cannot be …"),
        ((200, b"<html>hello</html>"), "another form"),
        ((200, {"choices": []}), "another form"),
        ((200, b"x" * 5_000_000), "does not end"),
        ((200, {"choices": [{"message": None}]}), "another form"),
        ((200, {"choices": [{"message": {"content": [1]}}]}), "another form"),
        ((200, b"[" * 100_000), "another form"),
        ((500, b"[" * 100_000), "refuses: 500"),
        ((400, {"error": "red\x1b[2J\u202e"}), "red?[2J?"),
        ((302, {}), "sends elsewhere"),
    ],
)
def test_what_is_no_answer_is_an_explained_failure_in_one_short_line(reply, says):
    with serving(lambda _body: reply) as root, pytest.raises(ModelError) as failure:
        said(root)
    assert says in failure.value.message
    assert failure.value.message.isprintable()
    assert len(failure.value.message) < 300


def test_nobody_there_is_said_so():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port meanwhile
        root = f"http://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(ModelError, match="no server"):
            served(line_to(root))


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ({"/props": {"modalities": {"vision": True}}}, Served("llama-server", "small", True)),
        (
            {
                "/props": {
                    "modalities": {"vision": True},
                    "total_slots": 3,
                    "default_generation_settings": {"n_ctx": 4096},
                }
            },
            Served("llama-server", "small", True, 3, 4096),
        ),
        ({"/props": {"modalities": {"vision": False}}}, Served("llama-server", "small", False)),
        (
            {"/api/version": {"version": "0.9"}, "/api/show": {"capabilities": ["completion"]}},
            Served("Ollama 0.9", "small", False),
        ),
        (
            {"/api/version": {"version": "0.9"}, "/api/show": {"capabilities": ["completion", "vision"]}},
            Served("Ollama 0.9", "small", True),
        ),
        (
            {"/api/v1/models": {"models": [{"key": "small", "capabilities": {"vision": True}}]}},
            Served("LM Studio", "small", True),
        ),
        (
            {"/model_info": {"is_generation": True, "has_image_understanding": True}},
            Served("SGLang", "small", True),
        ),
        ({"/props": {"modalities": {"vision": "no"}}}, Served("llama-server", "small", None)),
        ({"/health": {"loaded_model": "mine"}}, Served("mlx_vlm.server", "mine", None)),
        ({}, Served("a server", "small", None)),
    ],
)
def test_servers_are_told_apart_by_what_they_answer(pages, expected):
    with serving(lambda _body: completion("", 0), pages) as root:
        told = served(line_to(root))
    assert replace(told, models=()) == expected
    assert told.models == (("mine", "small") if expected.model == "mine" else ("small",))


def test_a_server_that_redirects_is_not_followed():
    """Pictures go where they were sent, and nowhere else."""
    asked = []
    with (
        serving(lambda body: asked.append(body) or completion("Red.", 1)) as other,
        answering(f"HTTP/1.1 307 Away\r\nLocation: {other}/v1/chat/completions\r\n\r\n".encode()) as root,
        pytest.raises(ModelError, match=f"sends elsewhere, to {other}"),
    ):
        said(root)
    assert asked == []


def test_a_server_that_wants_a_key_is_asked_no_more():
    refused = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    with answering(refused) as root, pytest.raises(ModelError) as failure:
        served(line_to(root))
    assert failure.value.message == "the server refuses: 401"
    assert "LOOKSAY_API_KEY" in failure.value.hint


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"])
def test_a_server_that_drips_is_given_up_in_all(sent):
    """Every byte comes well within the patience; the answer never does."""
    with answering(sent, drip=b"x") as root, pytest.raises(ModelError, match="not answered in time"):
        post(line_to(root), "/", {}, Patience(total_s=0.3))


def test_a_server_that_does_not_speak_http_is_explained_in_printable_words():
    with answering(b"\x1b[2J\x07 no http\r\n") as root, pytest.raises(ModelError) as failure:
        post(line_to(root), "/", {})
    assert failure.value.message.isprintable()


ODD = [
    *(None, True, 5, -1.5, float("inf"), "", "text", [], {}, [None], [5, "x", [], {}], {"data": 5}, {"models": 5}),
    {"data": [5, None, [], "x", {"id": 5}, {"id": None}, {"id": ["x"]}, {"id": "\ud800"}, {"id": "a\x1b[2J"}]},
    {"data": [{"id": "odd", "architecture": 5}], "models": [5, {"key": "small", "capabilities": 5}]},
    {"data": [{"id": "odd", "architecture": {"input_modalities": 5}}], "models": {"key": "small"}},
    {"data": [{"id": "odd", "architecture": {"input_modalities": [5]}, "owned_by": ["x"]}]},
    {"modalities": 5, "capabilities": 5, "version": 5, "loaded_model": 5, "is_generation": 5},
    {"modalities": {"vision": 5}, "version": "\x1b", "has_image_understanding": "yes", "is_generation": None},
    {"version": "x" * 1000, "models": [{"selected_variant": "small", "capabilities": [True]}], "loaded_model": ["x"]},
    {"choices": 5, "usage": 5},
    {"choices": [{"message": {"content": 5}}], "usage": {"prompt_tokens": float("inf")}},
    {"choices": [{"message": {"content": "Red."}}], "usage": {"prompt_tokens": "many"}},
    {"choices": [{"message": {"content": "Red."}}], "usage": [5]},
    {"choices": {"0": 5}, "error": [5]},
]
PATHS = ("/v1/models", "/props", "/api/version", "/api/show", "/api/v1/models", "/model_info", "/health")


@pytest.mark.parametrize("path", PATHS)
def test_odd_answers_to_one_question_are_no_defects(path):
    """The others are answered as Ollama does, or not at all."""
    for odd, others in product(ODD, ({}, {"/api/version": {"version": "0.9"}, "/api/show": {}})):
        with serving(lambda _body: completion("", 0), {**others, path: spelt(odd)}) as root:
            assert is_plain(root), (path, odd)


def test_odd_answers_to_every_question_are_no_defects():
    for odd in ODD:
        with serving(lambda _body, odd=odd: (200, spelt(odd)), dict.fromkeys(PATHS, spelt(odd))) as root:
            assert is_plain(root), odd
            with suppress(ModelError):
                assert said(root) in ("", "Red.")


def spelt(odd: object) -> bytes:
    return json.dumps(odd).encode()


def is_plain(root: str) -> bool:
    """What the server says of itself is printable and of its type, or an explained failure."""
    try:
        told = served(line_to(root))
    except ModelError as failure:
        return failure.message.isprintable()
    return f"{told.server}{told.model}".isprintable() and told.sees in (None, True, False)
