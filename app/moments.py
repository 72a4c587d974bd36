"""Places in a clip, as people write them: 80, 1:20 or 1:01:20.5. It knows no clip."""

import re
from collections.abc import Sequence

SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?", re.ASCII)
CLOCK = re.compile(r"(?:(\d+):)?(\d+):([0-5]?\d(?:\.\d+)?)", re.ASCII)


def seconds(text: str) -> float | None:
    """What is written as seconds, m:ss or h:mm:ss; None for anything else."""
    if plain := SECONDS.fullmatch(text.strip()):
        return float(plain[1])
    if found := CLOCK.fullmatch(text.strip()):
        hours, minutes, rest = int(found[1] or 0), int(found[2]), float(found[3])
        return hours * 3600 + minutes * 60 + rest
    return None


def clock(at_s: float) -> str:
    """Seconds as m:ss, with tenths where there are some."""
    minutes, tenths = divmod(round(at_s * 10), 600)
    return f"{minutes}:{tenths // 10:02}" + (f".{tenths % 10}" if tenths % 10 else "")


def listed(moments: Sequence[float]) -> str:
    """Several as one says them: 0:01, 0:02 and 0:03."""
    said = [clock(each) for each in moments]
    return " and ".join(filter(None, [", ".join(said[:-1]), said[-1]]))
