"""Every engine's words are plain text: for its describer, the sight test, and questions answered by yes or no."""

import copy
import json
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from app.backends.llama.describer import RestartingServer, Shown
from app.backends.llama.server import Order, files
from app.backends.mlx.describer import MlxDescriber
from app.backends.mlx.speculative import Burst, Speech
from app.backends.openai.client import endpoint
from app.backends.openai.describer import Form, ServerDescriber
from app.check.vision_test import finding, look
from app.cleaning import Cleaner, NoAnswer, cleaned
from app.events import Chunk, Cost, Frame, Request, Sentence
from app.live.captioner import Captioner
from app.live.watch import WatchAsker
from app.protocols import Describer
from app.text import is_yes
from tests import needs
from tests.backends.openai.stand_in import model_that, serving
from tests.backends.openai.test_discovery import seeing
from tests.fixtures import llama_server as stand_in
from tests.running import ROOT
from tests.waiting import LIMIT_S

DEMO = ROOT / "models" / "demo"
FRAME = Frame(np.full((240, 320, 3), 120, np.uint8), 0.0, 0.0, 0)
PROMPT = "Describe the scene in a sentence."

ROWS = {
    "think": ("<think>Is it a blue square? It may be one.</think>A red circle.", "A red circle."),
    "Mistral": ("[THINK]A square?[/THINK]A red circle.", "A red circle."),
    "Kimi": ("◁think▷A square?◁/think▷A red circle.", "A red circle."),
    "harmony": (
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>A circle.",
        "A circle.",
    ),
    "Gemma": ("<|channel>thought\nHm.<channel|>A red circle.", "A red circle."),
    "special tokens": ("<s>A red circle.<unused3><end_of_utterance>", "A red circle."),
    "goes on": ("A red circle.<|im_end|>\n<|im_start|>user\nWhat else?", "A red circle."),
    "answer": ("<answer>Yes.</answer>", "Yes."),
    "box": ("<|begin_of_box|>A red circle.<|end_of_box|>", "A red circle."),
    "role": ("Assistant: A red circle.", "A red circle."),
    "prompt": (f"{PROMPT}\nA red circle.", "A red circle."),
    "preamble": ("Here's a detailed description of the image:\n\nA red circle.", "A red circle."),
    "emphasis": ("**Yes**, a *red* circle.", "Yes, a red circle."),
    "heading": ("## Scene\nA red circle.", "Scene:\nA red circle."),
    "bullets": ("- a circle\n- a square.", "a circle.\na square."),
    "fence": ("```\nA red circle.\n```", "A red circle."),
    "a sign": ("A sign says <EXIT ONLY>.", "A sign says <EXIT ONLY>."),
}


def request(prompt: str = PROMPT) -> Request:
    return Request((FRAME,), prompt, 64)


def text(describer: Describer, prompt: str = PROMPT) -> str:
    return "".join(chunk.text for chunk in describer.describe(request(prompt))).strip()


@pytest.fixture(scope="module")
def mlx() -> MlxDescriber:
    return MlxDescriber(DEMO)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestartingServer]:
    folder = tmp_path_factory.mktemp("llama")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", stand_in.path_with(stand_in.install(folder / "bin")))
        tended = RestartingServer("small", Order(files(*stand_in.pair(folder)), patience_s=LIMIT_S), Shown())
        yield tended
        tended.close()


@pytest.fixture(scope="module")
def torch_describer() -> Describer:
    from app.backends.transformers.describer import TransformersDescriber

    return TransformersDescriber(DEMO)


Open = Callable[[str], Describer]
"""An engine whose model says this, whatever it is shown."""


@pytest.fixture
def server() -> Iterator[Open]:
    with ExitStack() as stack:

        def saying(words: str) -> Describer:
            return ServerDescriber(endpoint(stack.enter_context(serving(model_that(lambda *_: words)))), Form("small"))

        yield saying


@pytest.fixture(
    params=["mlx", "server", "llama", pytest.param("transformers", marks=needs.module("torch", even_in_ci=True))]
)
def saying(request: pytest.FixtureRequest, server: Open, monkeypatch: pytest.MonkeyPatch) -> Open:
    def local(words: str) -> Describer:
        describer = request.getfixturevalue("mlx")
        monkeypatch.setattr(describer, "road", SimpleNamespace(describe=lambda _request: letters(words)))
        return describer

    def llama(words: str) -> Describer:
        describer = request.getfixturevalue("llama")
        monkeypatch.setattr(describer, "asker", server(words))
        return describer

    def transformers(words: str) -> Describer:
        describer = request.getfixturevalue("torch_describer")
        monkeypatch.setattr(describer, "raw", lambda _request: letters(words))
        return describer

    return {"mlx": local, "server": server, "llama": llama, "transformers": transformers}[request.param]


