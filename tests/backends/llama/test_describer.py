"""A llama-server that dies: the question is lost and said to be, the next one is answered, and not again and again."""

import os
import signal
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from app.backends.llama.describer import DETAILED, WORTH_S, RestartingServer, Shown, shown
from app.backends.llama.server import LlamaServer, Order, files
from app.errors import ModelError, Outage, UsageError
from app.events import Chunk, Frame, Request
from tests import needs
from tests.fixtures import llama_server as stand_in
from tests.fixtures.gguf_files import make_pair
from tests.fixtures.gguf_pair import demo_pair

RED = np.full((480, 640, 3), (220, 20, 20), np.uint8)
REQUEST = Request((Frame(RED, 0.0, 0.0, 0),), "What single color fills this picture?")
SLOW_S = 60


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = stand_in.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", stand_in.path_with(folder))
    return folder


Start = Callable[[str], RestartingServer]


@pytest.fixture
def start(bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts one in this mood; all are ended."""
    started: list[RestartingServer] = []

    def do(mood: str) -> RestartingServer:
        monkeypatch.setenv("STAND_IN", mood)
        order = Order(files(*stand_in.pair(tmp_path)), patience_s=SLOW_S)
        started.append(RestartingServer("small", order, Shown()))
        return started[-1]

    yield do
    for each in started:
        each.close()
    assert not stand_in.is_running(bin_folder)


def answer(tended: RestartingServer) -> str:
    return "".join(piece.text for piece in tended.describe(REQUEST)).strip()


def test_it_answers_as_it_comes_and_counts_the_picture(start: Start) -> None:
    pieces = list(start("").describe(REQUEST))
    assert "".join(piece.text for piece in pieces) == "Red."
    assert pieces[-1].cost.image_tokens == stand_in.PICTURE_TOKENS
    assert pieces[-1].cost.first_word_s > 0


def test_its_banner_names_the_model_and_no_address(start: Start) -> None:
    assert start("").banner.name == "small in llama-server"


def test_a_death_under_a_question_is_an_outage_and_the_next_one_is_answered(start: Start, bin_folder: Path) -> None:
    tended = start("dies=1")
    with pytest.raises(Outage, match=r"llama-server was ended by signal 9: .*failed to allocate buffer") as outage:
        answer(tended)
    assert "started again" in outage.value.hint
    assert answer(tended) == "Red."
    assert len(stand_in.pids(bin_folder)) == 2


def test_a_death_between_two_questions_is_one_as_well(start: Start, bin_folder: Path) -> None:
    tended = start("")
    os.kill(stand_in.pids(bin_folder)[-1], signal.SIGKILL)
    assert tended.server.has_ended(SLOW_S)
    with pytest.raises(Outage):
        answer(tended)
    assert answer(tended) == "Red."


def test_a_second_death_soon_after_is_the_end(start: Start) -> None:
    tended = start("dies")
    with pytest.raises(Outage):
        answer(tended)
    with pytest.raises(ModelError, match=r"ended by signal 9.*started again shortly before") as end:
        answer(tended)
    assert not isinstance(end.value, Outage)


def test_a_second_death_after_a_minute_is_an_outage_again(start: Start) -> None:
    tended = start("dies")
    with pytest.raises(Outage):
        answer(tended)
    list(tended.waited(tended.server))
    tended.started_at -= WORTH_S
    with pytest.raises(Outage):
        answer(tended)


def test_until_it_is_there_again_it_can_be_left_at_any_time(
    start: Start, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tended = start("")
    monkeypatch.setenv("STAND_IN", "slow=600")
    os.kill(stand_in.pids(bin_folder)[-1], signal.SIGKILL)
    assert tended.server.has_ended(SLOW_S)
    with pytest.raises(Outage):
        answer(tended)
    with closing(tended.describe(REQUEST)) as pieces:
        assert [next(pieces).text for _ in range(3)] == ["", "", ""]


def test_an_answer_that_does_not_come_can_be_left_at_any_time(start: Start) -> None:
    with closing(start("silent").describe(REQUEST)) as pieces:
        assert [next(pieces).text for _ in range(3)] == ["", "", ""]


def test_one_that_is_started_again_and_refuses_then_is_the_end(
    start: Start, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tended = start("")
    monkeypatch.setenv("STAND_IN", "refuse=cut")
    os.kill(stand_in.pids(bin_folder)[-1], signal.SIGKILL)
    assert tended.server.has_ended(SLOW_S)
    with pytest.raises(Outage):
        answer(tended)
    with pytest.raises(ModelError, match="failed to seek for tensor") as end:
        answer(tended)
    assert not isinstance(end.value, Outage)


def test_what_is_shown_is_what_the_eyes_are_meant_for(start: Start) -> None:
    """The stand-in names the side of a disc on a frame that was squeezed."""
    tended = start("")
    tended.shown = Shown(edge=64)
    frame = np.full((480, 640, 3), 235, np.uint8)
    frame[200:280, 40:120] = (20, 40, 220)
    request = Request((Frame(frame, time.monotonic(), 0.0, 0),), "Is it on the left or on the right?")
    assert "".join(piece.text for piece in tended.describe(request)) == "It is on the left."


def test_of_several_who_ask_at_once_one_starts_it_again(
    start: Start, bin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tended = start("silent")
    questions = [tended.describe(REQUEST) for _ in range(3)]
    assert [next(each).text for each in questions] == ["", "", ""]
    monkeypatch.setenv("STAND_IN", "")
    os.kill(stand_in.pids(bin_folder)[-1], signal.SIGKILL)
    with ThreadPoolExecutor(3) as threads:
        failures = list(threads.map(failure_of, questions))
    assert all(isinstance(each, Outage) for each in failures)
    assert answer(tended) == "Red."
    assert len(stand_in.pids(bin_folder)) == 2


def failure_of(pieces: Generator[Chunk]) -> BaseException | None:
    try:
        list(pieces)
    except ModelError as failure:
        return failure
    return None


def test_what_it_refuses_for_once_does_not_end_a_run(start: Start, tmp_path: Path) -> None:
    """One without eyes says so with a 500, in its own words."""
    tended = start("")
    tended.server.close()
    blind = LlamaServer(Order(("-m", str(tmp_path / "small.gguf"))))
    tended.take(blind)
    with pytest.raises(Outage, match="image input is not supported"):
        answer(tended)


CAMERA = np.zeros((720, 1280, 3), np.uint8)


def test_eyes_that_tile_get_one_tile_and_llama_cpp_is_held_to_it(tmp_path: Path) -> None:
    """Its pictures are scaled up to 256 otherwise, which is 16 tiles of 64."""
    assert shown(make_pair("smolvlm", tmp_path)[1]) == Shown(edge=64, limit=1)


@needs.module("gguf")
def test_eyes_whose_picture_is_a_tile_need_no_limit() -> None:
    mmproj = demo_pair().mmproj
    assert mmproj is not None
    assert shown(mmproj) == Shown(edge=128)


@pytest.mark.parametrize("name", ["lfm2-vl", "qwen3-vl", "gemma-4"])
def test_others_get_a_small_picture_in_its_own_shape(tmp_path: Path, name: str) -> None:
    how = shown(make_pair(name, tmp_path)[1])
    assert how == Shown()
    assert how.picture(CAMERA).shape == (288, 512, 3)


def test_so_many_tokens_as_are_wished_for_are_the_limit(tmp_path: Path) -> None:
    assert shown(make_pair("smolvlm", tmp_path)[1], 40).limit == 40
    assert shown(make_pair("lfm2-vl", tmp_path)[1], 40).limit == 40


def test_a_tile_is_the_whole_frame_squeezed() -> None:
    assert Shown(edge=128).picture(CAMERA).shape == (128, 128, 3)


def test_a_small_frame_is_left_as_it_is() -> None:
    assert Shown().picture(small := np.zeros((200, 500, 3), np.uint8)) is small


def test_a_long_frame_keeps_a_row_at_least() -> None:
    assert Shown().picture(np.zeros((1, 5000, 3), np.uint8)).shape == (1, 512, 3)


@needs.module("gguf")
def test_fewer_tokens_than_a_tile_has_are_refused() -> None:
    mmproj = demo_pair().mmproj
    assert mmproj is not None
    with pytest.raises(UsageError, match="makes 16 tokens of a tile"):
        shown(mmproj, 15)


def test_a_picture_on_request_keeps_more_of_its_detail() -> None:
    assert DETAILED.picture(CAMERA).shape == (576, 1024, 3)
