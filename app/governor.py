"""`--pace auto`: how many image tokens, and how long between two looks. Pure: no clock and no sensor of its own.

Two things can run short, so there are two ladders:

    time    captions take longer than `every`    fewer image tokens: each caption is quicker
    power   on battery, or hot                   fewer looks, each as good as before: nothing saves like doing nothing;
                                                 fewer tokens as well only if it stays hot with the fewest looks

Captions are held against the pace that was asked for and not against the stretched one. Else a longer interval would
leave room for more tokens, which take back what it saved, and the ladders would chase each other.

It does not oscillate. Down is quick: when all of a few captions but one were late, so that one that was lucky changes
nothing, nor do outliers. Up is slow: after a wait, one ladder at a time, and only where all but one would fit with a
margin. A step up that has to be taken back doubles the wait, up to an hour; one that lasted makes it short again.
A hot machine is slow because it is hot, so its captions are not judged: looks, then tokens are taken away as long as
it stays hot, no faster than a machine cools, and they come back in the opposite order.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from app.conditions import Conditions

STRETCHES = (1, 2, 4)
"""How many times as long as asked between two looks."""
SHORTEST_S = 0.5
"""What is stretched where no least time was asked for."""
JUDGED = 8
"""Captions to a judgement; the first after a change is left out, it may pay for the change itself."""
MARGIN = 0.85
"""Of the time there is: what captions may be predicted to take at a step."""
WAIT_S, LONGEST_WAIT_S = 120.0, 3600.0
"""Before a step up: at first, and at most."""
LASTING = 10
"""A step up has lasted when it has outlived this many of its own waits."""
HEAT_S = 180.0
"""What a step down is given to cool the machine before the next."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What one description may take."""

    image_tokens: int | None
    """For a frame; None where it cannot be chosen."""
    every: float
    """The least time between two looks, in seconds of the source."""
    words: str = field(default="", compare=False)
    """What is done with less than could be, and why; empty where nothing is."""

    @property
    def notice(self) -> str:
        """What a person is told of the change to this effort; not worded like a description."""
        return f"From now on {self.words}." if self.words else "From now on everything as asked again."


@dataclass(slots=True)
class Ladder:
    """Steps of less and less effort, 0 the full one, and the patience to go up again."""

    last: int
    step: int = 0
    changed_at: float = -math.inf
    raised_at: float | None = None
    """When it last went up, unless it has been taken back since."""
    wait_s: float = WAIT_S

    def lower(self, step: int, now: float) -> None:
        if self.raised_at is not None:
            is_mistake = now - self.raised_at < LASTING * self.wait_s
            self.wait_s = min(2 * self.wait_s, LONGEST_WAIT_S) if is_mistake else max(self.wait_s / 2, WAIT_S)
        self.step, self.changed_at, self.raised_at = step, now, None

    def climb(self, step: int, now: float) -> None:
        self.step, self.changed_at, self.raised_at = step, now, now

    def has_waited(self, since: float, now: float) -> bool:
        """Whether it may go up: nothing has changed on it, and nothing held it down, since so long."""
        return now - max(since, self.changed_at) >= self.wait_s


