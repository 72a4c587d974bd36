"""Can the camera see? Whether it is dark, covered, frozen or blurred: decided on pixels, and said once at each change.

Everything is compared with what this camera showed a moment ago. Works on small pictures of the gate's, on media time;
it knows no model and no clock.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from app.events import Notice
from app.frames.coarse import Coarse
from app.frames.freeze import Stillness
from app.frames.sharpness import Sharpness
from app.images import Pixels

Trouble = Literal["", "dark", "covered", "frozen", "blurred"]

BEGUN: dict[Trouble, tuple[str, str]] = {
    "dark": ("It is dark: the camera sees almost nothing.", "turn on a light, or uncover the lens"),
    "covered": ("The camera sees a single colour: something may cover it.", "take away what is before the lens"),
    "frozen": ("The picture stands still: the camera repeats itself.", "unplug the camera and plug it in again"),
    "blurred": ("The picture has become blurred.", "wipe the lens, or move the camera away from what it looks at"),
}
OVER: dict[Trouble, str] = {
    "dark": "It is light again: the camera sees.",
    "covered": "The camera is no longer covered: it sees again.",
    "frozen": "The picture moves again: the camera sees.",
    "blurred": "The picture is no longer blurred.",
}
HOLD_S: dict[Trouble, float] = {"": 0.25, "dark": 0.25, "covered": 0.3, "frozen": 0.0, "blurred": 0.45}
"""Media seconds for which it must look so before it is said; a hand that waves is none."""
SPARSE_S = 0.9
"""Looks further apart are pictures of their own: nothing is waited for."""
DARK, LIGHT = 16.0, 22.0
"""Mean levels: darker than the one it is dark, until it is lighter than the other."""
GLIMMER = 50.0
"""Levels: a lamp so light is seen however dark the rest is."""
PLAIN, PATTERNED = 12.0, 18.0
"""Levels between two neighbouring parts."""
TINT = 0.12
"""Share of the light by which a colour must differ to be another; what is drawn or painted in grey has less."""
MEMORY_S = 2.5
"""Media seconds in which a lens is covered."""


@dataclass(slots=True)
class View:
    """Watches over what the camera shows."""

    sharpness: Sharpness = field(default_factory=Sharpness, init=False)
    stillness: Stillness = field(default_factory=Stillness, init=False)
    past: deque[Coarse] = field(default_factory=deque, init=False)
    """Looks of the last moments in which there was no trouble."""
    trouble: Trouble = field(default="", init=False)
    """What has been said."""
    seems: Trouble = field(default="", init=False)
    since: float = field(default=0.0, init=False)
    """When it came to seem so, in media seconds."""
    judged_at: float = field(default=math.inf, init=False)

    @property
    def is_blocked(self) -> bool:
        """Whether the camera cannot see, or seems not to: a model would be asked about nothing.

        What only seems blurred is looked at: that takes long to be sure of, and what fades looks alike.
        """
        return self.trouble != "" or self.seems not in ("", "blurred")

    def judge(self, look: Pixels, media_s: float) -> Sequence[Notice]:
        """What is to be said of the newest look, of `shrunk` (H×W×3 uint8, colours in any order)."""
        now = Coarse.of(look, media_s)
        seems = self.seen(look, now)
        if seems != self.seems or media_s < self.since:
            self.seems, self.since = seems, media_s
        if not self.is_blocked:
            self.remember(now)
        is_sparse, self.judged_at = media_s - self.judged_at > SPARSE_S, media_s
        if self.seems == self.trouble or (media_s - self.since < HOLD_S[self.seems] and not is_sparse):
            return ()
        before, self.trouble = self.trouble, self.seems
        return (said(self.trouble, before),)

    def seen(self, look: Pixels, now: Coarse) -> Trouble:
        """What is wrong with this look, if anything."""
        is_frozen = self.stillness.judge(look, now)
        unlit = self.unlit(now, float(look.max()))
        if unlit:
            return unlit
        if is_frozen:
            return "frozen"
        return "blurred" if self.sharpness.judge(now) else ""

    def unlit(self, now: Coarse, brightest: float) -> Trouble:
        """Dark or covered; the one it was while it is either."""
        was = self.seems if self.seems in ("dark", "covered") else self.trouble
        if was == "covered" and self.is_still_covered(now):
            return "covered"
        if now.light < (LIGHT if was == "dark" else DARK) and brightest < GLIMMER:
            return "dark" if was == "dark" or not self.has_gone_black(now) else "covered"
        return "covered" if self.is_covered(now) else ""

    def is_covered(self, now: Coarse) -> bool:
        """Whether all that was there a moment ago is gone, and nothing is there."""
        return now.steepest < PLAIN and any(has_covered(now, old) for old in self.remembered())

    def is_still_covered(self, now: Coarse) -> bool:
        """Until something is there, or the plain ground that was there before."""
        return now.steepest < PATTERNED and not any(now.kept(old) > 0.5 for old in self.remembered())

    def has_gone_black(self, now: Coarse) -> bool:
        """Whether it was light a moment ago, and not even a shadow of it is left: lights go out otherwise."""
        lately = [old for old in self.past if old.at > now.at - 0.45] or list(self.past)[-1:]
        if (
            not lately
            or lately[0].light < 0.6 * max(old.light for old in self.past)
            or now.light > 0.6 * lately[0].light
        ):
            return False
        return not any(is_shadow(now, old) for old in self.remembered())

    def remembered(self) -> Sequence[Coarse]:
        """The oldest look and one in the middle, before which things were as ever."""
        return [self.past[0], self.past[len(self.past) // 2]] if self.past else []

    def remember(self, now: Coarse) -> None:
        if self.past and now.at < self.past[-1].at:
            self.past.clear()
        self.past.append(now)
        while self.past[0].at < now.at - MEMORY_S:
            self.past.popleft()


def has_covered(now: Coarse, old: Coarse) -> bool:
    """A wall in other light is still the wall, and a scene in little light leaves its shadow."""
    is_tinted = float(np.abs(now.tint - old.tint).max()) > TINT
    return now.kept(old) < 0.2 and (is_tinted or not (old.steepest < PLAIN or is_shadow(now, old)))


def is_shadow(now: Coarse, old: Coarse) -> bool:
    """Whether what is light and dark now was so before."""
    new, was = (each.blocks.mean(axis=2) - each.light for each in (now, old))
    spread = float(np.sqrt((new**2).mean() * (was**2).mean()))
    return spread > 1 and float((new * was).mean()) > 0.5 * spread


def said(now: Trouble, before: Trouble) -> Notice:
    return Notice(now, *BEGUN[now]) if now else Notice("clear", OVER[before])
