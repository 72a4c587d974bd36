"""Which frames of a drawn world are looked at, and when: at rest, in time, and not for nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from app.demo import scenes
from app.demo.scenes import Background, Scene, Shape
from app.events import Frame
from app.frames.selector import AGAIN_S, PATIENCE_S, FrameSelector, Glance, Pace
from app.images import Pixels

GROUND = Background("blotches", (0.45, 0.47, 0.5), (0.58, 0.55, 0.52), seed=5)
CIRCLE = Shape("red", "circle", 0.25, 0.5, 0.13)
SQUARE = Shape("blue", "square", 0.75, 0.5, 0.13)
FPS = 30
Film = Callable[[float], Scene]
"""What is to be seen at a media time."""


def frames(film: Film, seconds: float, fps: float = FPS, noise: float = 2.0) -> Iterator[Frame]:
    rng, before, bare = np.random.default_rng(3), None, np.zeros((1, 1, 3), np.float32)
    for number in range(round(seconds * fps)):
        scene = film(number / fps)
        if scene != before:
            before, bare = scene, scenes.draw(scene, GROUND, 320, 240).astype(np.float32)
        noisy: Pixels = np.clip(bare + rng.normal(0, noise, bare.shape), 0, 255).astype(np.uint8)
        yield Frame(noisy, 100 + number / fps, number / fps, number)


def looks(attention: FrameSelector, film: Film, seconds: float, least_s: float = 0.0, **how: float) -> list[Glance]:
    glances = (attention.glance(frame, least_s) for frame in frames(film, seconds, **how))
    return [glance for glance in glances if glance.frame]


def times(glances: Sequence[Glance]) -> list[float]:
    return [glance.frame.media_s for glance in glances if glance.frame]


def pops(at: float) -> Film:
    return lambda t: (CIRCLE,) if t < at else (CIRCLE, SQUARE)


def glides(at: float, lasts_s: float) -> Film:
    """The circle goes to the other side, slow at both ends."""

    def film(t: float) -> Scene:
        share = min(1.0, max(0.0, (t - at) / lasts_s))
        return (replace(CIRCLE, x=0.25 + 0.5 * share * share * (3 - 2 * share)),)

    return film


def test_the_first_frame_is_looked_at_at_once() -> None:
    assert times(looks(FrameSelector(Pace(0.4)), lambda _t: (CIRCLE,), 0.1)) == [0.0]


def test_what_appears_is_looked_at_within_a_fifth_of_a_second_and_once() -> None:
    first, second = looks(FrameSelector(Pace(0.4)), pops(2.0), 5)
    assert second.has_changed
    assert second.is_still
    assert 2.0 < times([second])[0] <= 2.2
    assert times([first]) == [0.0]


def test_what_moves_is_looked_at_once_it_has_come_to_rest() -> None:
    _, *rest = looks(FrameSelector(Pace(0.4)), glides(2.0, 0.5), 5)
    assert times(rest)[-1] <= 2.5 + 0.25
    assert rest[-1].is_still
    assert len(rest) == 1


def test_what_goes_on_moving_is_looked_at_all_the_same_about_once_a_second() -> None:
    _, *rest = looks(FrameSelector(Pace(0.4)), glides(1.0, 6.0), 7.0)
    assert 4 <= len(rest) <= 7
    assert times(rest)[0] <= 1.0 + PATIENCE_S + 0.6  # slow at first: it is seen to have moved a little later


def test_a_flash_is_not_looked_at() -> None:
    assert len(looks(FrameSelector(Pace(0.4)), lambda t: (CIRCLE, SQUARE) if 2.0 < t < 2.08 else (CIRCLE,), 4)) == 1


def test_frames_too_far_apart_to_tell_movement_are_looked_at_at_once() -> None:
    assert times(looks(FrameSelector(Pace(0.4)), pops(3.0), 6, fps=1)) == [0.0, 3.0]


def test_a_doubt_asks_for_another_look_although_nothing_changes() -> None:
    attention, seen = FrameSelector(Pace(0.4)), []
    for frame in frames(lambda _t: (CIRCLE,), 2):
        if (glance := attention.glance(frame)).frame:
            seen.append(glance)
            if len(seen) == 1:
                attention.schedule_retry(glance.frame)
    assert times(seen) == [0.0, pytest.approx(AGAIN_S, abs=0.07)]
    assert [glance.has_changed for glance in seen] == [True, False]


def test_looks_are_no_closer_than_the_pace_and_the_level_allow() -> None:
    assert times(looks(FrameSelector(Pace(0.4)), pops(1.0), 5, least_s=3.0)) == [0.0, pytest.approx(3.0, abs=0.1)]
    assert times(looks(FrameSelector(Pace(2.0)), pops(1.0), 5)) == [0.0, pytest.approx(2.0, abs=0.1)]


def test_nothing_is_looked_at_while_held_and_the_view_is_watched_over_all_the_same() -> None:
    attention, notices = FrameSelector(Pace(0.4)), []
    for frame in frames(lambda _t: (CIRCLE,), 5):
        if frame.media_s >= 3:
            frame = replace(frame, pixels=np.full_like(frame.pixels, 4))
        glance = attention.glance(frame, is_held=frame.media_s > 1)
        notices += [notice.kind for notice in glance.notices]
        assert glance.frame is None or frame.media_s <= 1
    assert len(notices) == 1


def test_a_least_time_longer_than_a_minute_is_kept_too() -> None:
    assert times(looks(FrameSelector(Pace(90)), lambda _t: (CIRCLE,), 100, fps=5)) == [0.0, pytest.approx(90, abs=0.3)]


def test_a_source_that_starts_over_is_looked_at_as_before() -> None:
    attention = FrameSelector(Pace(0.4))
    looks(attention, pops(1.0), 3)
    assert len(looks(attention, pops(1.0), 3)) == 2


def test_after_a_minute_of_nothing_there_is_a_look_that_says_so() -> None:
    first, beat = looks(FrameSelector(Pace(0.4)), lambda _t: (CIRCLE,), 61, fps=5)
    assert not first.is_overdue
    assert beat.is_overdue
    assert times([beat])[0] == pytest.approx(60, abs=0.3)


def test_a_covered_camera_is_a_notice_and_no_look_until_it_sees_again() -> None:
    attention, notices, looked = FrameSelector(Pace(0.4)), [], []
    rng = np.random.default_rng(5)
    for frame in frames(lambda _t: (CIRCLE,), 9):
        if 3 <= frame.media_s < 6:
            black = np.clip(rng.normal(9, 2, frame.pixels.shape), 0, 255).astype(np.uint8)
            frame = replace(frame, pixels=black)
        glance = attention.glance(frame)
        notices += [(notice.kind, frame.media_s) for notice in glance.notices]
        looked += [frame.media_s] if glance.frame else []
    assert [kind for kind, _ in notices] in (["covered", "clear"], ["dark", "clear"])
    assert notices[0][1] <= 4.0
    assert not [at for at in looked if 3 <= at < 6]


def test_one_doubt_after_the_other_is_looked_into_less_often() -> None:
    attention, seen = FrameSelector(Pace(0.4)), []
    for frame in frames(lambda _t: (CIRCLE,), 9):
        if (glance := attention.glance(frame)).frame:
            seen.append(frame.media_s)
            attention.schedule_retry(glance.frame)
    assert seen[:6] == pytest.approx([0, 0.4, 0.8, 1.2, 1.6, 2.0], abs=0.2)
    assert seen[6:] == pytest.approx([2.9, 4.5, 7.7], abs=0.3)
