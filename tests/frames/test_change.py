"""The gate: what opens it, and what must not."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice, permutations
from pathlib import Path

import numpy as np
import pytest

from app.demo import scenes
from app.demo.scenes import Scene, Shape
from app.frames.change import ChangeDetector, shrunk
from app.images import Pixels
from tests import needs
from tests.filmed import FPS, SCENES, SIZE, WIDE, filmed, still, through_mp4v, through_x264
from tests.sweeps import spread

RNG = np.random.default_rng(7)
GRAIN = RNG.normal(0, 1, (1440, 2560, 3)).astype(np.float32)


def opens(gate: ChangeDetector, pixels: Pixels) -> bool:
    """Whether it is news to the gate, which is told so."""
    look = shrunk(pixels)
    is_news = gate.has_changed(look)
    if is_news:
        gate.set_reference(look)
    return is_news


def grey(level: int = 120, size: tuple[int, int] = (480, 640)) -> Pixels:
    return np.full((*size, 3), level, np.uint8)


def with_square(pixels: Pixels, colour: tuple[int, int, int], x: int = 300, edge: int = 80) -> Pixels:
    changed = pixels.copy()
    changed[200 : 200 + edge, x : x + edge] = colour
    return changed


def noisy(pixels: Pixels, sigma: float = 8.0) -> Pixels:
    height, width = pixels.shape[:2]
    top, left = RNG.integers(GRAIN.shape[0] - height), RNG.integers(GRAIN.shape[1] - width)
    grain = GRAIN[top : top + height, left : left + width]
    return np.clip(pixels + np.float32(sigma) * grain, 0, 255).astype(np.uint8)


def test_the_first_frame_is_news() -> None:
    assert opens(ChangeDetector(), grey())


def test_the_same_frame_again_is_not() -> None:
    gate = ChangeDetector()
    assert [opens(gate, grey()) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("size", [(480, 640), (720, 1280), (240, 320)])
def test_sensor_noise_is_not_news(size: tuple[int, int]) -> None:
    gate = ChangeDetector()
    opens(gate, noisy(grey(size=size)))
    assert not any(opens(gate, noisy(grey(size=size))) for _ in range(20))


@pytest.mark.parametrize("drift", [-25, -10, 10, 25])
def test_an_exposure_that_drifts_is_not_news(drift: int) -> None:
    gate = ChangeDetector()
    opens(gate, with_square(grey(120), (180, 60, 60)))
    assert not opens(gate, with_square(grey(120 + drift), (180 + drift, 60 + drift, 60 + drift)))


def test_a_light_switched_off_is_news() -> None:
    gate = ChangeDetector()
    opens(gate, grey(150))
    assert opens(gate, grey(20))


@pytest.mark.parametrize("colour", list(scenes.COLOURS))
def test_a_thing_of_every_colour_that_appears_is_news(colour: str) -> None:
    gate = ChangeDetector()
    opens(gate, noisy(grey()))
    assert opens(gate, noisy(with_square(grey(), scenes.COLOURS[colour])))


def test_a_thing_that_changes_its_colour_at_equal_brightness_is_news() -> None:
    gate = ChangeDetector()
    opens(gate, with_square(grey(), (200, 40, 40)))
    assert opens(gate, with_square(grey(), (40, 110, 40)))


def test_a_thing_that_moves_its_own_width_is_news() -> None:
    gate = ChangeDetector()
    opens(gate, with_square(grey(), (210, 35, 40), x=300))
    assert opens(gate, with_square(grey(), (210, 35, 40), x=380))


def test_slow_change_adds_up_to_news() -> None:
    """The comparison is with the frame described last, not with the one before."""
    gate = ChangeDetector()
    steps = [opens(gate, with_square(grey(), (210, 35, 40), x=100 + 2 * step)) for step in range(60)]
    assert steps[0]
    assert any(steps[1:])


@pytest.mark.parametrize("scene", spread(SCENES, 1))
def test_a_still_scene_with_noise_flicker_and_a_shaking_hand_is_described_once(scene: str) -> None:
    gate = ChangeDetector()
    assert sum(opens(gate, each) for each in islice(filmed(SCENES[scene]), 300)) == 1


SMALLEST = Shape("red", "circle", 0.3, 0.4, 0.09)
"""As small as things of the drawn world are."""


@pytest.mark.parametrize("kind", scenes.KINDS)
@pytest.mark.parametrize("shake", [0.0, 5.0])
@pytest.mark.parametrize(
    "after",
    [
        (replace(SMALLEST, x=SMALLEST.x + scenes.CLEAR_MOVE),),
        (replace(SMALLEST, y=SMALLEST.y + scenes.CLEAR_MOVE),),
        (replace(SMALLEST, colour="orange"),),
        (replace(SMALLEST, colour="purple"),),
        (),
        (SMALLEST, replace(SMALLEST, colour="white", x=0.7)),
    ],
    ids=["moved right", "moved down", "another red", "another colour", "gone", "another one there"],
)
def test_what_happens_to_the_smallest_thing_is_news_in_a_shaking_hand_too(
    kind: str, shake: float, after: Scene
) -> None:
    ground = scenes.sample_background(np.random.default_rng(5), darkest=0.42, lightest=0.6)
    before, later = (replace(SMALLEST, kind=kind),), tuple(replace(shape, kind=kind) for shape in after)
    gate = ChangeDetector()
    for scene, news in ((before, [True, False, False]), (later, [True])):
        frames = filmed(scenes.draw(scene, ground, *WIDE), shake=shake)
        assert [opens(gate, next(frames)) for _ in news] == news


@pytest.mark.parametrize("scene", SCENES)
def test_a_person_who_comes_in_is_news_before_any_ground(scene: str) -> None:
    gate, peopled = ChangeDetector(), SCENES[scene].copy()
    peopled[100:, 250:380] = (150, 115, 95)
    opens(gate, next(filmed(SCENES[scene])))
    assert opens(gate, next(filmed(peopled, seed=8)))


def test_a_frame_of_another_size_is_news() -> None:
    gate = ChangeDetector()
    opens(gate, grey(size=(480, 640)))
    assert opens(gate, grey(size=(720, 1280)))


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (3, 5), (13, 14)])
def test_frames_too_small_for_a_shift_are_compared_as_they_lie(size: tuple[int, int]) -> None:
    gate, left = ChangeDetector(), grey(size=size)
    left[:, : (size[1] + 1) // 2] = 220
    assert [opens(gate, each) for each in (left, left, grey(size=size))] == [True, False, True]


def test_a_look_that_is_not_taken_is_not_compared_with() -> None:
    gate, other = ChangeDetector(), shrunk(with_square(grey(), (200, 40, 40)))
    opens(gate, grey())
    assert gate.has_changed(other)
    assert gate.has_changed(other)
    assert not opens(gate, grey())


@pytest.mark.parametrize(("before", "after"), [(31, 6), (21, 0), (42, 6), (30, 8), (8, 30)])
def test_a_dim_room_that_goes_dark_or_light_is_news(before: int, after: int) -> None:
    """Too few levels for `overall`: a lens covered at dusk."""
    gate = ChangeDetector()
    noisy = filmed(np.full((WIDE[1], WIDE[0], 3), before, np.uint8), noise=2)
    assert [opens(gate, next(noisy)) for _ in range(5)] == [True, *[False] * 4]
    assert opens(gate, next(filmed(np.full((WIDE[1], WIDE[0], 3), after, np.uint8), noise=2)))


@pytest.mark.long
@pytest.mark.parametrize(
    "encoded", [through_mp4v, pytest.param(through_x264, marks=needs.tool("ffmpeg"))], ids=["mp4v", "x264"]
)
def test_an_encoder_that_paints_the_picture_anew_is_not_news(
    encoded: Callable[[Sequence[Pixels], Path], list[Pixels]], tmp_path: Path
) -> None:
    gate = ChangeDetector()
    assert sum(opens(gate, each) for each in encoded(still(SCENES["drawn"], 300, noise=8), tmp_path)) == 1


def test_light_that_halves_within_half_a_minute_is_not_news_but_a_thing_that_comes_in_it_is() -> None:
    gate, picture = ChangeDetector(), with_square(grey(150), (200, 40, 40))
    drifting = [np.asarray(picture * 0.5 ** (each / 450), np.uint8) for each in range(450)]
    assert sum(opens(gate, noisy(each, 3)) for each in drifting) == 1
    assert opens(gate, noisy(with_square(drifting[-1], (20, 70, 100), x=420), 3))


def test_a_quiet_camera_is_believed_sooner() -> None:
    """A pale thing that might be a poor camera's doing at first."""
    pale = with_square(grey(120), (132, 132, 132), edge=120)
    opens(at_first := ChangeDetector(), grey(120))
    assert not opens(at_first, pale)
    opens(later := ChangeDetector(), grey(120))
    assert not any(opens(later, noisy(grey(120), 1)) for _ in range(200))
    assert opens(later, pale)


