"""The scripted clips: what they show is what their truth says."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from app.demo import scenes
from app.images import Pixels
from app.score.truth import BLIND, read_truth
from models.demo.clips.__main__ import make
from models.demo.clips.disturb import Disturbing
from models.demo.clips.draw import Drawing, scene_at
from models.demo.clips.encode import available, encode, suffix
from models.demo.clips.script import BLINDNESS, NUISANCES, PLOTS, Script
from models.demo.clips.tell import truth

SIZE = (160, 120)


def script(plot: str, seed: int, seconds: float = 60.0) -> Script:
    return PLOTS[plot](np.random.default_rng(seed), seconds)


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("seed", range(5))
def test_a_truth_is_a_file_that_can_be_read_and_leaves_no_doubt(plot: str, seed: int, tmp_path: Path) -> None:
    told = script(plot, seed)
    found = truth(told, "a.mp4", 25.0, SIZE)
    (tmp_path / "a.json").write_text(found.to_json())
    assert read_truth(tmp_path / "a.json") == found
    assert found.seconds == 60.0
    assert all(scenes.is_unambiguous(beat.after) for beat in told.beats)
    assert all(
        beat.before == before
        for before, beat in zip([told.first, *(b.after for b in told.beats)], told.beats, strict=False)
    )
    assert all(span.captions for span in found.spans if span.kind == "scene")


def test_over_many_seeds_every_kind_of_change_of_nuisance_and_of_blindness_is_there() -> None:
    scripts = [script(plot, seed) for plot in PLOTS for seed in range(12)]
    assert {beat.kind for each in scripts for beat in each.beats} == {
        *("appear", "vanish", "move", "recolour", "swap", "several", "cut")
    }
    assert {stretch.nuisance for each in scripts for stretch in each.stretches} == set(NUISANCES)
    assert {blind.way for each in scripts for blind in each.blinds} == {way for _, way, _ in BLINDNESS}
    assert all(not each.beats for each in (script("nuisances", seed) for seed in range(5)))


def test_a_quiet_clip_is_quiet_and_most_lively_ones_are_not() -> None:
    assert all(truth(script("quiet", seed), "a", 25.0, SIZE).is_quiet for seed in range(10))
    assert sum(truth(script("lively", seed), "a", 25.0, SIZE).is_quiet for seed in range(10)) <= 3


def test_a_change_begins_and_ends_when_the_truth_says() -> None:
    told = next(script("lively", seed) for seed in range(20) if any(b.lasts for b in script("lively", seed).beats))
    beat = next(beat for beat in told.beats if beat.lasts)
    assert scene_at(told, beat.at - 0.01)[0] == beat.before
    assert scene_at(told, beat.at + beat.lasts / 2)[0] not in (beat.before, beat.after)
    assert scene_at(told, beat.until + 0.01)[0] == beat.after


def light(pixels: Pixels) -> float:
    return float(pixels.mean())


def test_what_blinds_the_camera_is_seen_in_its_span_and_nowhere_else() -> None:
    told = script("blinded", 3)
    frames = list(Drawing(told, SIZE, Disturbing(1)).frames(10))
    usual = light(frames[0])
    for span in (each for each in truth(told, "a", 10.0, SIZE).spans if each.kind in BLIND):
        shown = frames[int(np.ceil(span.since * 10)) : int(span.until * 10)]
        way = next(blind.way for blind in told.blinds if blind.since == pytest.approx(span.since, abs=1e-3))
        assert {"fading": max(map(light, shown)) < 0.15 * usual, "sudden": max(map(light, shown)) < 0.15 * usual,
                "lid": max(map(light, shown)) < 30, "hand": True, "defocus": True,
                "repeated": all(np.array_equal(shown[0], each) for each in shown)}[way]  # fmt: skip
        after = frames[min(len(frames) - 1, int(span.until * 10) + 2)]
        assert light(after) > 0.5 * usual


@pytest.mark.parametrize("encoder", available("mp4v", "mjpg", "x264", "x264-poor", "vp8", "mpeg4"))
def test_an_encoded_clip_has_every_frame_in_its_place(encoder: str, tmp_path: Path) -> None:
    frames = [np.full((SIZE[1], SIZE[0], 3), (20 + 5 * number, 90, 200), np.uint8) for number in range(30)]
    path = encode(frames, tmp_path / f"a.{suffix(encoder)}", encoder, 15, SIZE)
    video, found = cv2.VideoCapture(str(path)), []
    while (got := video.read())[0]:
        found.append(got[1])
    assert len(found) == 30
    assert all(
        abs(int(picture[60, 80, 2]) - int(frame[60, 80, 0])) < 12 for picture, frame in zip(found, frames, strict=True)
    )


def test_a_seed_alone_decides_what_a_clip_shows(tmp_path: Path) -> None:
    one, other = (make(tmp_path / name, "lively", 4, 5.0) for name in ("a", "b") if not (tmp_path / name).mkdir())
    assert one.with_suffix(".json").read_text() == other.with_suffix(".json").read_text()
    assert one.stat().st_size == other.stat().st_size
