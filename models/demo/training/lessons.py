"""Lessons: pictures of the drawn world, with requests and the answers that are true, and where things are in them.

Draws everything afresh from a random generator; no files, no torch.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from app.cameras import grounds, world
from app.cameras.grounds import Ground, Look, Pixels
from app.cameras.world import Scene, Shape

TILE, PATCHES, TOKENS = 128, 8, 4
"""Pixels, vision patches and image tokens along one side of a picture."""
COLOUR_CLASSES, KIND_CLASSES = len(world.COLOURS) + 1, len(world.KINDS) + 1
"""One more than there are: nothing."""
IGNORED = -100
_FINE = 32
"""Points along one side at which it is asked what covers them."""


@dataclass(frozen=True, slots=True)
class View:
    """What is before the camera at one moment."""

    scene: Scene
    ground: Ground
    look: Look
    plain: str = ""
    """The one colour that fills the picture, if one does."""

    @property
    def caption(self) -> str:
        """What a still picture of it is called."""
        return f"Everything is {self.plain}." if self.plain else world.caption(self.scene)


@dataclass(frozen=True, slots=True)
class Shot:
    """How a frame becomes a tile."""

    aspect: float
    """The frame's width/height."""
    is_padded: bool = False
    """Bars above and below instead of squeezing."""
    height: int = 0
    """Lines of the real frame that is squeezed; 0 draws the squeezed tile at once, which is faster."""

    @property
    def share(self) -> float:
        """Share of the tile's height that the frame fills."""
        return 1 / self.aspect if self.is_padded else 1.0


@dataclass(frozen=True, slots=True)
class Clip:
    """Some moments, oldest first, and what is true of them."""

    views: tuple[View, ...]
    shot: Shot

    @property
    def answer(self) -> str:
        """To any request for a description."""
        if any(view.plain for view in self.views):
            return self.views[-1].caption
        return world.story([view.scene for view in self.views])

    def tiles(self, rng: np.random.Generator) -> Pixels:
        """The pictures that the model gets, frames×128×128×3."""
        return np.stack([_tile(view, self.shot, rng) for view in self.views])


def _tile(view: View, shot: Shot, rng: np.random.Generator) -> Pixels:
    if shot.height:
        frame = world.draw(view.scene, view.ground, round(shot.height * shot.aspect), shot.height)
        size = (TILE, round(TILE * shot.share))
        return _padded(cv2.resize(grounds.film(frame, view.look, rng), size, interpolation=cv2.INTER_AREA))
    frame = world.draw(view.scene, view.ground, TILE, round(TILE * shot.share), shot.aspect)
    return _padded(grounds.film(frame, view.look, rng))


def _padded(frame: NDArray[np.generic]) -> Pixels:
    """Black bars above and below, where the frame does not fill the tile."""
    tile = np.zeros((TILE, TILE, 3), np.uint8)
    top = (TILE - frame.shape[0]) // 2
    tile[top : top + frame.shape[0]] = frame
    return tile


@dataclass(frozen=True, slots=True)
class Labels:
    """Where things are, for each cell of a grid over a picture."""

    colour: NDArray[np.int64]
    """cells: 0 for the ground, else which colour; IGNORED where it is a matter of opinion."""
    kind: NDArray[np.int64]
    """cells, alike."""
    centre: NDArray[np.float32]
    """cells×2: x and y of the thing's centre, 4 units to the tile; NaN on the ground."""


def labels(view: View, shot: Shot, side: int) -> Labels:
    """What each of side×side cells of the view shows."""
    cover = coverage(view.scene, shot, side)
    most, share = cover.argmax(0), cover.max(0)
    is_thing = share >= (0.25 if side == PATCHES else 0.06)
    fallback = np.where((share >= 0.03) | bool(view.plain), IGNORED, 0)
    colours = np.array([list(world.COLOURS).index(shape.colour) + 1 for shape in view.scene] + [0])
    kinds = np.array([world.KINDS.index(shape.kind) + 1 for shape in view.scene] + [0])
    centres = np.array([_centre(shape, shot) for shape in view.scene] + [(0.5, 0.5)], np.float32)
    centre = np.where(is_thing[:, None], (centres[most] - 0.5) * 4, np.nan).astype(np.float32)
    return Labels(np.where(is_thing, colours[most], fallback), np.where(is_thing, kinds[most], fallback), centre)


