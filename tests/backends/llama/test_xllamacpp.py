"""The real llama.cpp from the xllamacpp wheel: it sees what the demo model sees, counts, and says why it fails."""

import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.backends.llama.describer import RestartingServer, Shown, shown
from app.backends.llama.server import XLLAMACPP_SERVER, LlamaServer, Order, files, free_port, llama_server, opened
from app.backends.llama.server import answer as answer_to
from app.backends.openai.discovery import discover
from app.check.vision_test import look
from app.errors import ModelError
from app.events import Frame, Request
from models.demo.training.exams import Question, sample_exam
from tests import needs
from tests.fixtures import xllamacpp
from tests.fixtures.gguf_files import SMOLVLM
from tests.fixtures.gguf_pair import demo_pair

pytestmark = [needs.module("xllamacpp"), needs.module("gguf")]

SLOW_S = 120


@pytest.fixture(scope="module", autouse=True)
def without_llama_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One of this machine's would go first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path_factory.mktemp("bin")))
        yield


def started(mmproj: Path | None = None, how: Shown = Shown(edge=128)) -> RestartingServer:  # noqa: B008 — it is frozen
    pair = demo_pair()
    return RestartingServer("demo", Order(files(pair.text, mmproj or pair.mmproj), image_tokens=how.limit), how)


@pytest.fixture(scope="module")
def describer() -> Iterator[RestartingServer]:
    with closing(started()) as opened:
        yield opened


def request(question: Question, most: int = 40) -> Request:
    frames = [Frame(tile, 0.0, 0.0, number) for number, tile in enumerate(question.tiles)]
    return Request(frames, question.request, most)


def answer(describer: RestartingServer, question: Question) -> str:
    return "".join(piece.text for piece in describer.describe(request(question))).strip()


def test_it_names_what_is_there(describer: RestartingServer) -> None:
    """Of MLX's 59 right answers of 60 at most one is lost."""
    questions = sample_exam("stills", 30) + sample_exam("plain", 30)
    assert sum(each.answer == answer(describer, each) for each in questions) >= 58


def test_it_passes_the_sight_test(describer: RestartingServer) -> None:
    assert look(describer).verdict == "sees"


def test_it_sees_what_moves_from_frame_to_frame(describer: RestartingServer) -> None:
    questions = [each for each in sample_exam("motion", 20) if len(each.tiles) == 2]
    assert sum(each.answer == answer(describer, each) for each in questions) >= len(questions) // 2


def test_it_speaks_as_it_goes_and_counts(describer: RestartingServer) -> None:
    pieces = list(describer.describe(request(sample_exam("stills", 1)[0])))
    assert sum(bool(piece.text) for piece in pieces) > 3
    cost = pieces[-1].cost
    assert 2 * 16 < cost.image_tokens < 3 * 16  # llama.cpp shows a tile and the whole, with marks round them
    assert 0 < cost.first_word_s <= cost.total_s
    assert 0 < cost.tokens < 40


def test_a_limit_cuts_and_says_so(describer: RestartingServer) -> None:
    assert list(describer.describe(request(sample_exam("threes", 1)[0], most=3)))[-1].cost.tokens == 3


def test_it_can_be_left_in_the_middle_and_asked_again(describer: RestartingServer) -> None:
    question = sample_exam("stills", 1)[0]
    with closing(describer.describe(request(question))) as pieces:
        next(piece for piece in pieces if piece.text)
    assert answer(describer, question) == question.answer


def test_words_that_look_like_a_pictures_place_are_no_place(describer: RestartingServer) -> None:
    question = sample_exam("plain", 1)[0]
    odd = Question(question.tiles, f"<__media__>{question.request}", question.answer)
    assert answer(describer, odd) == question.answer


def test_several_slots_have_a_context_each() -> None:
    """As llama-server with the same flags; the demo model's own limit is 1024 tokens a slot."""
    with llama_server(Order(files(demo_pair().text, demo_pair().mmproj), parallel=3)) as server:
        found = discover(server.endpoint)
    assert (found.server, found.sees, found.slots, found.context) == ("llama-server", True, 3, 1024)


