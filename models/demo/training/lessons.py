"""Lessons: pictures of the drawn world, with requests and the answers that are true, and where things are in them.

Draws everything afresh from a random generator; no files, no torch.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from app.demo import scenes
from app.demo.scenes import Background, Scene, Shape
from app.images import Pixels
from models.demo.training import camera
from models.demo.training.camera import Look

TILE, PATCHES, TOKENS = 128, 8, 4
"""Pixels, vision patches and image tokens along one side of a picture."""
COLOUR_CLASSES, KIND_CLASSES = len(scenes.COLOURS) + 1, len(scenes.KINDS) + 1
"""One more than there are: nothing."""
IGNORED = -100
_FINE = 32
"""Points along one side at which it is asked what covers them."""
_NOTICED = 0.06
"""Share of an image token's cell that a thing must cover to be its business."""


@dataclass(frozen=True, slots=True)
class View:
    """What is before the camera at one moment."""

    scene: Scene
    ground: Background
    look: Look
    plain: str = ""
    """The one colour that fills the picture, if one does."""

    @property
    def caption(self) -> str:
        """What a still picture of it is called."""
        return f"Everything is {self.plain}." if self.plain else scenes.caption(self.scene)


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
        return scenes.story([view.scene for view in self.views])

    def tiles(self, rng: np.random.Generator) -> Pixels:
        """The pictures that the model gets, frames×128×128×3."""
        return np.stack([_tile(view, self.shot, rng) for view in self.views])


def _tile(view: View, shot: Shot, rng: np.random.Generator) -> Pixels:
    if shot.height:
        frame = scenes.draw(view.scene, view.ground, round(shot.height * shot.aspect), shot.height)
        size = (TILE, round(TILE * shot.share))
        return _padded(cv2.resize(camera.film(frame, view.look, rng), size, interpolation=cv2.INTER_AREA))
    frame = scenes.draw(view.scene, view.ground, TILE, round(TILE * shot.share), shot.aspect)
    return _padded(camera.film(frame, view.look, rng))


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
    is_thing = share >= (0.25 if side == PATCHES else _NOTICED)
    fallback = np.where((share >= 0.03) | bool(view.plain), IGNORED, 0)
    colours = np.array([list(scenes.COLOURS).index(shape.colour) + 1 for shape in view.scene] + [0])
    kinds = np.array([scenes.KINDS.index(shape.kind) + 1 for shape in view.scene] + [0])
    centres = np.array([_centre(shape, shot) for shape in view.scene] + [(0.5, 0.5)], np.float32)
    centre = np.where(is_thing[:, None], (centres[most] - 0.5) * 4, np.nan).astype(np.float32)
    return Labels(np.where(is_thing, colours[most], fallback), np.where(is_thing, kinds[most], fallback), centre)


def coverage(scene: Scene, shot: Shot, cells: int) -> NDArray[np.float32]:
    """Which share of each cell each shape covers, (shapes+1)×(cells·cells); the last row is 0, for "nothing"."""
    x, y = scenes.grid(_FINE, _FINE)
    y = ((y - 0.5) / shot.share + 0.5).astype(np.float32)
    inside = [scenes.distance(shape, x, y, shot.aspect) < 0 for shape in scene] + [np.zeros((_FINE, _FINE), bool)]
    step = _FINE // cells
    blocks = np.stack(inside).reshape(-1, cells, step, cells, step).mean((2, 4))
    return blocks.reshape(len(inside), cells * cells).astype(np.float32)


def _centre(shape: Shape, shot: Shot) -> tuple[float, float]:
    """In shares of the tile."""
    return shape.x, (shape.y - 0.5) * shot.share + 0.5


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of things between the first and the last frame, for each of the last frame's 16 image tokens."""

    motion: NDArray[np.float32]
    """16×3: dx, dy (10 units to the frame) and 1 for "is new"; NaN on the ground."""
    origin: NDArray[np.bool_]
    """16×17: which of the first frame's tokens show the same thing, counted from 1; 0 if none does."""
    is_gone: NDArray[np.bool_]
    """16: whether something was at this place and is nowhere now."""


def fates(clip: Clip) -> Fates:
    """Of a clip of two frames or more; of a single frame nothing can be told."""
    first, last = clip.views[0].scene, clip.views[-1].scene
    was, here = (coverage(scene, clip.shot, TOKENS) >= _NOTICED for scene in (first, last))
    motion, origin = np.full((TOKENS**2, 3), np.nan, np.float32), np.zeros((TOKENS**2, 1 + TOKENS**2), bool)
    for place, shape in enumerate(last):
        before = next((old for old, other in enumerate(first) if other.name == shape.name), None)
        motion[here[place]] = _fate(shape, None if before is None else first[before])
        origin[here[place]] = [before is None, *(was[before] if before is not None else was[-1])]
    names = {shape.name for shape in last}
    lost = [was[old] for old, shape in enumerate(first) if shape.name not in names]
    return Fates(motion, origin, np.any([was[-1], *lost], axis=0))


def _fate(shape: Shape, before: Shape | None) -> tuple[float, float, float]:
    if before is None:
        return 0.0, 0.0, 1.0
    return (shape.x - before.x) * 10, (shape.y - before.y) * 10, 0.0


def sightings(clip: Clip, name: str) -> tuple[int, NDArray[np.bool_]]:
    """Which frame shows a thing of this name, the last or else the first, and which of that frame's 16 tokens do."""
    for frame in (len(clip.views) - 1, 0):
        scene = clip.views[frame].scene
        is_it = [shape.name == name for shape in scene]
        if any(is_it):
            return frame, np.any(coverage(scene, clip.shot, TOKENS)[:-1][is_it] >= _NOTICED, axis=0)
    raise LookupError(f"no {name} in this clip")


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
        scene = scenes.sample_scene(rng, count, is_clear=is_clear)
        if is_clear or scenes.is_unambiguous(scene, slack=0.2):
            return scene


def _fitting(shot: Shot, scene: Scene) -> Shot:
    """Never padded where the bars would change what is true of the scene."""
    seen = tuple(replace(shape, y=_centre(shape, shot)[1]) for shape in scene)
    return shot if scenes.caption(seen) == scenes.caption(scene) else replace(shot, is_padded=False)


def sample_view(rng: np.random.Generator, scene: Scene) -> View:
    """The scene on a ground against which all of it is seen."""
    colours = {shape.colour for shape in scene}
    darkest = 0.30 if "black" in colours else 0.2 if not scene else 0.06
    lightest = 0.70 if "white" in colours else 0.84 if not scene else 0.94
    return View(scene, scenes.sample_background(rng, darkest, lightest), camera.sample_look(rng))