class Governor:
    """Judges after every caption; all times are seconds of one steady clock."""

    def __init__(self, choices: Sequence[int], every: float) -> None:
        """`choices`: image tokens of a frame, the usual number first, then fewer; one or none: they stay."""
        self.choices, self.every = tuple(choices), every
        self.limit_s = every or math.inf
        self.tokens, self.looks = Ladder(max(0, len(self.choices) - 1)), Ladder(len(STRETCHES) - 1)
        self.captions_s: deque[float] = deque(maxlen=JUDGED)
        self.unjudged = 0
        self.least_s: dict[int, float] = {}
        """The shortest median seen, by step: what it takes on a machine with nothing else to do."""
        self.held_at = -math.inf
        """When the looks were last kept from becoming more frequent."""
        self.has_been_behind = False
        """Whether it was time that took tokens away, and not heat alone."""

    def judge(self, caption_s: float, conditions: Conditions, now: float) -> Effort:
        """The effort for the descriptions to come, after one that took `caption_s`."""
        self._note(caption_s, conditions.heat == "hot")
        self._judge_looks(conditions, now)
        self._judge_tokens(conditions, now)
        return self.effort(conditions)

    def effort(self, conditions: Conditions) -> Effort:
        tokens = self.choices[self.tokens.step] if self.choices else None
        return Effort(tokens, self._interval, self._words(conditions))

    @property
    def _interval(self) -> float:
        step = self.looks.step
        return STRETCHES[step] * max(self.every, SHORTEST_S) if step else self.every

    def _words(self, conditions: Conditions) -> str:
        less, why = [], []
        if self.tokens.step:
            less.append(f"{self.choices[self.tokens.step]} image tokens")
            why += ["captions fell behind"] if self.has_been_behind else list(conditions.words)
        if self.looks.step:
            less.append(f"a look every {self._interval:g} s")
            why += conditions.words
        if not less:
            return "captions fall behind" if self._is_stuck else ""
        return f"{', '.join(less)}: {', '.join(dict.fromkeys(why)) or 'for a while yet'}"

    @property
    def _is_stuck(self) -> bool:
        """Whether captions are late and there is nothing to give up: the looks are as rare as they are slow already."""
        return self._is_judged and self._quick_s > self.limit_s and self.tokens.step == self.tokens.last

    def _note(self, caption_s: float, is_hot: bool) -> None:
        if is_hot:
            self.captions_s.clear()
        elif self.unjudged:
            self.unjudged -= 1
        elif caption_s > 0:  # nothing at all was said in no time
            self.captions_s.append(caption_s)
            if self._is_judged:
                step, typical_s = self.tokens.step, median(self.captions_s)
                self.least_s[step] = min(typical_s, self.least_s.get(step, math.inf))

    @property
    def _is_judged(self) -> bool:
        return len(self.captions_s) == JUDGED

    def _judge_looks(self, conditions: Conditions, now: float) -> None:
        looks, floor = self.looks, int(conditions.is_on_battery)
        is_cool = conditions.heat == "cool" and (self.tokens.step == 0 or self.has_been_behind)
        if not is_cool or looks.step <= floor:
            self.held_at = now
        if looks.step < floor:
            looks.lower(floor, now)
        elif conditions.heat == "hot" and looks.step < looks.last and now - looks.changed_at >= HEAT_S:
            looks.lower(looks.step + 1, now)
        elif looks.has_waited(max(self.held_at, self.tokens.changed_at), now):
            looks.climb(looks.step - 1, now)

    def _judge_tokens(self, conditions: Conditions, now: float) -> None:
        step = self._step_to_take(conditions, now)
        if step == self.tokens.step:
            return
        if step > self.tokens.step:
            self.tokens.lower(step, now)
        else:
            self.tokens.climb(step, now)
            self.has_been_behind &= step > 0
        self.captions_s.clear()
        self.unjudged = 1

    def _step_to_take(self, conditions: Conditions, now: float) -> int:
        tokens, changed_at = self.tokens, max(self.tokens.changed_at, self.looks.changed_at)
        if conditions.heat == "hot":
            is_time = self.looks.step == self.looks.last and now - changed_at >= HEAT_S
            return min(tokens.step + 1, tokens.last) if is_time else tokens.step
        if self._is_judged and self._quick_s > self.limit_s:
            self.has_been_behind = True
            return self._first_that_fits(range(tokens.step + 1, tokens.last), self._quick_s, tokens.last)
        if conditions.heat == "warm" or not tokens.has_waited(changed_at, now):
            return tokens.step
        if not self.has_been_behind:
            return 0
        return self._first_that_fits(range(tokens.step), self._slow_s, tokens.step) if self._is_judged else tokens.step

    @property
    def _quick_s(self) -> float:
        """All captions but one took this long or longer."""
        return sorted(self.captions_s)[1]

    @property
    def _slow_s(self) -> float:
        """All captions but one took this long or less."""
        return sorted(self.captions_s)[-2]

    def _first_that_fits(self, steps: range, caption_s: float, otherwise: int) -> int:
        fits = (step for step in steps if self._ratio(step) * caption_s <= MARGIN * self.limit_s)
        return next(fits, otherwise)

    def _ratio(self, step: int) -> float:
        """How many times as long as now a caption would take at `step`.

        At most as the ratio of tokens says: part of a caption's time is the same for all. Less, if it was measured so
        at both steps, at each when the machine had the most to spare.
        """
        here = self.tokens.step
        ratio = self.choices[step] / self.choices[here]
        measured = self.least_s.get(step, math.inf) / self.least_s.get(here, math.inf)
        is_sound = min(1.0, ratio) < measured < max(1.0, ratio)  # else one of the two was measured under load
        return measured if is_sound else ratio
