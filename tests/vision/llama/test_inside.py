"""llama.cpp in this process, the real one: it sees what the demo model sees, says nothing else, and gives all back."""

import gc
import os
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from app.check.sight import look
from app.errors import ModelError
from app.flow import Frame, Request
from app.vision.llama.shown import Shown, shown
from models.demo.training.exams import sample_exam
from tests import needs
from tests.fixtures.gguf_files import SMOLVLM
from tests.fixtures.gguf_pair import demo_pair

pytestmark = [needs.module("llama_cpp", even_in_ci=True), needs.module("gguf")]

LOADS = 20
ONE_MODEL = 12_000_000
"""Bytes of the pair: what each load would leave behind."""


def inside(mmproj: Path | None = None):  # type: ignore[no-untyped-def]
    from app.vision.llama.inside import Inside

    pair = demo_pair()
    assert pair.mmproj is not None
    return Inside("demo", pair.text, mmproj or pair.mmproj, Shown(edge=128))


@pytest.fixture(scope="module")
def describer() -> Iterator[object]:
    with closing(inside()) as opened:
        yield opened


def answer(describer, *tiles: np.ndarray, asked: str, most: int = 40) -> str:  # type: ignore[no-untyped-def]
    frames = tuple(Frame(tile, 0.0, 0.0, number) for number, tile in enumerate(tiles))
    return "".join(piece.text for piece in describer.describe(Request(frames, asked, most))).strip()


def test_it_names_what_is_there(describer: object) -> None:
    """Of MLX's 59 right answers of 60 at most one is lost."""
    questions = sample_exam("stills", 30) + sample_exam("plain", 30)
    said = [answer(describer, *each.tiles, asked=each.request) for each in questions]
    assert sum(each.answer == told for each, told in zip(questions, said, strict=True)) >= 58


def test_it_passes_the_sight_test(describer) -> None:  # type: ignore[no-untyped-def]
    assert look(describer).verdict == "sees"


def test_it_sees_what_moves_from_frame_to_frame(describer: object) -> None:
    questions = [each for each in sample_exam("motion", 20) if len(each.tiles) == 2]
    said = [answer(describer, *each.tiles, asked=each.request) for each in questions]
    assert sum(each.answer == told for each, told in zip(questions, said, strict=True)) >= len(questions) // 2


def test_it_speaks_as_it_goes_and_counts(describer) -> None:  # type: ignore[no-untyped-def]
    question = sample_exam("stills", 1)[0]
    request = Request((Frame(question.tiles[0], 0.0, 0.0, 0),), question.request, 40)
    pieces = [piece for piece in describer.describe(request) if piece.text]
    assert len(pieces) > 3
    assert pieces[-1].cost.image_tokens == 32 + 5  # llama.cpp shows a tile and the whole, with five marks round them
    assert pieces[0].cost.first_word_s <= pieces[-1].cost.total_s
    assert 0 < pieces[-1].cost.tokens < 40


def test_a_limit_cuts_and_says_so(describer) -> None:  # type: ignore[no-untyped-def]
    question = sample_exam("threes", 1)[0]
    request = Request((Frame(question.tiles[0], 0.0, 0.0, 0),), question.request, 3)
    assert list(describer.describe(request))[-1].cost.tokens == 3


def test_it_can_be_left_in_the_middle_and_asked_again(describer) -> None:  # type: ignore[no-untyped-def]
    question = sample_exam("stills", 1)[0]
    request = Request((Frame(question.tiles[0], 0.0, 0.0, 0),), question.request, 40)
    with closing(describer.describe(request)) as pieces:
        next(pieces)
    assert answer(describer, *question.tiles, asked=question.request) == question.answer


def test_words_that_look_like_a_pictures_place_are_no_place(describer: object) -> None:
    question = sample_exam("plain", 1)[0]
    assert answer(describer, *question.tiles, asked=f"<__media__>{question.request}") == question.answer


def test_nothing_is_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    question = sample_exam("stills", 1)[0]
    with closing(inside()) as opened:
        answer(opened, *question.tiles, asked=question.request)
    assert capfd.readouterr() == ("", "")


def test_eyes_that_are_no_pair_are_refused_at_once_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"mismatch between text model \(n_embd = 192\) and mmproj \(n_embd = 64\)"):
        inside(SMOLVLM[1].write(tmp_path / "mmproj.gguf"))


def test_eyes_that_are_cut_off_are_refused_at_once(tmp_path: Path) -> None:
    whole = demo_pair().mmproj
    assert whole is not None
    (cut := tmp_path / "mmproj.gguf").write_bytes(whole.read_bytes()[:-1_000_000])
    with pytest.raises(ModelError, match=r"does not load demo.gguf with mmproj.gguf: .*failed to seek"):
        inside(cut)


def test_a_model_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    from app.vision.llama.inside import Inside

    pair = demo_pair()
    assert pair.mmproj is not None
    (cut := tmp_path / "demo.gguf").write_bytes(pair.text.read_bytes()[:-1_000_000])
    with pytest.raises(ModelError, match="not within the file bounds"):
        Inside("demo", cut, pair.mmproj, Shown())


def test_eyes_that_would_tile_are_held_to_one_tile(tmp_path: Path) -> None:
    """The demo model's, told to scale every picture up to 4×4 tiles, as SmolVLM2's are: 17 pictures otherwise."""
    from app.vision.llama.inside import Inside

    (tiling := tmp_path / "mmproj.gguf").write_bytes(scaling_up(demo_pair().mmproj, 512))
    how, question = shown(tiling), sample_exam("stills", 1)[0]
    assert how == Shown(edge=128, limit=16)
    with closing(Inside("demo", demo_pair().text, tiling, how)) as opened:
        request = Request((Frame(question.tiles[0], 0.0, 0.0, 0),), question.request, 40)
        pieces = list(opened.describe(request))
    assert "".join(piece.text for piece in pieces).strip() == question.answer
    assert pieces[-1].cost.image_tokens < 3 * 16


def scaling_up(mmproj: Path | None, longest: int) -> bytes:
    assert mmproj is not None
    content, key = bytearray(mmproj.read_bytes()), b"clip.vision.preproc_image_size"
    struct.pack_into("<I", content, content.index(key) + len(key) + 4, longest)
    return bytes(content)


def test_it_can_be_closed_twice() -> None:
    opened = inside()
    opened.close()
    opened.close()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc, which only Linux has")
def test_what_is_loaded_is_given_back() -> None:
    def held() -> int:
        gc.collect()
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    question = sample_exam("stills", 1)[0]
    sizes = []
    for _ in range(LOADS):
        with closing(inside()) as opened:
            answer(opened, *question.tiles, asked=question.request)
        sizes.append(held())
    assert sizes[-1] - sizes[2] < (LOADS - 3) * ONE_MODEL / 4
