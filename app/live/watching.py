"""Waiting for one thing: yes or no, look after look, until it is sure that it has begun or ended. Pure; no clock.

Two of three answers decide, so that one wrong answer neither begins nor ends anything.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

VOTES, DECIDE = 3, 2

Turn = Literal["begins", "ends"]


@dataclass(slots=True)
class Watch:
    """One thing that is waited for."""

    wish: str
    lasting_s: float = 0.0
    """How long it must have been there, or gone, to be told."""
    cooldown_s: float = 0.0
    """From one beginning that is told to the next."""
    is_there: bool = field(default=False, init=False)
    is_told: bool = field(default=False, init=False)
    """Whether it was told that it is there."""
    began_at: float = field(default=0.0, init=False)
    """Media time at which it began, as told last."""
    ended_at: float = field(default=0.0, init=False)
    came_at: float = field(default=0.0, init=False)
    """The same, told or not."""
    votes: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=VOTES), init=False)
    """Media time and answer of the last looks since it began or ended."""
    since: float | None = field(default=None, init=False)
    """Media time since which the answers have been otherwise."""
    told_at: float | None = field(default=None, init=False)
    voted_at: float = field(default=-math.inf, init=False)

    @property
    def is_undecided(self) -> bool:
        """Whether another look is wanted soon."""
        is_untold = self.is_there and not self.is_told
        return is_untold or self.since is not None or any(vote != self.is_there for _, vote in self.votes)

    def vote(self, answer: bool, at: float) -> Turn | None:
        """Count an answer about a frame of media time `at`; what it decides, if anything."""
        if at < self.voted_at:  # the source has begun again
            self.forget()
        self.voted_at = at
        self.votes.append((at, answer))
        if self.is_there and not self.is_told and answer and not self.is_cooling(at):
            return self.begins(self.came_at)
        otherwise = [since for since, vote in self.votes if vote != self.is_there]
        if len(otherwise) < DECIDE:
            self.since = None
            return None
        self.since = otherwise[0] if self.since is None else self.since
        return self.turned(self.since) if answer != self.is_there and at - self.since >= self.lasting_s else None

    def turned(self, since: float) -> Turn | None:
        """It is there now, or gone, for long enough; None where that is not to be told, or not yet."""
        self.since = None
        self.votes.clear()
        self.is_there = not self.is_there
        if not self.is_there:
            self.ended_at = since
            was_told, self.is_told = self.is_told, False
            return "ends" if was_told else None
        self.came_at = since
        return None if self.is_cooling(since) else self.begins(since)

    def begins(self, since: float) -> Turn:
        self.is_told, self.began_at, self.told_at = True, since, self.voted_at
        return "begins"

    def is_cooling(self, at: float) -> bool:
        return self.told_at is not None and at - self.told_at < self.cooldown_s

    def forget(self) -> None:
        self.votes.clear()
        self.is_there = self.is_told = False
        self.since = self.told_at = None