def coverage(scene: Scene, shot: Shot, cells: int) -> NDArray[np.float32]:
    """Which share of each cell each shape covers, (shapes+1)×(cells·cells); the last row is 0, for "nothing"."""
    x, y = grounds.grid(_FINE, _FINE)
    y = ((y - 0.5) / shot.share + 0.5).astype(np.float32)
    inside = [world.distance(shape, x, y, shot.aspect) < 0 for shape in scene] + [np.zeros((_FINE, _FINE), bool)]
    step = _FINE // cells
    blocks = np.stack(inside).reshape(-1, cells, step, cells, step).mean((2, 4))
    return blocks.reshape(len(inside), cells * cells).astype(np.float32)


def _centre(shape: Shape, shot: Shot) -> tuple[float, float]:
    """In shares of the tile."""
    return shape.x, (shape.y - 0.5) * shot.share + 0.5


def motion(clip: Clip) -> NDArray[np.float32]:
    """What happened at each image token of the last frame, 16×3: dx, dy (10 units to the frame) and 1 for "is new".

    NaN on the ground, and everywhere where there is but one frame.
    """
    last, first = clip.views[-1].scene, clip.views[0].scene
    cover = coverage(last, clip.shot, TOKENS)
    before = {shape.name: shape for shape in first}
    rows = [_fate(shape, before.get(shape.name)) for shape in last] + [(np.nan,) * 3]
    found = np.array(rows, np.float32)[np.where(cover.max(0) >= 0.05, cover.argmax(0), len(last))]
    return found if len(clip.views) > 1 else np.full_like(found, np.nan)


def _fate(shape: Shape, before: Shape | None) -> tuple[float, float, float]:
    if before is None:
        return 0.0, 0.0, 1.0
    return (shape.x - before.x) * 10, (shape.y - before.y) * 10, 0.0


def sample_shot(rng: np.random.Generator) -> Shot:
    """Mostly what cameras give, squeezed; some as real frames, a few padded."""
    aspect = float(rng.choice([4 / 3, 16 / 9, 1.0, rng.uniform(1, 1.8)], p=[0.5, 0.2, 0.15, 0.15]))
    height = int(rng.choice([0, 240, 480], p=[0.86, 0.1, 0.04]))
    return Shot(aspect, is_padded=bool(rng.random() < 0.06), height=height)


def sample_still(rng: np.random.Generator, count: int, *, is_clear: bool | None = None) -> Clip:
    """One picture with so many shapes; clear, unclear, or (None) either."""
    scene = sample_captionable(rng, count, bool(rng.random() < 0.5) if is_clear is None else is_clear)
    return Clip((sample_view(rng, scene),), _fitting(sample_shot(rng), scene))


def sample_captionable(rng: np.random.Generator, count: int, is_clear: bool) -> Scene:
    """A scene whose caption could be learned: unclear ones keep a fifth of the margins."""
    while True:
        scene = world.sample_scene(rng, count, is_clear=is_clear)
        if is_clear or world.is_unambiguous(scene, slack=0.2):
            return scene


def _fitting(shot: Shot, scene: Scene) -> Shot:
    """Never padded where the bars would change what is true of the scene."""
    seen = tuple(replace(shape, y=_centre(shape, shot)[1]) for shape in scene)
    return shot if world.caption(seen) == world.caption(scene) else replace(shot, is_padded=False)


def sample_view(rng: np.random.Generator, scene: Scene) -> View:
    """The scene on a ground against which all of it is seen."""
    colours = {shape.colour for shape in scene}
    darkest = 0.30 if "black" in colours else 0.2 if not scene else 0.06
    lightest = 0.70 if "white" in colours else 0.84 if not scene else 0.94
    return View(scene, grounds.sample_ground(rng, darkest, lightest), grounds.sample_look(rng))
