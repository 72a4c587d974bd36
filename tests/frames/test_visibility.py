"""Whether the camera can see: what is said, when, and what is never said."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from threading import Event

import cv2
import numpy as np
import pytest

from app.demo import scenes as world
from app.demo.scenes import Scene, Shape
from app.demo.source import SceneSource
from app.frames.change import shrunk
from app.frames.visibility import BEGUN, OVER, Visibility
from app.images import Pixels
from tests import needs
from tests.filmed import FPS, SCENES, filmed, still, through_mp4v, through_x264
from tests.sweeps import spread

Said = list[tuple[float, str]]
SHAPES: Scene = (Shape("red", "circle", 0.3, 0.4, 0.12), Shape("white", "star", 0.7, 0.6, 0.13))
SIZES = [(640, 480), (1280, 720)]
GRAIN = np.random.default_rng(3).normal(0, 5, (2000, 3000, 3)).astype(np.float32)


def ground(grain: world.Grain) -> world.Background:
    return world.Background(grain, (0.42, 0.44, 0.4), (0.62, 0.6, 0.58), angle=0.6, pitch=4.0, seed=2)


def noisy(pixels: Pixels, number: int) -> Pixels:
    height, width = pixels.shape[:2]
    left, top = 37 * number % 1000, 23 * number % 700
    return np.clip(pixels + GRAIN[top : top + height, left : left + width], 0, 255).astype(np.uint8)


def said(frames: Iterable[Pixels], fps: int = FPS) -> Said:
    """Media time and kind of every notice."""
    view = Visibility()
    return [
        (number / fps, notice.kind)
        for number, frame in enumerate(frames)
        for notice in view.judge(shrunk(frame), number / fps)
    ]


def black(picture: Pixels, _share: float) -> Pixels:
    return np.full_like(picture, 0) + np.array([12, 10, 9], np.uint8)


def fading(picture: Pixels, share: float) -> Pixels:
    """To 5 % within a quarter of the time."""
    return np.asarray(picture * max(0.05, 1 - 3.8 * share), np.uint8)


def switched_off(picture: Pixels, _share: float) -> Pixels:
    return np.asarray(picture * 0.05, np.uint8)


def hand(picture: Pixels, _share: float) -> Pixels:
    slope = np.linspace(-15, 15, picture.shape[1])[None, :, None]
    return np.asarray(np.zeros_like(picture) + slope + [190, 140, 115], np.uint8)


def glow(picture: Pixels, _share: float) -> Pixels:
    return np.full_like(picture, 0) + np.array([110, 30, 20], np.uint8)


def cloth(picture: Pixels, share: float) -> Pixels:
    """Drawn before the lens from above, within half a second."""
    covered = picture.copy()
    covered[: int(min(1, 8 * share) * len(picture))] = (170, 125, 100)
    return covered


def soft(share_of_height: float) -> Callable[[Pixels, float], Pixels]:
    def blurred(picture: Pixels, _share: float) -> Pixels:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), share_of_height * len(picture)), np.uint8)

    return blurred


def with_trouble(picture: Pixels, trouble: Callable[[Pixels, float], Pixels]) -> list[Pixels]:
    """Three seconds as ever, four with the trouble, two as ever; with noise."""
    shown = [picture] * 45 + [trouble(picture, each / 60) for each in range(60)] + [picture] * 30
    return [noisy(each, number) for number, each in enumerate(shown)]


TROUBLES = [
    (black, "covered", 3.0),
    (hand, "covered", 3.0),
    (glow, "covered", 3.0),
    (cloth, "covered", 3.5),
    (fading, "dark", 4.0),
    (switched_off, "dark", 3.0),
    (soft(0.01), "blurred", 3.0),
    (soft(0.03), "blurred", 3.0),
]


@pytest.mark.parametrize(("trouble", "kind", "begins"), TROUBLES)
@pytest.mark.parametrize("grain", spread(["flat", "checks", "blotches"], 1))
def test_trouble_is_told_within_a_second_and_so_is_its_end(
    trouble: Callable[[Pixels, float], Pixels], kind: str, begins: float, grain: world.Grain
) -> None:
    told = said(with_trouble(world.draw(SHAPES, ground(grain), 640, 480), trouble))
    assert [name for _, name in told] == [kind, "clear"]
    assert begins <= told[0][0] <= begins + 1
    assert 7 <= told[1][0] <= 8


@pytest.mark.parametrize(("trouble", "kind"), [(black, "covered"), (hand, "covered"), (glow, "covered")])
def test_a_bare_ground_that_is_covered_is_told_too(trouble: Callable[[Pixels, float], Pixels], kind: str) -> None:
    assert [name for _, name in said(with_trouble(world.draw((), ground("flat"), 640, 480), trouble))] == [
        kind,
        "clear",
    ]


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_the_order_of_colours_and_the_size_make_no_difference(size: tuple[int, int]) -> None:
    frames = with_trouble(world.draw(SHAPES, ground("gradient"), *size), hand)
    assert [kind for _, kind in said(frames)] == ["covered", "clear"]
    assert said(frames) == said(frame[..., ::-1] for frame in frames)


def test_a_room_that_is_dark_at_the_start_is_told_at_once() -> None:
    dark = np.full((480, 640, 3), 6, np.uint8)
    assert said(noisy(dark, number) for number in range(30))[0] == (pytest.approx(0.27, abs=0.1), "dark")


def test_a_plain_wall_at_the_start_is_not_covered() -> None:
    wall = np.full((480, 640, 3), 140, np.uint8)
    assert said(noisy(wall, number) for number in range(60)) == []


def test_a_camera_that_repeats_a_noisy_frame_is_frozen_after_two_seconds() -> None:
    lively = still(SCENES["drawn"], 75)
    told = said([*lively, *[lively[-1]] * 60, *still(SCENES["drawn"], 30, seed=8)])
    assert [kind for _, kind in told] == ["frozen", "clear"]
    assert 7 - 0.2 <= told[0][0] <= 7.5


@pytest.mark.parametrize(
    "encoded", [through_mp4v, pytest.param(lambda f, p: through_x264(f, p, crf=23), marks=needs.tool("ffmpeg"))]
)
def test_a_camera_that_froze_before_it_was_encoded_is_frozen(
    encoded: Callable[[Sequence[Pixels], Path], list[Pixels]], tmp_path: Path
) -> None:
    lively = still(SCENES["drawn"], 75, noise=6)
    told = said(encoded([*lively, *[lively[-1]] * 75], tmp_path))
    assert [kind for _, kind in told] == ["frozen"]
    assert 6.8 <= told[0][0] <= 8.5


def test_what_never_had_noise_is_never_frozen() -> None:
    picture = world.draw(SHAPES, ground("gradient"), 640, 480)
    assert said([picture] * 300) == []


def test_a_clean_scene_after_a_noisy_one_is_not_frozen() -> None:
    """The noise is gone from the picture too, so it is not the same picture again."""
    picture = world.draw(SHAPES, ground("flat"), 640, 480)
    assert said([*(noisy(picture, number) for number in range(75)), *[picture] * 75]) == []


@pytest.mark.long
def test_five_minutes_of_the_drawn_world_are_not_one_notice() -> None:
    frames = islice(SceneSource(asap=True, fps=15).frames(Event()), 300 * 15)
    assert said((frame.view for frame in frames if hasattr(frame, "view")), fps=15) == []


@pytest.mark.parametrize("scene", spread(SCENES, 1))
def test_noise_flicker_and_a_shaking_hand_are_no_trouble(scene: str) -> None:
    assert said(islice(filmed(SCENES[scene]), 300)) == []


def test_light_that_halves_within_half_a_minute_is_no_trouble() -> None:
    picture = world.draw(SHAPES, ground("blotches"), 640, 480)
    assert said(noisy(np.asarray(picture * 0.5 ** (each / 450), np.uint8), each) for each in range(450)) == []


@pytest.mark.long
@pytest.mark.parametrize(
    "encoded", [through_mp4v, pytest.param(through_x264, marks=needs.tool("ffmpeg"))], ids=["mp4v", "x264"]
)
def test_an_encoder_is_no_trouble(encoded: Callable[[Sequence[Pixels], Path], list[Pixels]], tmp_path: Path) -> None:
    assert said(encoded(still(SCENES["drawn"], 300, noise=8), tmp_path)) == []


@pytest.mark.parametrize("grain", ["flat", "gradient", "checks"])
def test_scenes_that_follow_one_another_are_no_trouble(grain: world.Grain) -> None:
    """The last shape goes, another scene is cut to, a black shape comes: the ground stays, or shapes are there."""
    scenes = [SHAPES, SHAPES[:1], (), (Shape("black", "square", 0.5, 0.5, 0.2),), SHAPES[1:]]
    pictures = [world.draw(scene, ground(grain), 640, 480) for scene in scenes]
    assert said(noisy(pictures[number // 30], number) for number in range(150)) == []


def test_a_pan_that_smears_the_picture_is_not_blur() -> None:
    scene = cv2.resize(SCENES["textured"], (1600, 700))
    smeared = cv2.blur(scene, (60, 1))
    ways = [0] * 45 + [round(800 * share) for share in np.linspace(0, 1, 12)] + [800] * 45
    shown = [(scene if way in (0, 800) else smeared)[100:580, way : way + 640] for way in ways]
    assert said(noisy(each, number) for number, each in enumerate(shown)) == []


def test_a_camera_that_was_always_soft_is_not_blurred() -> None:
    picture = soft(0.02)(world.draw(SHAPES, ground("flat"), 640, 480), 0)
    assert said(noisy(picture, number) for number in range(90)) == []


def test_the_model_is_not_asked_from_the_first_look_of_trouble_to_the_last_notice() -> None:
    view, blocked = Visibility(), []
    for number, frame in enumerate(with_trouble(world.draw(SHAPES, ground("flat"), 640, 480), black)):
        view.judge(shrunk(frame), number / FPS)
        blocked.append(view.is_blocked)
    assert blocked.index(True) == 45
    assert sum(blocked) == pytest.approx(60, abs=6)


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (3, 5), (13, 14)])
def test_a_frame_of_any_size_can_be_judged(size: tuple[int, int]) -> None:
    assert said(np.full((*size, 3), 120, np.uint8) for _ in range(5)) == []


def test_a_source_that_begins_again_is_judged_on() -> None:
    view, picture = Visibility(), shrunk(world.draw(SHAPES, ground("flat"), 640, 480))
    assert [view.judge(picture, at) for at in (5.0, 5.1, 0.0, 0.1)] == [(), (), (), ()]


def test_every_trouble_has_its_words_and_what_to_do() -> None:
    assert BEGUN.keys() == OVER.keys() == {"dark", "covered", "frozen", "blurred"}
    assert all(text.endswith(".") and hint for text, hint in BEGUN.values())


def test_lamps_in_the_night_can_be_seen() -> None:
    night, view = np.full((720, 1280, 3), 6, np.uint8), Visibility()
    for number in range(8):
        night[300:324, 100 + 140 * number : 124 + 140 * number] = 240
    for number in range(30):
        assert not view.judge(shrunk(night), number / 15)
        assert not view.is_blocked


def test_pictures_a_second_apart_are_judged_each_by_itself() -> None:
    light, dark = np.full((480, 640, 3), 120, np.uint8), np.full((480, 640, 3), 3, np.uint8)
    light[:, :320] = 200
    view, told = Visibility(), []
    for second, picture in enumerate((light, dark, light, light)):
        told += [notice.kind for notice in view.judge(shrunk(picture), float(second))]
        assert view.is_blocked == (picture is dark)
    assert told in (["dark", "clear"], ["covered", "clear"])


def test_a_clean_picture_after_a_noisy_one_is_not_called_frozen_for_ever() -> None:
    """A screen that is shared after a camera, say."""
    rng, view, blocked = np.random.default_rng(2), Visibility(), 0
    slides = [
        cv2.resize(rng.integers(0, 255, (9, 16, 3), np.uint8), (1280, 720), interpolation=cv2.INTER_NEAREST)
        for _ in range(4)
    ]
    scene = cv2.GaussianBlur(rng.integers(0, 255, (720, 1280, 3), np.uint8), (0, 0), 5)
    for look in range(12 * 24):
        at = look / 12
        view.judge(shrunk(noisy(scene, look) if at < 4 else slides[int(at) // 5 % 4]), at)
        blocked += view.is_blocked and at >= 10
    assert blocked == 0