def letters(words: str) -> Generator[Chunk]:
    """A model that says one letter a token."""
    for count, letter in enumerate(words, start=1):
        yield Chunk(letter, Cost(total_s=0.1 * count, tokens=count, image_tokens=16))


@pytest.mark.parametrize("name", ROWS)
def test_markup_never_leaves_an_engine(saying: Open, name: str) -> None:
    raw, expected = ROWS[name]
    assert text(saying(raw)) == expected


@pytest.mark.parametrize("raw", ["<think>Is it a square?", "◁think▷Hm.◁/think▷", "<|channel>thought\nHm."])
def test_nothing_but_thinking_is_no_answer_and_never_a_sentence(saying: Open, raw: str) -> None:
    with pytest.raises(NoAnswer) as failure:
        text(saying(raw))
    assert "no text" in failure.value.message
    assert "thinking" in failure.value.hint


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("<answer>Yes.</answer>", True),
        ("**Yes**", True),
        ("<think>no?</think>Yes", True),
        ("Answer: yes", True),
        ("Assistant: No.", False),
        ("[THINK]Yes?[/THINK]No, there is none.", False),
        ("<|begin_of_box|>no<|end_of_box|>", False),
    ],
)
def test_yes_and_no_are_heard_through_their_wrappers(saying: Open, raw: str, expected: bool) -> None:
    assert is_yes(text(saying(raw))) is expected


@pytest.mark.parametrize("raw", ["<answer>Yes.</answer>", "**Yes**", "<think>no?</think>Yes"])
def test_watch_tells_of_what_is_answered_in_a_wrapper(saying: Open, raw: str) -> None:
    asker = WatchAsker(Captioner(saying(raw)))
    asker.set_wishes(["a person"])
    found = [each for at in range(3) for each in asker.look(Frame(FRAME.pixels, 0.0, float(at), at), at, lambda: False)]
    assert [each.kind for each in found if isinstance(each, Sentence)] == ["alert"]


def in_thought(pixels: np.ndarray | None, question: str) -> str:
    return f"<think>Not blue, I think.</think><answer>**{seeing(pixels, question)}**</answer>"


def thinking_only(_pixels: np.ndarray | None, _question: str) -> str:
    return "<think>Is it a blue square? It may be one."


def test_the_sight_test_hears_the_answer_and_not_the_thinking() -> None:
    with serving(model_that(in_thought)) as root:
        assert finding(look(ServerDescriber(endpoint(root), Form("small")))).status == "ok"
    with serving(model_that(thinking_only)) as root, pytest.raises(NoAnswer):
        look(ServerDescriber(endpoint(root), Form("small")))


def test_thinking_whose_marks_are_special_tokens_is_not_taken_for_text(mlx: MlxDescriber) -> None:
    processor = copy.deepcopy(mlx.loaded.processor)
    processor.tokenizer.add_special_tokens({"additional_special_tokens": ["[THINK]", "[/THINK]", "<unseen>"]})
    processor.detokenizer = type(processor.detokenizer)(processor.tokenizer)  # it knows the words it was made with
    words = "[THINK] A blue circle.[/THINK]<unseen> A red circle."
    tokens = processor.tokenizer.encode(words, add_special_tokens=False)
    raw = Speech(processor).pieces(Burst(tuple(tokens), 1, is_last=True))
    assert "".join(chunk.text for chunk in cleaned(raw, Cleaner(PROMPT))).strip() == "A red circle."


def copied(folder: Path) -> Path:
    """The demo model, with every stop token set to <|endoftext|>, which it never generates."""
    shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("clips", "gguf", "training"))
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        content = json.loads((folder / name).read_text())
        for part in (content, content.get("text_config", {})):
            part.update({"eos_token_id": 0} if "eos_token_id" in part else {})
        content.update({"eos_token": "<|endoftext|>"} if "eos_token" in content else {})
        (folder / name).write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("drafts", [True, False])
def test_a_turn_ends_where_the_chat_template_ends_it(mlx: MlxDescriber, tmp_path: Path, drafts: bool) -> None:
    describer = MlxDescriber(copied(tmp_path / "demo"), drafts=drafts)
    assert text(describer) == text(mlx)
    plain = [chunk.text for chunk in describer.plain.describe(request())]
    assert "".join(plain).strip() == text(mlx)


@needs.module("torch", even_in_ci=True)
def test_a_turn_ends_where_the_chat_template_ends_it_in_transformers_too(
    torch_describer: Describer, tmp_path: Path
) -> None:
    from app.backends.transformers.describer import TransformersDescriber

    assert text(TransformersDescriber(copied(tmp_path / "demo"))) == text(torch_describer)
