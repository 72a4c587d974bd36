"""Waiting for facts: a test waits for what must come true, never for a time."""

import time
from collections.abc import Callable

LIMIT_S = 120.0
"""Ends a test that has failed; far longer than anything takes, so that a busy machine fails none."""
POLL_S = 0.02


def until(fact: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Return once `fact` is true."""
    give_up_at = time.monotonic() + limit_s
    while not fact():
        assert time.monotonic() < give_up_at, f"it did not become true within {limit_s:.0f} s"
        time.sleep(POLL_S)
