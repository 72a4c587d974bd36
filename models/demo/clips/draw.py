"""The frames of a script, uint8 RGB."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from app.demo import scenes
from app.demo.scenes import Background, Scene, Shape
from app.images import Pixels
from models.demo.clips.disturb import Disturbing, blinded
from models.demo.clips.script import Beat, Blind, Script


@dataclass(slots=True)
class Drawing:
    """A script at a size; an unchanged scene is drawn once."""

    script: Script
    size: tuple[int, int]
    """Width and height."""
    camera: Disturbing
    last: tuple[Scene, Background] | None = field(default=None, init=False)
    picture: Pixels = field(default_factory=lambda: np.zeros((0, 0, 3), np.uint8), init=False)

    def frames(self, fps: float) -> Iterator[Pixels]:
        frozen: Pixels | None = None
        for number in range(round(self.script.seconds * fps)):
            media_s = number / fps
            is_frozen = any(blind.kind == "frozen" for blind in self.blinds_at(media_s))
            frozen = (frozen if frozen is not None else self.seen(media_s)) if is_frozen else None
            yield self.seen(media_s) if frozen is None else frozen

    def seen(self, media_s: float) -> Pixels:
        """What the camera makes of it: blinded first, then disturbed."""
        pixels = self.drawn(*scene_at(self.script, media_s))
        for blind in self.blinds_at(media_s):
            pixels = blinded(pixels, blind.way, share_of(blind, media_s))
        for stretch in self.script.stretches:
            if stretch.since <= media_s < stretch.until:
                pixels = self.camera.disturbed(pixels, stretch.nuisance, media_s - stretch.since)
        return pixels

    def blinds_at(self, media_s: float) -> list[Blind]:
        return [blind for blind in self.script.blinds if blind.since - blind.ramp <= media_s < blind.until]

    def drawn(self, scene: Scene, ground: Background) -> Pixels:
        if (scene, ground) != self.last:
            self.last, self.picture = (scene, ground), scenes.draw(scene, ground, *self.size)
        return self.picture


def share_of(blind: Blind, media_s: float) -> float:
    """How much of it has come."""
    return 1.0 if media_s >= blind.since else 1 - (blind.since - media_s) / blind.ramp


def scene_at(script: Script, media_s: float) -> tuple[Scene, Background]:
    """The shapes then, on their way where they are, and what is behind them."""
    begun = [beat for beat in script.beats if beat.at <= media_s + 1e-6]
    if not begun:
        return script.first, script.ground
    beat = begun[-1]
    share = (media_s - beat.at) / beat.lasts if beat.lasts else 1.0
    return between(beat, share), beat.ground


def between(beat: Beat, share: float) -> Scene:
    """Those that stay glide, others grow or shrink, slowly at both ends."""
    if share >= 1:
        return beat.after
    eased = share * share * (3 - 2 * share)
    olds, news = ({shape.name: shape for shape in scene} for scene in (beat.before, beat.after))
    here = [glided(olds[name], new, eased) if name in olds else sized(new, eased) for name, new in news.items()]
    leaving = [sized(old, 1 - eased) for name, old in olds.items() if name not in news]
    return tuple(shape for shape in (*here, *leaving) if shape.radius > 0.002)


def glided(old: Shape, new: Shape, share: float) -> Shape:
    return replace(new, x=old.x + (new.x - old.x) * share, y=old.y + (new.y - old.y) * share)


def sized(shape: Shape, share: float) -> Shape:
    return replace(shape, radius=shape.radius * share)
