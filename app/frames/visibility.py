"""Visibility: whether the picture is dark, covered, frozen or blurred, reported once at each change.

Everything is compared with what this camera showed a moment ago, on the small pictures of change.py and media time.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from app.events import Notice
from app.frames.block_stats import BlockStats
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
"""Media seconds for which it must look so before it is reported; a waving hand is shorter."""
SPARSE_S = 0.9
"""Looks further apart are judged one by one, without HOLD_S."""
DARK, LIGHT = 16.0, 22.0
"""Mean levels: below the first it is dark, until it is above the second."""
GLIMMER = 50.0
"""Levels: a lamp this bright is visible however dark the rest is."""
PLAIN, PATTERNED = 12.0, 18.0
"""Levels between two neighbouring parts."""
TINT = 0.12
"""Share of the light by which a colour must differ to be another; what is drawn or painted in grey has less."""
MEMORY_S = 2.5
"""Media seconds in which a lens is covered."""


@dataclass(slots=True)
class Visibility:
    """Judges the visibility of one camera's pictures."""

    sharpness: Sharpness = field(default_factory=Sharpness, init=False)
    stillness: Stillness = field(default_factory=Stillness, init=False)
    past: deque[BlockStats] = field(default_factory=deque, init=False)
    """Looks of the last moments in which there was no trouble."""
    trouble: Trouble = field(default="", init=False)
    """The trouble reported last."""
    seems: Trouble = field(default="", init=False)
    since: float = field(default=0.0, init=False)
    """Media time since when `seems` is what it is."""
    judged_at: float = field(default=math.inf, init=False)

    @property
    def is_blocked(self) -> bool:
        """Whether the camera cannot see, or seems not to, so that describing a frame is pointless.

        What only seems blurred is described: that takes long to be certain, and a fade looks alike.
        """
        return self.trouble != "" or self.seems not in ("", "blurred")

    def judge(self, look: Pixels, media_s: float) -> Sequence[Notice]:
        """Notices after the newest look (from `shrunk`: H×W×3 uint8, colours in any order)."""
        now = BlockStats.of(look, media_s)
        seems = self.trouble_of(look, now)
        if seems != self.seems or media_s < self.since:
            self.seems, self.since = seems, media_s
        if not self.is_blocked:
            self.remember(now)
        is_sparse, self.judged_at = media_s - self.judged_at > SPARSE_S, media_s
        if self.seems == self.trouble or (media_s - self.since < HOLD_S[self.seems] and not is_sparse):
            return ()
        before, self.trouble = self.trouble, self.seems
        return (change_notice(self.trouble, before),)

    def trouble_of(self, look: Pixels, now: BlockStats) -> Trouble:
        """The trouble of this look alone."""
        is_frozen = self.stillness.judge(look, now)
        unlit = self.unlit(now, float(look.max()))
        if unlit:
            return unlit
        if is_frozen:
            return "frozen"
        return "blurred" if self.sharpness.judge(now) else ""

    def unlit(self, now: BlockStats, brightest: float) -> Trouble:
        """Dark or covered; the earlier one while it is either."""
        was = self.seems if self.seems in ("dark", "covered") else self.trouble
        if was == "covered" and self.is_still_covered(now):
            return "covered"
        if now.light < (LIGHT if was == "dark" else DARK) and brightest < GLIMMER:
            return "dark" if was == "dark" or not self.has_gone_black(now) else "covered"
        return "covered" if self.is_covered(now) else ""

    def is_covered(self, now: BlockStats) -> bool:
        """Whether everything of a moment ago is gone and the picture is plain."""
        return now.steepest < PLAIN and any(has_covered(now, old) for old in self.remembered())

    def is_still_covered(self, now: BlockStats) -> bool:
        """Whether neither detail nor the plain ground of before is back."""
        return now.steepest < PATTERNED and not any(now.unchanged_share(old) > 0.5 for old in self.remembered())

    def has_gone_black(self, now: BlockStats) -> bool:
        """Whether it was light a moment ago and no trace of it is left: when lights go out, a trace stays."""
        lately = [old for old in self.past if old.at > now.at - 0.45] or list(self.past)[-1:]
        if (
            not lately
            or lately[0].light < 0.6 * max(old.light for old in self.past)
            or now.light > 0.6 * lately[0].light
        ):
            return False
        return not any(is_shadow(now, old) for old in self.remembered())

    def remembered(self) -> Sequence[BlockStats]:
        """The oldest look and one in the middle."""
        return [self.past[0], self.past[len(self.past) // 2]] if self.past else []

    def remember(self, now: BlockStats) -> None:
        if self.past and now.at < self.past[-1].at:
            self.past.clear()
        self.past.append(now)
        while self.past[0].at < now.at - MEMORY_S:
            self.past.popleft()


def has_covered(now: BlockStats, old: BlockStats) -> bool:
    """A wall in other light is still the wall, and a scene in little light leaves its shadow."""
    is_tinted = float(np.abs(now.tint - old.tint).max()) > TINT
    return now.unchanged_share(old) < 0.2 and (is_tinted or not (old.steepest < PLAIN or is_shadow(now, old)))


def is_shadow(now: BlockStats, old: BlockStats) -> bool:
    """Whether what is light and dark now was so before."""
    new, was = (each.blocks.mean(axis=2) - each.light for each in (now, old))
    spread = float(np.sqrt((new**2).mean() * (was**2).mean()))
    return spread > 1 and float((new * was).mean()) > 0.5 * spread


def change_notice(now: Trouble, before: Trouble) -> Notice:
    return Notice(now, *BEGUN[now]) if now else Notice("clear", OVER[before])
