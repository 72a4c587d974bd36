"""llama-cpp-python's own server, the real one, looked through with and without eyes.

Where it was given no mmproj it drops pictures in silence, and answers all the same, with status 200.
"""

import sys
from collections.abc import Iterator, Sequence

import pytest

from tests import needs
from tests.fixtures.gguf_pair import demo_pair
from tests.fixtures.started import serving
from tests.running import run

PICTURE = "docs/page-dark.png"
pytestmark = [
    needs.module("llama_cpp", even_in_ci=True),
    *(needs.module(name) for name in ("gguf", "sse_starlette", "starlette_context", "pydantic_settings")),
]


def llama_cpp_server(*eyes: str) -> Sequence[str]:
    """With one thread for the prompt, too: two that spin on two cores take a hundred times as long."""
    threads = ("--n_threads", "1", "--n_threads_batch", "1", "--n_ctx", "1024")
    return [sys.executable, "-m", "llama_cpp.server", "--model", str(demo_pair().text), *threads, *eyes]


@pytest.fixture(scope="module")
def seeing() -> Iterator[str]:
    with serving(*llama_cpp_server("--clip_model_path", str(demo_pair().mmproj), "--chat_format", "mtmd")) as root:
        yield root


@pytest.fixture(scope="module")
def blind() -> Iterator[str]:
    with serving(*llama_cpp_server()) as root:
        yield root


def test_llama_cpp_pythons_server_sees_with_the_pair(seeing: str) -> None:
    ended = run("check", f"{seeing}/v1")
    assert ended.code == 0, ended.out + ended.err
    assert "it sees: it names colours, and the side that a thing is on" in ended.out


def test_what_it_says_of_a_picture_is_what_is_there(seeing: str) -> None:
    ended = run("describe", PICTURE, "--backend", "server", "--url", f"{seeing}/v1")
    assert (ended.code, len(ended.sentences)) == (0, 1), ended.err


def test_without_an_mmproj_it_is_found_blind_though_it_answers(blind: str) -> None:
    ended = run("check", f"{blind}/v1")
    assert ended.code == 1
    assert "blind: " in ended.err


def test_a_blind_one_is_let_in_by_no_road(blind: str) -> None:
    """Neither to describe a picture nor to narrate."""
    for words in (("describe", PICTURE), ("--source", "scenes", "--no-speak", "--seconds", "5")):
        ended = run(*words, "--backend", "server", "--url", f"{blind}/v1")
        assert (ended.code, ended.out) == (1, "")
        assert "does not pass the check: blind" in ended.err
