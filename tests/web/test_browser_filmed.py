"""A whole run that looks through a real browser's camera: what it tells is what was filmed at that moment."""

import json
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from app.demo import grounds
from app.demo import scenes as world
from app.demo.scenes import Scene
from app.pixels import Pixels
from tests import needs
from tests.chrome import Driver, Visit, camera, launched, visiting, write_clip
from tests.web.looked import Shown, holds, shown, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs.chromium()

FPS = 30
SCENE_S = 2.0
"""Each scene of the clip stays so long, and no two of them hold the same shape."""
ENOUGH = 6
"""Sentences: more than the clip has scenes."""


def thought_up() -> list[Scene]:
    """Scenes of one, two and three shapes: eight colours in all, each in one scene only."""
    rng = np.random.default_rng(11)
    scenes: list[Scene] = []
    while len(scenes) < 4:
        scene = world.sample_scene(rng, (1, 2, 3, 2)[len(scenes)])
        taken = {shape.colour for each in scenes for shape in each}
        colours = [shape.colour for shape in scene]
        if not taken & set(colours) and len(set(colours)) == len(colours):
            scenes.append(scene)
    return scenes


def drawn(scenes: Sequence[Scene]) -> Iterator[Pixels]:
    ground = grounds.sample_ground(np.random.default_rng(3), darkest=0.42, lightest=0.6)
    for scene in scenes:
        picture = world.draw(scene, ground, 640, 480)
        yield from [picture] * int(SCENE_S * FPS)


SCENES = thought_up()
CAPTIONS = {world.caption(scene) for scene in SCENES}


@pytest.fixture
def stay(driver: Driver, tmp_path: Path) -> Iterator[Visit]:
    """In a browser whose camera shows the clip."""
    clip = write_clip(tmp_path / "scenes.mjpeg", drawn(SCENES))
    with driver.at_work() as playwright:
        browser = launched(playwright, *camera(clip))
        with visiting(browser) as visit:
            yield visit
        browser.close()


def started(page: "Page", run: Shown) -> "Page":
    page.goto(run.url)
    page.get_by_role("button", name="Start this browser").click()
    return page


def told(log: Path, event: str = "sentence") -> list[dict[str, Any]]:
    whole = log.read_text().rpartition("\n")[0] if log.exists() else ""
    return [line for line in map(json.loads, whole.splitlines()) if line["event"] == event]


def named(text: str) -> set[str]:
    return {name for name in (f"{c} {k}" for c in world.COLOURS for k in world.KINDS) if name in text}


def lies(lines: Sequence[dict[str, Any]], start_s: float) -> list[str]:
    """Sentences that name what was not filmed then, if the run's first picture lay at `start_s` of the clip."""
    filmed = [{shape.name for shape in scene} for scene in SCENES]
    at = [int((line["media_s"] + start_s) / SCENE_S) % len(SCENES) for line in lines]
    return [line["text"] for line, place in zip(lines, at, strict=True) if named(line["text"]) - filmed[place]]


@pytest.mark.long
def test_what_a_browser_films_is_narrated_truly_and_its_end_is_told(
    stay: Visit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where in the clip the camera began is not known; one such moment must make every sentence true."""
    log = tmp_path / "log.jsonl"
    argv = ("--source", "browser", "--model", "demo", "--page", "--page-port", "0", "--no-speak", "--log", str(log))
    with shown(tmp_path, *argv) as run:
        page = started(stay.page(), run)
        until(page, lambda: len(told(log)) >= ENOUGH and {line["text"] for line in told(log)} >= CAPTIONS)
        page.get_by_role("button", name="Stop it").click()
        until(page, lambda: [line for line in told(log, "notice") if line["kind"] == "camera lost"])
        holds(page, "document.getElementById('eye-state').textContent.includes('camera is off')")
    lines = told(log)
    fewest = min((lies(lines, start_s) for start_s in np.arange(0, SCENE_S * len(SCENES), 0.05)), key=len)
    exact = sum(line["text"] in CAPTIONS for line in lines)
    ages_ms = [line["frame_age_s"] * 1e3 for line in lines]
    with capsys.disabled():
        print(f"\n  browser's camera: frame age at the first word p50 {statistics.median(ages_ms):.0f} ms", end="")
        print(f" ({min(ages_ms):.0f}–{max(ages_ms):.0f}); {exact} of {len(lines)} sentences word for word true")
    assert fewest == []
