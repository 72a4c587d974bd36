"""The gate: what opens it, and what must not."""

import numpy as np
import pytest

from app.cameras import world
from app.flow import Pixels
from app.gate import Gate, shrunk

RNG = np.random.default_rng(7)


def opens(gate: Gate, pixels: Pixels) -> bool:
    """Whether it is news to the gate, which is told so."""
    look = shrunk(pixels)
    is_news = gate.is_news(look)
    if is_news:
        gate.took(look)
    return is_news


def grey(level: int = 120, size: tuple[int, int] = (480, 640)) -> Pixels:
    return np.full((*size, 3), level, np.uint8)


def with_square(pixels: Pixels, colour: tuple[int, int, int], x: int = 300, edge: int = 80) -> Pixels:
    changed = pixels.copy()
    changed[200 : 200 + edge, x : x + edge] = colour
    return changed


def noisy(pixels: Pixels, sigma: float = 8.0) -> Pixels:
    return np.clip(pixels + RNG.normal(0, sigma, pixels.shape), 0, 255).astype(np.uint8)


def test_the_first_frame_is_news() -> None:
    assert opens(Gate(), grey())


def test_the_same_frame_again_is_not() -> None:
    gate = Gate()
    assert [opens(gate, grey()) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("size", [(480, 640), (720, 1280), (240, 320)])
def test_sensor_noise_is_not_news(size: tuple[int, int]) -> None:
    gate = Gate()
    opens(gate, noisy(grey(size=size)))
    assert not any(opens(gate, noisy(grey(size=size))) for _ in range(20))


@pytest.mark.parametrize("drift", [-25, -10, 10, 25])
def test_an_exposure_that_drifts_is_not_news(drift: int) -> None:
    gate = Gate()
    opens(gate, with_square(grey(120), (180, 60, 60)))
    assert not opens(gate, with_square(grey(120 + drift), (180 + drift, 60 + drift, 60 + drift)))


def test_a_light_switched_off_is_news() -> None:
    gate = Gate()
    opens(gate, grey(150))
    assert opens(gate, grey(20))


@pytest.mark.parametrize("colour", list(world.COLOURS))
def test_a_thing_of_every_colour_that_appears_is_news(colour: str) -> None:
    gate = Gate()
    opens(gate, noisy(grey()))
    assert opens(gate, noisy(with_square(grey(), world.COLOURS[colour])))


def test_a_thing_that_changes_its_colour_at_equal_brightness_is_news() -> None:
    gate = Gate()
    opens(gate, with_square(grey(), (200, 40, 40)))
    assert opens(gate, with_square(grey(), (40, 110, 40)))


def test_a_thing_that_moves_its_own_width_is_news() -> None:
    gate = Gate()
    opens(gate, with_square(grey(), (210, 35, 40), x=300))
    assert opens(gate, with_square(grey(), (210, 35, 40), x=380))


def test_slow_change_adds_up_to_news() -> None:
    """The comparison is with the frame described last, not with the one before."""
    gate = Gate()
    steps = [opens(gate, with_square(grey(), (210, 35, 40), x=100 + 2 * step)) for step in range(60)]
    assert steps[0]
    assert any(steps[1:])
