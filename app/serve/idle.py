"""Connections that ask for nothing are shown out, so that those who keep one for nothing keep nobody else away.

uvicorn ends one that rests after an answer, but waits without end for a first request, and for the rest of a body that
was refused. It does not judge who is being answered.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

HEAD_S = 3.0
"""The longest that one may stay without a whole request."""


@dataclass(slots=True)
class Idle:
    """Asked by uvicorn every second; `connections` tells those of the moment."""

    connections: Callable[[], Iterable[Any]]
    now: Callable[[], float] = time.monotonic
    since: dict[Any, float] = field(default_factory=dict, init=False)
    """When each of them was first seen at rest."""

    async def __call__(self) -> None:
        resting = [each for each in self.connections() if is_resting(each)]
        self.since = {each: self.since.get(each, self.now()) for each in resting}
        for each, since in self.since.items():
            if self.now() - since > HEAD_S:
                each.transport.abort()


def is_resting(connection: Any) -> bool:
    """Whether nobody waits for an answer on it. uvicorn's `cycle` is the last request and its answer."""
    return connection.cycle is None or bool(connection.cycle.response_complete)
