"""Clips of the drawn world from a second program, to measure with, not to tune by: `python -m scripts.held_out_clips`.

Pillow draws; things slide in from the edge, fade, or are simply there; grounds, timing, faults of the camera and files
are otherwise than in models/demo/clips, with which this shares captions alone (`app.demo.scenes`).
"""

import io
import json
import math
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from app.demo.scenes import COLOURS, KINDS, Scene, Shape, caption, is_roomy, is_unambiguous

FINER = 2
ENCODERS = {
    "webm": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "6", "-b:v", "900k"],
    "mkv": ["-c:v", "mpeg4", "-q:v", "6", "-g", "40"],
    "mov": ["-c:v", "libx264", "-preset", "superfast", "-crf", "29", "-pix_fmt", "yuv420p", "-g", "50"],
}
FAULTS = ("grain", "lamp", "dusk", "tremble", "webcall")
VEILS = (("dark", "lamp off"), ("dark", "dusk"), ("covered", "cloth"), ("covered", "finger"), ("covered", "cap"))


@dataclass(frozen=True)
class Act:
    """From `at` on the scene is on its way to `after`, for `lasts` seconds."""

    at: float
    lasts: float
    kind: str
    way: str
    before: Scene
    after: Scene


@dataclass
class Tale:
    """A clip that is thought up from a seed."""

    seed: int
    plot: str
    seconds: float
    dice: random.Random = field(init=False)
    acts: list[Act] = field(default_factory=list)
    faults: list[tuple[float, float, str]] = field(default_factory=list)
    veils: list[tuple[float, float, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(f"{self.plot} {self.seed}")
        self.size = self.dice.choice([(640, 480), (800, 600), (960, 540)])
        self.fps, self.suffix = self.dice.choice([12, 18, 25]), self.dice.choice(sorted(ENCODERS))
        self.first = self.scene(self.dice.choice([0, 1, 1, 2, 2, 3]))
        {"busy": self.busy, "calm": self.calm, "still": self.still, "veiled": self.veiled}[self.plot]()
        self.wall = wall(self.dice, self.size)

    def busy(self) -> None:
        self.play(3.5, 9.0)
        self.disturb(0.5)

    def calm(self) -> None:
        self.play(11.0, 19.0)
        self.disturb(0.6)

    def still(self) -> None:
        self.disturb(1.0)

    def veiled(self) -> None:
        at = 5.0
        for kind, way in self.dice.sample(VEILS, len(VEILS)):
            until = at + self.dice.uniform(3.5, 6.0)
            if until + 4 < self.seconds:
                self.veils.append((at, until, kind, way))
            at = until + self.dice.uniform(4.0, 7.0)

    def play(self, least: float, most: float) -> None:
        at, scene = self.dice.uniform(least, most), self.first
        while at < self.seconds - 4:
            kind, after = self.change(scene)
            way = self.dice.choice(
                {"enter": ["slide", "fade", "pop"], "leave": ["slide", "fade", "pop"]}.get(kind, ["pop"])
            )
            if kind == "wander":
                way = self.dice.choice(["glide", "glide", "pop"])
            self.acts.append(Act(at, 0.0 if way == "pop" else self.dice.uniform(0.3, 0.8), kind, way, scene, after))
            at, scene = at + self.acts[-1].lasts + self.dice.triangular(least, most, least), after

    def change(self, scene: Scene) -> tuple[str, Scene]:
        while True:
            kind = self.dice.choice(["enter", "enter", "leave", "leave", "wander", "wander", "paint", "exchange"])
            after = getattr(self, kind)(scene)
            if self.is_good(after) and caption(after) != caption(scene):
                return kind, after

    def is_good(self, scene: Scene) -> bool:
        names = {shape.colour for shape in scene}
        return len(names) == len(scene) <= 3 and is_roomy(scene) and is_unambiguous(scene)

    def scene(self, count: int) -> Scene:
        while not self.is_good(found := tuple(self.thing() for _ in range(count))):
            pass
        return found

    def thing(self) -> Shape:
        place, radius = (self.dice.uniform(0.12, 0.88), self.dice.uniform(0.12, 0.88)), self.dice.uniform(0.09, 0.15)
        return Shape(
            self.dice.choice(sorted(COLOURS)), self.dice.choice(KINDS), *place, radius, self.dice.uniform(-0.2, 0.2)
        )

    def enter(self, scene: Scene) -> Scene:
        return (*scene, self.thing())

    def leave(self, scene: Scene) -> Scene:
        return tuple(self.dice.sample(scene, max(0, len(scene) - 1)))

    def wander(self, scene: Scene) -> Scene:
        place = self.dice.randrange(max(1, len(scene)))
        return tuple(
            replace(each, x=self.dice.uniform(0.15, 0.85), y=self.dice.uniform(0.15, 0.85)) if number == place else each
            for number, each in enumerate(scene)
        )

    def paint(self, scene: Scene) -> Scene:
        place = self.dice.randrange(max(1, len(scene)))
        return tuple(
            replace(each, colour=self.dice.choice(sorted(COLOURS))) if number == place else each
            for number, each in enumerate(scene)
        )

    def exchange(self, _scene: Scene) -> Scene:
        return self.scene(self.dice.choice([1, 2, 3]))

    def disturb(self, share: float) -> None:
        at = 4.0
        while at < self.seconds - 1:
            until = min(self.seconds, at + self.dice.uniform(4, 9))
            if self.dice.random() < share:
                self.faults.append((at, until, self.dice.choice(FAULTS)))
            at = until

    def act_at(self, t: float) -> Act | None:
        return next((act for act in reversed(self.acts) if act.at <= t + 1e-6), None)

    def scene_after(self, t: float) -> Scene:
        act = self.act_at(t)
        return act.after if act else self.first

    def truth(self, clip: str) -> dict[str, Any]:
        cuts = {0.0, self.seconds}
        cuts |= {at for act in self.acts for at in (act.at, act.at + act.lasts)}
        cuts |= {at for since, until, *_ in (*self.faults, *self.veils) for at in (since, until)}
        cuts |= {since - 0.6 for since, _, _, way in self.veils if way == "dusk"}
        borders = sorted(cuts)
        spans = [self.span(a, b) for a, b in pairwise(borders) if b - a > 1e-6]
        events = [{"at": act.at, "kind": act.kind, "told_by": [caption(act.after)]} for act in self.acts]
        return {
            "clip": clip,
            "fps": self.fps,
            "size": list(self.size),
            "spans": spans,
            "events": [{"at": 0, "kind": "begin"}, *events],
        }

    def span(self, since: float, until: float) -> dict[str, Any]:
        middle = (since + until) / 2
        kind, act = "scene", self.act_at(middle)
        if act and middle < act.at + act.lasts:
            kind = "changing"
        if any(start - 0.6 <= middle < start and way == "dusk" for start, _, _, way in self.veils):
            kind = "changing"
        veil = next(((name, way) for start, end, name, way in self.veils if start <= middle < end), None)
        captions = [] if kind == "changing" else [caption(self.scene_after(middle))]
        if veil:
            kind, captions = (
                veil[0],
                ["Everything is black."]
                if veil[1] == "cap"
                else []
                if veil[0] == "covered"
                else [*captions, "Everything is black."],
            )
        nuisance = [name for start, end, name in self.faults if start <= middle < end]
        return {"from": since, "until": until, "kind": kind, "captions": captions, "nuisance": nuisance}


def wall(dice: random.Random, size: tuple[int, int]) -> Image.Image:
    """A wall above a floor, soft stains, or light from one side; grey enough for every colour to show."""
    kind, low, high = dice.choice(["floor", "stains", "side"]), 95, 150

    def grey() -> tuple[int, ...]:
        level = dice.uniform(low, high)
        return tuple(int(level + dice.uniform(-8, 8)) for _ in range(3))

    if kind == "floor":
        ground = Image.new("RGB", size, grey())
        ImageDraw.Draw(ground).rectangle([0, int(size[1] * dice.uniform(0.6, 0.8)), *size], fill=grey())
        return ground.filter(ImageFilter.GaussianBlur(1.5))
    cells = (dice.randint(3, 6), dice.randint(3, 6)) if kind == "stains" else (2, 1)
    small = Image.new("RGB", cells)
    small.putdata([grey() for _ in range(cells[0] * cells[1])])
    return small.resize(size, Image.Resampling.BICUBIC)


def stamped(picture: Image.Image, shape: Shape, opacity: float) -> Image.Image:
    """With the shape on it, its edges smooth."""
    width, height = picture.size
    mask = Image.new("L", (width * FINER, height * FINER), 0)
    middle, size = (shape.x * width * FINER, shape.y * height * FINER), shape.radius * height * FINER
    pen, full = ImageDraw.Draw(mask), int(255 * opacity)
    if shape.kind == "circle":
        pen.ellipse([middle[0] - size, middle[1] - size, middle[0] + size, middle[1] + size], fill=full)
    for outline in OUTLINES.get(shape.kind, []):
        pen.polygon([turned(*point, shape.tilt, middle, size) for point in outline], fill=full)
    paint = Image.new("RGB", picture.size, COLOURS[shape.colour])
    return Image.composite(paint, picture, mask.resize(picture.size, Image.Resampling.BOX))


def turned(x: float, y: float, tilt: float, middle: tuple[float, float], size: float) -> tuple[float, float]:
    cos, sin = math.cos(tilt), math.sin(tilt)
    return middle[0] + size * (cos * x - sin * y), middle[1] + size * (sin * x + cos * y)


STAR = [(r * math.sin(k * math.pi / 5), -r * math.cos(k * math.pi / 5)) for k, r in enumerate([1.12, 0.48] * 5)]
OUTLINES: dict[str, list[list[tuple[float, float]]]] = {
    "square": [[(-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)]],
    "triangle": [[(0, -1.1), (-0.95, 0.55), (0.95, 0.55)]],
    "star": [STAR],
    "cross": [
        [(-1, -0.32), (1, -0.32), (1, 0.32), (-1, 0.32)],
        [(-0.32, -1), (0.32, -1), (0.32, 1), (-0.32, 1)],
    ],
}


def pictures(tale: Tale) -> Iterator[Image.Image]:
    last: tuple[object, Image.Image] | None = None
    walk = [0.0, 0.0]
    for number in range(round(tale.seconds * tale.fps)):
        t = number / tale.fps
        drawn = tuple(placed(tale, t))
        if last is None or last[0] != drawn:
            picture = tale.wall
            for shape, opacity in drawn:
                picture = stamped(picture, shape, opacity)
            last = drawn, picture
        yield filmed(tale, veiled(tale, last[1], t), t, walk)


def placed(tale: Tale, t: float) -> Iterator[tuple[Shape, float]]:
    """Each shape where it is then, and how much of it is there."""
    act = tale.act_at(t)
    if act is None or t >= act.at + act.lasts:
        yield from ((shape, 1.0) for shape in tale.scene_after(t))
        return
    share = (t - act.at) / act.lasts
    for shape in {*act.before, *act.after}:
        was, will = shape in act.before, shape in act.after
        if was and will:
            yield shape, 1.0
        elif act.way == "glide" and will:
            old = next(each for each in act.before if each not in act.after)
            yield replace(shape, x=old.x + share * (shape.x - old.x), y=old.y + share * (shape.y - old.y)), 1.0
        elif act.way == "fade":
            yield shape, share if will else 1 - share
        elif act.way == "slide":
            edge = -shape.radius if shape.x < 0.5 else 1 + shape.radius
            gone = 1 - share if will else share
            yield replace(shape, x=shape.x + gone * (edge - shape.x)), 1.0


def veiled(tale: Tale, picture: Image.Image, t: float) -> Image.Image:
    for since, until, _, way in tale.veils:
        if way == "dusk" and since - 0.6 <= t < since:
            return ImageEnhance.Brightness(picture).enhance(1 - 0.94 * (t - since + 0.6) / 0.6)
        if since <= t < until:
            return VEILED[way](picture)
    return picture


def cloth(picture: Image.Image) -> Image.Image:
    """Blue-grey, a little lighter on one side."""
    small = Image.new("RGB", (2, 1))
    small.putdata([(62, 66, 84), (76, 80, 98)])
    return small.resize(picture.size, Image.Resampling.BICUBIC)


VEILED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "lamp off": lambda picture: ImageEnhance.Brightness(picture).enhance(0.04),
    "dusk": lambda picture: ImageEnhance.Brightness(picture).enhance(0.06),
    "cloth": cloth,
    "finger": lambda picture: Image.new("RGB", picture.size, (118, 30, 18)),
    "cap": lambda picture: Image.new("RGB", picture.size, (4, 4, 5)),
}


def filmed(tale: Tale, picture: Image.Image, t: float, walk: list[float]) -> Image.Image:
    """A camera's own faint noise, and its faults of the moment."""
    sigma = 3.0
    for since, until, fault in tale.faults:
        if not since <= t < until:
            continue
        if fault == "grain":
            sigma = 14.0
        elif fault == "lamp":
            picture = ImageEnhance.Brightness(picture).enhance(tale.dice.choice([0.96, 1.0, 1.03]))
        elif fault == "dusk":
            picture = ImageEnhance.Brightness(picture).enhance(
                1 - 0.2 * math.sin(math.pi * (t - since) / (until - since))
            )
        elif fault == "tremble":
            walk[:] = [0.8 * at + tale.dice.gauss(0, 1.0) for at in walk]
            picture = picture.transform(
                picture.size, Image.Transform.AFFINE, (1, 0, walk[0], 0, 1, walk[1]), Image.Resampling.BILINEAR
            )
        else:
            packed = io.BytesIO()
            picture.save(packed, "JPEG", quality=tale.dice.choice([20, 35, 50]))
            picture = Image.open(packed).convert("RGB")
    shift = tale.dice.randrange(picture.width), tale.dice.randrange(picture.height)
    return ImageChops.add(picture, ImageChops.offset(grain(picture.size, sigma), *shift), 1, -128)


@cache
def grain(size: tuple[int, int], sigma: float) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise(size, sigma) for _ in range(3)])


def make(folder: Path, plot: str, seed: int, seconds: float) -> Path:
    tale = Tale(seed, plot, seconds)
    path = folder / f"{plot}-{seed}.{tale.suffix}"
    size = f"{tale.size[0]}x{tale.size[1]}"
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(tale.fps), "-i", "-"]
    command = ["ffmpeg", "-loglevel", "error", "-y", *raw, *ENCODERS[tale.suffix], str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin
        for picture in pictures(tale):
            ffmpeg.stdin.write(picture.tobytes())
        ffmpeg.stdin.close()
    assert ffmpeg.returncode == 0
    path.with_suffix(".json").write_text(json.dumps(tale.truth(path.name)))
    return path


def main(folder: str, first: str = "1", count: str = "2", seconds: str = "60") -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    for seed in range(int(first), int(first) + int(count)):
        for plot in ("busy", "calm", "still", "veiled"):
            print(make(Path(folder), plot, seed, float(seconds)))


if __name__ == "__main__":
    main(*sys.argv[1:])
