"""What a pair's eyes are shown: one tile where they tile, a small picture otherwise."""

from pathlib import Path

import numpy as np
import pytest

from app.backends.llama.describer import DETAILED, Shown, shown
from app.errors import UsageError
from tests import needs
from tests.fixtures.gguf_files import make_pair
from tests.fixtures.gguf_pair import demo_pair

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