def test_its_key_is_in_no_command_line() -> None:
    with llama_server(Order(files(demo_pair().text, demo_pair().mmproj))) as server:
        assert len(xllamacpp.pids(str(XLLAMACPP_SERVER))) >= 2  # the guard and the server
        assert not xllamacpp.pids(server.endpoint.api_key)


def test_its_log_is_empty_as_long_as_nothing_fails(describer: RestartingServer) -> None:
    answer(describer, sample_exam("stills", 1)[0])
    assert describer.server.words() == ""


def test_eyes_that_are_no_pair_are_refused_at_once_in_its_own_words(tmp_path: Path) -> None:
    why = r"xllamacpp ended with status 1: .*mismatch between text model \(n_embd = 192\) and mmproj \(n_embd = 64\)"
    with pytest.raises(ModelError, match=why):
        started(SMOLVLM[1].write(tmp_path / "mmproj.gguf"))


def test_eyes_that_are_cut_off_are_refused_at_once(tmp_path: Path) -> None:
    whole = demo_pair().mmproj
    assert whole is not None
    (cut := tmp_path / "mmproj.gguf").write_bytes(whole.read_bytes()[:-1_000_000])
    with pytest.raises(ModelError, match=r"xllamacpp ended with status 1: .*failed to seek"):
        started(cut)


def test_a_model_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    (cut := tmp_path / "demo.gguf").write_bytes(demo_pair().text.read_bytes()[:-1_000_000])
    with pytest.raises(ModelError, match="not within the file bounds"):
        opened(Order(files(cut, demo_pair().mmproj)))


def test_a_port_that_is_taken_is_known_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr("app.backends.llama.server.free_port", lambda: other.getsockname()[1])
        with closing(LlamaServer(Order(files(demo_pair().text, demo_pair().mmproj)))) as server:
            assert server.has_ended(SLOW_S)
            assert server.has_lost_its_port()


def test_eyes_that_would_tile_are_held_to_one_tile(tmp_path: Path) -> None:
    """The demo model's, told to scale every picture up to 4×4 tiles, as SmolVLM2's are: 17 pictures otherwise."""
    (tiling := tmp_path / "mmproj.gguf").write_bytes(scaling_up(demo_pair().mmproj, 512))
    how, question = shown(tiling), sample_exam("stills", 1)[0]
    assert how == Shown(edge=128, limit=16)
    with closing(started(tiling, how)) as describer:
        pieces = list(describer.describe(request(question)))
    assert "".join(piece.text for piece in pieces).strip() == question.answer
    assert pieces[-1].cost.image_tokens < 3 * 16


def scaling_up(mmproj: Path | None, longest: int) -> bytes:
    assert mmproj is not None
    content, key = bytearray(mmproj.read_bytes()), b"clip.vision.preproc_image_size"
    struct.pack_into("<I", content, content.index(key) + len(key) + 4, longest)
    return bytes(content)


def test_a_wheel_that_cannot_be_imported_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a Linux without libgomp."""
    source = XLLAMACPP_SERVER.read_text().replace("import xllamacpp\n", "import libgomp_of_looksay\n")
    (broken := tmp_path / "xllamacpp_server.py").write_text(source)
    monkeypatch.setattr("app.backends.llama.server.XLLAMACPP_SERVER", broken)
    with pytest.raises(ModelError, match="xllamacpp cannot be run: No module named") as failure:
        opened(Order(files(demo_pair().text, demo_pair().mmproj)))
    assert "llama-server on PATH" in failure.value.hint


def test_it_ends_with_its_parent_even_without_a_leash(tmp_path: Path) -> None:
    """Where both looksay and the guard are killed."""
    (model := tmp_path / "demo.gguf").symlink_to(demo_pair().text)
    keeper = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    server = [sys.executable, "-I", str(XLLAMACPP_SERVER), "-m", str(model), "--host", "127.0.0.1"]
    port = free_port()
    parent = subprocess.Popen([sys.executable, "-c", keeper, *server, "--port", str(port)])
    until(lambda: answer_to(port, "", 1.0) == 200)
    parent.kill()
    parent.wait()
    until(lambda: not xllamacpp.pids(str(model)))


def until(is_so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + SLOW_S
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)
