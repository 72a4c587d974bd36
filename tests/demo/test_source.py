"""The drawn world, live: one thing at a time, calm in between, and its truth is known."""

import itertools
import math
import time
from collections import Counter

import numpy as np
import pytest

from app.demo import scenes as world
from app.demo.scenes import caption, is_unambiguous
from app.demo.script import CHANGING_S, EVERY_S, Script
from app.demo.source import SceneSource
from tests.waiting import until

TURNS = 60


def rests(seed: int) -> list[world.Scene]:
    script = Script(seed)
    return [script.scene_at(turn * EVERY_S + CHANGING_S) for turn in range(TURNS)]


@pytest.mark.parametrize("seed", [1, 7, 99])
def test_at_rest_every_caption_is_beyond_doubt(seed):
    for scene in rests(seed):
        assert len(scene) <= 3
        assert is_unambiguous(scene)
        assert len({shape.colour for shape in scene}) == len(scene)
        assert all(shape.radius * 1.05 <= min(shape.x, shape.y, 1 - shape.x, 1 - shape.y) for shape in scene)


@pytest.mark.parametrize("seed", [1, 7, 99])
def test_every_change_is_one_thing_and_alters_the_caption(seed):
    for before, after in itertools.pairwise(rests(seed)):
        names = [Counter(shape.name for shape in scene) for scene in (before, after)]
        came_or_went = sum(((names[0] - names[1]) + (names[1] - names[0])).values())
        moved = sum(shape not in before for shape in after if names[0][shape.name])
        assert came_or_went + moved == 1
        assert caption(before) != caption(after)


@pytest.mark.parametrize("seed", [1, 7])
def test_there_is_coming_moving_and_going(seed):
    sizes = [len(scene) for scene in rests(seed)]
    steps = {after - before for before, after in itertools.pairwise(sizes)}
    assert steps == {-1, 0, 1}


@pytest.mark.parametrize("seed", [1, 7])
def test_on_their_way_shapes_never_touch(seed):
    script = Script(seed)
    for scene in (script.scene_at(step / 15) for step in range(int(TURNS * EVERY_S * 5))):
        for a, b in itertools.combinations(scene, 2):
            assert math.hypot(a.x - b.x, a.y - b.y) > a.radius + b.radius


def test_the_same_seed_shows_the_same_whenever_it_is_asked():
    forward = [Script(5).scene_at(second) for second in range(40)]
    script = Script(5)
    backward = [script.scene_at(second) for second in reversed(range(40))]
    assert forward == backward[::-1]
    assert forward != [Script(6).scene_at(second) for second in range(40)]


def test_frames_show_the_truth(stop):
    scenes = SceneSource(asap=True, size=(160, 120), fps=10)
    frames = list(itertools.islice(scenes.frames(stop), 60))
    assert [frame.number for frame in frames] == list(range(60))
    assert [frame.media_s for frame in frames] == pytest.approx([number / 10 for number in range(60)])
    for frame in frames:
        assert frame.pixels.shape == (120, 160, 3)
        for shape in scenes.truth_at(frame.media_s):
            middle = frame.pixels[int(shape.y * 120), int(shape.x * 160)]
            if shape.radius > 0.08:
                assert np.abs(middle.astype(int) - world.COLOURS[shape.colour]).max() <= 2


def test_live_it_keeps_to_the_clock_and_never_repeats_a_frame(stop):
    frames = list(itertools.islice(SceneSource(size=(64, 48)).frames(stop), 20))
    assert all(a.number < b.number and a.seen_at < b.seen_at for a, b in itertools.pairwise(frames))
    for frame in frames:
        assert frame.media_s == pytest.approx(frame.number / 30)
        assert frame.seen_at - frames[0].seen_at == pytest.approx(frame.media_s - frames[0].media_s)


def test_live_a_slow_taker_gets_the_newest(stop):
    """Frames are numbered by the clock: some are missing behind whoever is busy for longer than one lasts."""
    frames = SceneSource(size=(64, 48)).frames(stop)
    first = next(frames)
    busy_until = first.seen_at + 5 / 30
    until(lambda: time.monotonic() > busy_until)
    later = next(frame for frame in frames if frame.seen_at > busy_until)
    frames.close()
    assert later.number - first.number >= 5