def test_another_kind_at_the_same_place_in_the_same_colour_is_news() -> None:
    ground = scenes.sample_background(np.random.default_rng(5), darkest=0.42, lightest=0.6)
    for before, after in permutations(scenes.KINDS, 2):
        gate = ChangeDetector()
        for kind, is_news in ((before, True), (after, True)):
            thing = replace(SMALLEST, kind=kind, colour="black")
            assert opens(gate, noisy(scenes.draw((thing,), ground, 640, 480), 5)) is is_news, (before, after)


LOOKS_S = 1 / FPS
GLIDE_S = 0.8


def gliding(at_s: float) -> Scene:
    """A quarter of the frame, from 2 s on, slow at both ends."""
    share = min(1.0, max(0.0, (at_s - 2) / GLIDE_S))
    return (Shape("purple", "circle", 0.3 + 0.25 * share * share * (3 - 2 * share), 0.4, 0.1),)


def growing(at_s: float) -> Scene:
    share = min(1.0, max(0.01, (at_s - 2) / GLIDE_S))
    return (Shape("purple", "circle", 0.3, 0.4, 0.11 * share),)


@pytest.mark.parametrize("movement", [gliding, growing])
@pytest.mark.parametrize("noise", [0.0, 8.0])
@pytest.mark.parametrize("grain", spread(scenes.GRAINS, 1))
def test_a_movement_is_not_calm_until_it_has_come_to_rest(
    movement: Callable[[float], Scene], noise: float, grain: scenes.Grain
) -> None:
    ground = scenes.Background(grain, (0.42, 0.44, 0.4), (0.62, 0.6, 0.58), angle=0.6, seed=2)
    gate, calm = ChangeDetector(), []
    for at_s in np.arange(0, 4, LOOKS_S):
        drawn = scenes.draw(movement(at_s), ground, *SIZE)
        look = shrunk(noisy(drawn, noise) if noise else drawn)
        if not gate.has_changed(look) or at_s == 0:
            gate.set_reference(look)
        calm.append((at_s, gate.is_calm(look)))
    assert all(is_calm for at_s, is_calm in calm if 0 < at_s < 2 or at_s > 2 + GLIDE_S + 2 * LOOKS_S)
    assert not any(is_calm for at_s, is_calm in calm if 2.2 < at_s < 2.6)


@pytest.mark.parametrize("scene", spread(SCENES, 1))
def test_a_tripod_with_noise_and_flicker_is_calm(scene: str) -> None:
    gate, calm = ChangeDetector(), []
    for frame in islice(filmed(SCENES[scene], shake=0), 100):
        look = shrunk(frame)
        if gate.has_changed(look):
            gate.set_reference(look)
        calm.append(gate.is_calm(look))
    assert all(calm[1:])


@pytest.mark.parametrize("scene", spread(SCENES, 1))
def test_a_shaking_hand_is_calm_once_it_is_known(scene: str) -> None:
    gate, calm = ChangeDetector(), []
    for frame in islice(filmed(SCENES[scene]), 200):
        look = shrunk(frame)
        if gate.has_changed(look):
            gate.set_reference(look)
        calm.append(gate.is_calm(look))
    assert sum(calm[50:]) >= 0.9 * len(calm[50:])
