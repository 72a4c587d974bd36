"""Asking a server: on real sockets, with one that answers as it is told; the sight test through it."""

import socket

import numpy as np
import pytest

from app.check.sight import look
from app.check.sight.pictures import COLOURS
from app.errors import ModelError, UsageError
from app.vision.server.describer import ServerDescriber
from app.vision.server.served import Served, served
from app.vision.server.talk import address
from tests.vision.server.stand_in import completion, model_that, serving


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


@pytest.mark.parametrize(
    ("answers", "tokens", "verdict"),
    [(seeing, 64, "sees"), (seeing, 0, "sees"), (swapping, 64, "channels swapped"), (dreaming, 0, "blind")],
)
def test_the_sight_test_goes_through_a_server(answers, tokens, verdict):
    with serving(model_that(answers, tokens)) as root:
        sight = look(ServerDescriber(root, "small"))
    assert (sight.verdict, sight.image_tokens) == (verdict, tokens)


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (
            (500, {"error": {"message": "image input is not supported - hint: provide the mmproj"}}),
            "image input is not",
        ),
        ((400, {"error": "data:image/jpeg;base64," + "A" * 100_000}), "data:image/jpeg"),
        ((200, b"<html>hello</html>"), "no such server"),
        ((200, {"choices": []}), "another form"),
        ((200, b"x" * 2_000_000), "no such server"),
        ((200, {"choices": [{"message": None}]}), "another form"),
    ],
)
def test_what_is_no_answer_is_an_explained_failure_in_one_short_line(reply, says):
    with serving(lambda _body: reply) as root, pytest.raises(ModelError) as failure:
        ServerDescriber(root, "small").ask("What is this?", (), 8)
    assert says in failure.value.message
    assert "\n" not in failure.value.message
    assert len(failure.value.message) < 300


def test_nobody_there_is_said_so():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port meanwhile
        root = f"http://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(ModelError, match="no server"):
            served(root)


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ({"/props": {"modalities": {"vision": True}}}, Served("llama-server", "small", True)),
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
        ({"/health": {"loaded_model": "mine"}}, Served("mlx_vlm.server", "mine", None)),
        ({}, Served("a server", "small", None)),
    ],
)
def test_servers_are_told_apart_by_what_they_answer(pages, expected):
    with serving(lambda _body: completion("", 0), pages) as root:
        assert served(root) == expected


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://host/prefix/v1/chat/completions", "https://host/prefix"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_may_be_given_with_or_without_v1(given, root):
    assert address(given) == root


@pytest.mark.parametrize("given", ["ftp://x/", "http://", "file:///etc/passwd", "http:///v1"])
def test_what_is_no_address_is_a_usage_error(given):
    with pytest.raises(UsageError):
        address(given)
