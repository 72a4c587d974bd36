"""The demo model's GGUF pair: the same tokens, the same prompt, a pair to the check, the same bytes each time."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from app.backends.openai.client import ServerClient, endpoint
from app.check.gguf_pair import find_pair, judge_pair
from models.demo.training.exams import UNHEARD
from models.demo.training.wordings import PRODUCT
from tests import needs
from tests.fixtures import xllamacpp
from tests.fixtures.gguf_pair import DEMO, demo_pair
from tests.fixtures.started import serving

pytestmark = needs.module("gguf")

ODD = (
    *("", " ", "\n", "\n\n", "a\n\nb", "x  y", "1234 5", "Ünïcödé ∑ 漢字 🦊", "don't  'LL", "tab\tand\r\n"),
    *("<image>", "<fake_token_around_image>"),
)
TURNS = "<|im_start|>User: What is there?<end_of_utterance>\nAssistant: A red circle.<end_of_utterance>"


@pytest.fixture(scope="module")
def theirs() -> Tokenizer:
    return Tokenizer.from_file(str(DEMO / "tokenizer.json"))


@needs.module("xllamacpp")
def test_llama_cpp_makes_the_same_tokens_of_any_words(theirs: Tokenizer) -> None:
    with serving(*xllamacpp.command(has_eyes=False)) as root:
        for words in (*PRODUCT, *UNHEARD, *ODD, TURNS):
            asked = {"content": words, "add_special": False, "parse_special": True}
            ids = ServerClient(endpoint(root)).post("/tokenize", asked)["tokens"]
            assert ids == theirs.encode(words, add_special_tokens=False).ids, words


def test_it_passes_the_check() -> None:
    pair = demo_pair()
    found = judge_pair(pair.text, pair.mmproj)
    assert {each.status for each in found if each.name != "llama.cpp"} == {"ok"}
    assert "idefics3 projector of width 192 onto llama of width 192" in [each.sentence for each in found]
    assert find_pair(pair.text) == find_pair(pair.text.parent) == pair


def test_it_is_made_the_same_each_time(tmp_path: Path) -> None:
    from models.demo.gguf import write_eyes, write_text

    pair = demo_pair()
    assert write_text(DEMO, tmp_path / "text").read_bytes() == pair.text.read_bytes()
    assert pair.mmproj is not None
    assert write_eyes(DEMO, tmp_path / "eyes").read_bytes() == pair.mmproj.read_bytes()


@pytest.mark.parametrize("content", [
    [{"type": "text", "text": "What?"}, {"type": "text", "text": "<__media__>"}],
    [{"type": "text", "text": "<__media__>"}, {"type": "text", "text": "What?"}],
    "What?<__media__>",
    "<__media__>What?",
])  # fmt: skip
def test_its_template_puts_pictures_first_as_they_were_learned(content: object) -> None:
    assert rendered(content) == "<|im_start|>User:<__media__>What?<end_of_utterance>\nAssistant:"


def test_its_template_is_the_models_own_where_there_is_no_picture() -> None:
    from jinja2 import Environment

    message = [{"role": "user", "content": [{"type": "text", "text": "What?"}]}]
    own = Environment().from_string((DEMO / "chat_template.jinja").read_text())
    assert rendered(message[0]["content"]) == own.render(messages=message, add_generation_prompt=True)


def test_its_template_keeps_several_pictures_in_their_order() -> None:
    told = rendered("<__media_a__>What<__media_b__> is new?")
    assert told.startswith("<|im_start|>User:<__media_a__><__media_b__>What is new?<end_of_utterance>")


def rendered(content: object) -> str:
    from jinja2 import Environment

    from models.demo.gguf.text import TEMPLATE

    return (
        Environment()
        .from_string(TEMPLATE)
        .render(messages=[{"role": "user", "content": content}], add_generation_prompt=True)
    )
