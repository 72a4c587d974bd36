"""The drawn world: what is drawn is where it is said to be, and what is said is true."""

import cv2
import numpy as np
import pytest

from app.demo import scenes
from app.demo.scenes import Background, Shape

GREY = Background("flat", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
SHAPE = Shape("red", "circle", 0.25, 0.25, 0.15)


@pytest.mark.parametrize("kind", scenes.KINDS)
@pytest.mark.parametrize("colour", scenes.COLOURS)
@pytest.mark.parametrize(("width", "height"), [(128, 128), (640, 480)])
def test_every_shape_is_drawn_in_its_colour_at_its_place(colour, kind, width, height):
    picture = scenes.draw([Shape(colour, kind, 0.7, 0.4, 0.15)], GREY, width, height)
    assert picture.shape == (height, width, 3)
    assert tuple(picture[int(0.4 * height), int(0.7 * width)]) == scenes.COLOURS[colour]
    assert tuple(picture[5, 5]) == (128, 128, 128)


def test_a_squeezed_tile_equals_the_squeezed_frame():
    squeezed = scenes.draw([SHAPE], GREY, 128, 128, aspect=4 / 3)
    frame = cv2.resize(scenes.draw([SHAPE], GREY, 640, 480), (128, 128), interpolation=cv2.INTER_AREA)
    assert np.abs(squeezed.astype(int) - frame).mean() < 1


def test_a_shape_beyond_the_edge_is_cut_and_does_not_wrap_around():
    picture = scenes.draw([Shape("red", "square", 0.0, 0.5, 0.2)], GREY, 128, 128)
    assert tuple(picture[64, 0]) == scenes.COLOURS["red"]
    assert tuple(picture[64, 127]) == (128, 128, 128)


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        (0.2, 0.2, "in the top left"),
        (0.5, 0.2, "at the top"),
        (0.8, 0.2, "in the top right"),
        (0.2, 0.5, "on the left"),
        (0.5, 0.5, "in the center"),
        (0.8, 0.5, "on the right"),
        (0.2, 0.8, "in the bottom left"),
        (0.5, 0.8, "at the bottom"),
        (0.8, 0.8, "in the bottom right"),
    ],
)
def test_one_shape_is_told_by_its_third_of_the_frame(x, y, place):
    assert scenes.caption([Shape("orange", "star", x, y, 0.1)]) == f"An orange star is {place}."


def test_two_shapes_are_told_along_the_axis_on_which_they_are_further_apart():
    low = Shape("blue", "square", 0.3, 0.8, 0.1)
    assert scenes.caption([low, SHAPE]) == "A red circle is above a blue square."
    right = Shape("blue", "square", 0.8, 0.3, 0.1)
    assert scenes.caption([right, SHAPE]) == "A red circle is left of a blue square."


def test_three_shapes_are_told_from_left_to_right():
    others = Shape("green", "star", 0.8, 0.3, 0.1), Shape("blue", "square", 0.5, 0.8, 0.1)
    told = scenes.caption([*others, SHAPE])
    assert told == "From left to right: a red circle, a blue square and a green star."


@pytest.mark.parametrize(
    ("dx", "dy", "way"), [(-0.2, 0, "left"), (0.3, 0.1, "right"), (0.05, -0.2, "up"), (0, 0.15, "down")]
)
def test_one_thing_that_goes_far_enough_moves(dx, dy, way):
    start = Shape("red", "circle", 0.5, 0.5, 0.1)
    end = Shape("red", "circle", 0.5 + dx, 0.5 + dy, 0.1)
    assert scenes.story([(start,), (end,)]) == f"A red circle moves {way}."


def test_what_comes_and_goes_is_told():
    other = Shape("blue", "star", 0.8, 0.8, 0.1)
    assert scenes.story([(other,), (other,), (SHAPE, other)]) == "A red circle appears."
    assert scenes.story([(SHAPE, other), (SHAPE,)]) == "A blue star disappears."


def test_trembling_and_two_things_at_once_are_told_by_the_last_caption():
    trembled = Shape("red", "circle", 0.26, 0.255, 0.15)
    other = Shape("blue", "star", 0.8, 0.7, 0.1)
    assert scenes.story([(SHAPE,), (trembled,)]) == scenes.caption([trembled])
    assert scenes.story([(SHAPE,), (other,)]) == scenes.caption([other])


@pytest.mark.parametrize("count", range(4))
def test_clear_scenes_keep_all_margins(count):
    rng = np.random.default_rng(count)
    for _ in range(100):
        scene = scenes.sample_scene(rng, count)
        assert len(scene) == count
        assert scenes.is_roomy(scene)
        assert scenes.is_unambiguous(scene)
        assert all(0.09 <= shape.radius <= 0.21 for shape in scene)


def test_a_scene_is_decided_by_its_seed():
    one, same = (scenes.sample_scene(np.random.default_rng(3), 3) for _ in range(2))
    assert one == same
