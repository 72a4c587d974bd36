"""Where the frames come in among a prompt's words."""

import pytest

from app.backends.mlx.fast_path import places


@pytest.mark.parametrize(
    ("ids", "due", "expected"),
    [
        ([1, 0, 0, 0, 2], [3], [(1, 4)]),
        ([1, 0, 0, 2, 0, 0, 3], [2, 2], [(1, 3), (4, 6)]),
        ([0, 0, 0, 0], [2, 2], [(0, 2), (2, 4)]),  # nothing between them
        ([0, 0, 0, 2, 0], [3, 1], [(0, 3), (4, 5)]),  # frames of two shapes
        ([1, 0, 2, 0, 3], [256, 256], [(1, 2), (3, 4)]),  # one placeholder for hundreds of rows
    ],
)
def test_every_frame_has_its_places(ids: list[int], due: list[int], expected: list[tuple[int, int]]) -> None:
    assert places(ids, 0, due) == expected


@pytest.mark.parametrize(
    ("ids", "due"), [([1, 2], [1]), ([0, 0, 0], [2, 2]), ([0, 1, 0], [2]), ([0, 0, 1, 0, 1, 0], [2, 2]), ([0], [3, 3])]
)
def test_placeholders_that_cannot_be_shared_out_are_an_error(ids: list[int], due: list[int]) -> None:
    with pytest.raises(ValueError, match="shared out"):
        places(ids, 0, due)
