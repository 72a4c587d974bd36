"""A whole run that looks through a real browser's camera: what it tells is what was filmed at that moment."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from app.demo import scenes as world
from app.demo.scenes import Scene
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


SCENES = thought_up()
GROUND = world.sample_background(np.random.default_rng(3), darkest=0.42, lightest=0.6)
PICTURES = [world.draw(scene, GROUND, 640, 480) for scene in SCENES]
CAPTIONS = {world.caption(scene) for scene in SCENES}


@pytest.fixture
def stay(driver: Driver, tmp_path: Path) -> Iterator[Visit]:
    """In a browser whose camera shows the clip."""
    clip = write_clip(tmp_path / "scenes.mjpeg", (each for each in PICTURES for _ in range(int(SCENE_S * FPS))))
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


def scene_in(picture: Path) -> Scene:
    """The one that a thumbnail shows."""
    seen = cv2.imread(str(picture))[..., ::-1].astype(int)
    size = (seen.shape[1], seen.shape[0])
    off = [float(np.abs(cv2.resize(each, size, interpolation=cv2.INTER_AREA) - seen).mean()) for each in PICTURES]
    return SCENES[int(np.argmin(off))]


def lies(lines: Sequence[dict[str, Any]], folder: Path) -> list[str]:
    """Sentences that name what is not in the frame that they are about, by its thumbnail."""
    shown = [{shape.name for shape in scene_in(folder / line["thumbnail"])} for line in lines]
    return [line["text"] for line, there in zip(lines, shown, strict=True) if named(line["text"]) - there]


@pytest.mark.long
def test_what_a_browser_films_is_narrated_truly_and_its_end_is_told(stay: Visit, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    argv = ("--source", "browser", "--model", "demo", "--page", "--page-port", "0", "--no-speak")
    with shown(tmp_path, *argv, "--log", str(log), "--thumbnails") as run:
        page = started(stay.page(), run)
        until(page, lambda: len(told(log)) >= ENOUGH and {line["text"] for line in told(log)} >= CAPTIONS)
        page.get_by_role("button", name="Stop it").click()
        until(page, lambda: [line for line in told(log, "notice") if line["kind"] == "camera lost"])
        holds(page, "document.getElementById('eye-state').textContent.includes('camera is off')")
    lines = told(log)
    assert lies(lines, tmp_path) == []
