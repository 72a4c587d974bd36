"""A median and its quartiles: what can be said of times on a machine that also does other things."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle half of some numbers."""

    median: float
    q1: float
    q3: float
    count: int


def spread(values: Sequence[float]) -> Spread | None:
    """None of nothing; a single number is its own quartiles."""
    if not values:
        return None
    if len(values) == 1:
        return Spread(values[0], values[0], values[0], 1)
    first, _, third = quantiles(values, n=4, method="inclusive")
    return Spread(median(values), first, third, len(values))
