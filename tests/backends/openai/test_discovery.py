"""Which server answers, which model is chosen, and the vision test through a server."""

import json
import socket
from contextlib import suppress
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from app.backends.openai.client import endpoint
from app.backends.openai.describer import Form, ServerDescriber
from app.backends.openai.discovery import ServerInfo, card_of, chosen, discover
from app.backends.startup import known_models
from app.check.vision_test import COLOURS, look
from app.commands.narrate import LiveFactory
from app.config import ModelOptions, Settings
from app.errors import ModelError, UsageError
from app.events import Request
from app.files import ROOT
from tests.backends.openai.stand_in import answering, completion, model_that, serving

PROPS = {"/props": {"modalities": {"vision": True}, "total_slots": 3}}
TWO = ("first", "second")


def settings(root: str, **more: object) -> Settings:
    return Settings(backend="server", url=f"{root}/v1", **more)


def saying_red():
    return model_that(lambda _pixels, _question: "Red.")


def test_of_several_models_the_first_is_taken_and_that_is_said() -> None:
    with serving(saying_red(), models=TWO) as root:
        found = chosen(settings(root))
    assert found.card.name == "first"
    assert "It serves 2 models; this is first (--model NAME takes another)." in found.notes


def test_the_model_that_is_named_is_taken_if_it_is_there() -> None:
    with serving(saying_red(), models=TWO) as root:
        found = chosen(settings(root, model="second"))
        assert (found.card.name, found.notes) == ("second", ())
        with pytest.raises(UsageError, match="does not serve third") as failure:
            chosen(settings(root, model="third"))
    assert failure.value.hint == "it serves first, second"


def test_a_server_that_lists_nothing_is_taken_at_its_users_word() -> None:
    with serving(saying_red(), {"/v1/models": {"data": []}, "/health": {"loaded_model": None}}) as root:
        assert chosen(settings(root, model="mine")).card.name == "mine"
        with pytest.raises(UsageError, match="does not say which model"):
            chosen(settings(root))


def test_as_many_questions_are_asked_at_once_as_it_takes_unless_the_user_says_how_many() -> None:
    with serving(saying_red(), PROPS) as root:
        assert chosen(settings(root)).at_once == 3
        assert chosen(settings(root, parallel=8)).at_once == 8
    with serving(saying_red()) as root:
        assert chosen(settings(root)).at_once == 4


def test_what_looksay_knows_of_a_model_holds_wherever_it_is_served() -> None:
    known = card_of(str(ROOT / "models" / "demo"))
    assert (known.frames, known.name) == (4, str(ROOT / "models" / "demo"))
    assert "nothing about real scenes" in known.note
    assert card_of("mlx-community/SmolVLM2-256M-Video-Instruct-mlx").memory_gb > 0
    assert card_of("somebody/else").note == ""


def test_a_server_that_says_that_it_takes_no_pictures_is_not_shown_any() -> None:
    asked = []
    with serving(lambda body: asked.append(body) or completion("Red.", 1), {"/props": {"modalities": {}}}) as root:
        found = chosen(settings(root))
        with pytest.raises(ModelError, match="takes no pictures") as failure:
            found.open(ModelOptions(), is_trusted=False)
    assert "--mmproj" in failure.value.hint
    assert asked == []


def test_trusted_it_is_asked_all_the_same() -> None:
    with serving(saying_red(), {"/props": {"modalities": {}}}) as root:
        describer = chosen(settings(root)).open(ModelOptions(), is_trusted=True)
        assert "".join(piece.text for piece in describer.describe(Request((), "What?", 8))) == "Red."


def test_the_page_lists_what_the_server_has_and_shows_which_runs() -> None:
    with serving(saying_red(), models=TWO) as root:
        assert [(each.name, each.is_installed) for each in known_models(settings(root))] == [
            ("first", True),
            ("second", True),
        ]
        assert LiveFactory(settings(root, source="scenes")).selection.model == "first"


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
    return ServerDescriber(endpoint(root), Form("small"))


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


def test_nobody_there_is_said_so():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets the port meanwhile
        root = f"http://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(ModelError, match="no server answers"):
            discover(endpoint(root))


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ({"/props": {"modalities": {"vision": True}}}, ServerInfo("llama-server", "small", True)),
        (
            {
                "/props": {
                    "modalities": {"vision": True},
                    "total_slots": 3,
                    "default_generation_settings": {"n_ctx": 4096},
                }
            },
            ServerInfo("llama-server", "small", True, 3, 4096),
        ),
        ({"/props": {"modalities": {"vision": False}}}, ServerInfo("llama-server", "small", False)),
        (
            {"/api/version": {"version": "0.9"}, "/api/show": {"capabilities": ["completion"]}},
            ServerInfo("Ollama 0.9", "small", False),
        ),
        (
            {"/api/version": {"version": "0.9"}, "/api/show": {"capabilities": ["completion", "vision"]}},
            ServerInfo("Ollama 0.9", "small", True),
        ),
        (
            {"/api/v1/models": {"models": [{"key": "small", "capabilities": {"vision": True}}]}},
            ServerInfo("LM Studio", "small", True),
        ),
        (
            {"/model_info": {"is_generation": True, "has_image_understanding": True}},
            ServerInfo("SGLang", "small", True),
        ),
        ({"/props": {"modalities": {"vision": "no"}}}, ServerInfo("llama-server", "small", None)),
        ({"/health": {"loaded_model": "mine"}}, ServerInfo("mlx_vlm.server", "mine", None)),
        ({}, ServerInfo("a server", "small", None)),
    ],
)
def test_servers_are_told_apart_by_what_they_answer(pages, expected):
    with serving(lambda _body: completion("", 0), pages) as root:
        told = discover(endpoint(root))
    assert replace(told, models=()) == expected
    assert told.models == (("mine", "small") if expected.model == "mine" else ("small",))


def test_a_server_that_redirects_is_not_followed():
    """Pictures go where they were sent, and nowhere else."""
    asked = []
    with (
        serving(lambda body: asked.append(body) or completion("Red.", 1)) as other,
        answering(f"HTTP/1.1 307 Away\r\nLocation: {other}/v1/chat/completions\r\n\r\n".encode()) as root,
        pytest.raises(ModelError, match=f"redirects to {other}"),
    ):
        said(root)
    assert asked == []


def test_a_server_that_wants_a_key_is_asked_no_more():
    refused = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    with answering(refused) as root, pytest.raises(ModelError) as failure:
        discover(endpoint(root))
    assert failure.value.message == "the server refuses: 401"
    assert "LOOKSAY_API_KEY" in failure.value.hint


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
        told = discover(endpoint(root))
    except ModelError as failure:
        return failure.message.isprintable()
    return f"{told.server}{told.model}".isprintable() and told.sees in (None, True, False)
