"""`--backend`: the demo model says the same through mlx-vlm's server, llama.cpp and transformers."""

import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests import needs
from tests.golden.inputs import (
    BLUE,
    GREEN,
    RED,
    START_S,
    circle,
    killed_in_the_end,
    make_gguf_pair,
    mlx_vlm_server,
    processes_with,
    save,
    wait_until_none_is_left,
)
from tests.running import environment, run, start

LLAMA = needs.llama()
GGUF = needs.module("gguf")


@pytest.fixture
def red(tmp_path: Path) -> str:
    return save(circle("red", "top left"), tmp_path / "red.png")


@pytest.fixture
def stills(tmp_path: Path) -> str:
    save(circle("red", "top left"), tmp_path / "stills" / "1.png")
    save(circle("blue", "top right"), tmp_path / "stills" / "2.png")
    save(circle("green", "bottom left"), tmp_path / "stills" / "3.png")
    return str(tmp_path / "stills")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """The words that choose a real mlx_vlm.server."""
    with mlx_vlm_server(tmp_path_factory.mktemp("server") / "output.txt") as url:
        yield ("--backend", "server", "--url", url)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The words that choose llama.cpp with the demo pair, beside whose language model the projector is found."""
    text, _ = make_gguf_pair(tmp_path_factory.mktemp("pair"))
    return ("--backend", "llama", "--gguf", str(text))


def test_server_describes_a_picture(server: tuple[str, ...], red: str) -> None:
    ended = run("describe", red, *server)
    assert (ended.code, ended.out) == (0, f"{RED}\n")


def test_server_narrates_a_still_live(server: tuple[str, ...], red: str) -> None:
    ended = run("--source", red, "--no-speak", *server)
    assert (ended.code, ended.out) == (0, f"{RED}\n")


@LLAMA
@GGUF
@needs.tool("ps")
def test_llama_describes_a_picture_and_narrates_stills_and_leaves_no_process(
    llama: tuple[str, ...], red: str, stills: str
) -> None:
    marked = {"LOOKSAY_TEST": uuid4().hex}
    described = run("describe", red, *llama, env=environment(**marked))
    assert (described.code, described.out) == (0, f"{RED}\n")
    narrated = run("--source", stills, "--asap", "--no-speak", *llama, env=environment(**marked))
    assert (narrated.code, narrated.sentences) == (0, [RED, BLUE, GREEN])
    wait_until_none_is_left(marked["LOOKSAY_TEST"])


@LLAMA
@GGUF
@needs.tool("ps")
def test_llama_leaves_no_process_when_looksay_is_killed(llama: tuple[str, ...]) -> None:
    marked = {"LOOKSAY_TEST": uuid4().hex}
    with killed_in_the_end(start("--source", "scenes", "--no-speak", *llama, env=environment(**marked))) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "An orange circle is at the top.\n"
        assert processes_with(marked["LOOKSAY_TEST"])
    assert process.returncode == -signal.SIGKILL
    wait_until_none_is_left(marked["LOOKSAY_TEST"])


@needs.module("torch", even_in_ci=True)
def test_transformers_describes_a_picture(red: str) -> None:
    process = start("describe", red, "--model", "demo", "--backend", "transformers")
    out, err = process.communicate(timeout=START_S)
    assert (process.returncode, out) == (0, f"{RED}\n"), err
