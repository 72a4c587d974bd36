"""A machine and a clock that are arithmetic: what a governor does in eight hours is known in a moment."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from app.conditions import Conditions, Heat
from app.governor import Effort, Governor

HOUR_S = 3600.0
SENSED_S = 30.0


@dataclass
class Machine:
    """A caption takes `fixed_s` and `token_s` for each image token, times the load; work warms, idleness cools."""

    fixed_s: float = 0.2
    token_s: float = 0.003
    noise: float = 0.1
    """Spread of a caption's time (lognormal); one in 20 is an outlier, three times as long."""
    load: Callable[[float], float] = lambda _t: 1.0
    is_on_battery: Callable[[float], bool] = lambda _t: False
    ambient: Callable[[float], float] = lambda _t: 25.0
    heating: float = 0.0
    """Degrees above the ambient after long work without a pause."""
    inertia_s: float = 240.0
    seed: int = 0
    degrees: float = field(default=25.0, init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def caption_s(self, tokens: int, now: float) -> float:
        outlier = 3.0 if self.dice.random() < 0.05 else 1.0
        throttled = 1.5 if self.heat == "hot" else 1.0
        spread = self.dice.lognormvariate(0.0, self.noise)
        return (self.fixed_s + self.token_s * tokens) * self.load(now) * spread * outlier * throttled

    @property
    def heat(self) -> Heat:
        return "hot" if self.degrees >= 90 else "warm" if self.degrees >= 80 else "cool"

    def pass_time(self, seconds: float, duty: float, now: float) -> None:
        """`duty`: the part of that time in which it worked, 0 to 1."""
        aim = self.ambient(now) + self.heating * duty
        self.degrees += (aim - self.degrees) * min(1.0, seconds / self.inertia_s)


@dataclass
class Lived:
    """What a governor did on a machine."""

    choices: tuple[int, ...]
    every: float
    changes: list[tuple[float, Effort]] = field(default_factory=list)
    efforts: list[tuple[float, Effort]] = field(default_factory=list)
    """The end of each caption (s), and the effort from then on."""

    def at(self, now: float) -> Effort:
        return next(effort for at, effort in reversed(self.efforts) if at <= now)

    def changes_between(self, since: float, until: float) -> int:
        return sum(since <= at < until for at, _ in self.changes)


def live(
    machine: Machine, choices: tuple[int, ...] = (64, 49, 36, 25, 16), every: float = 1.0, hours: float = 8
) -> Lived:
    """Always something to describe; power and heat are known as late as a real sensor knows them."""
    governor, lived, now, sensed_at, conditions = (
        Governor(choices, every),
        Lived(choices, every),
        0.0,
        -1e9,
        Conditions(),
    )
    effort = governor.effort(conditions)
    while now < hours * HOUR_S:
        if now - sensed_at >= SENSED_S:
            sensed_at, conditions = now, Conditions(machine.is_on_battery(now), machine.heat)
        busy_s = machine.caption_s(effort.image_tokens or 64, now)
        passed_s = max(busy_s, effort.every)
        machine.pass_time(passed_s, busy_s / passed_s, now)
        before, effort = effort, governor.judge(busy_s, conditions, now + busy_s)
        lived.efforts.append((now + busy_s, effort))
        if effort != before:
            lived.changes.append((now + busy_s, effort))
        now += passed_s
    return lived
