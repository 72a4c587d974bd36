"""`python -m app.frames CLIP`: which frames of a clip a live run would describe, without a model. JSON lines out.

    {"at": s, "look": true}                            the frame at this second is described
    {"at": s, "notice": "dark|covered|frozen|…|clear"}   the camera sees nothing from here on, or sees again
    {"frames": n, "looks": n, "cpu_ms_per_frame": x}   at the end; n frames in the clip, CPU time of choosing alone

Played on media time: while a description goes on (--look-s), frames are missed, and the newest one is next.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from app.errors import UserError
from app.events import AnyFrame, Notice
from app.frames.selector import FrameSelector, Pace
from app.text import discard_output, write_line

EVERY_S = 0.4
"""Seconds between two looks, at least; the default of a live run."""


@dataclass(slots=True)
class Player:
    """Chooses frames as a live run does, on the clip's own time."""

    look_s: float
    """Media seconds that a description takes."""
    selector: FrameSelector = field(default_factory=lambda: FrameSelector(Pace(EVERY_S)))
    busy_until: float = -math.inf
    """Media seconds, while a description goes on."""
    frames: int = 0
    looks: int = 0
    cpu_s: float = 0.0

    def play(self, clip: Iterable[AnyFrame | Notice]) -> Iterator[dict[str, Any]]:
        """What comes of each frame, and the summary."""
        missed: AnyFrame | None = None
        for seen in clip:
            if isinstance(seen, Notice):
                print(f"{seen.text} ({seen.hint})", file=sys.stderr)
                continue
            self.frames += 1
            if missed and seen.media_s > self.busy_until:
                yield from self.choose(missed)
                missed = None
            if seen.media_s > self.busy_until:
                yield from self.choose(seen)
            else:
                missed = seen
        if missed:
            yield from self.choose(missed)
        per_frame_ms = 1000 * self.cpu_s / max(self.frames, 1)
        yield {"frames": self.frames, "looks": self.looks, "cpu_ms_per_frame": round(per_frame_ms, 3)}

    def choose(self, frame: AnyFrame) -> Iterator[dict[str, Any]]:
        began = time.process_time()
        glance = self.selector.glance(frame)
        self.cpu_s += time.process_time() - began
        at = round(frame.media_s, 3)
        yield from ({"at": at, "notice": notice.kind} for notice in glance.notices)
        if glance.frame:
            self.looks += 1
            self.busy_until = max(frame.media_s, self.busy_until) + self.look_s
            yield {"at": at, "look": True}


def seconds(text: str) -> float:
    found = float(text)
    if not 0 <= found < math.inf:
        raise ValueError
    return found


def main(argv: Sequence[str]) -> int:
    from app.sources.video import Video

    parser = argparse.ArgumentParser("python -m app.frames", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clip", metavar="CLIP", help="a video file")
    parser.add_argument("--look-s", type=seconds, default=0.3, metavar="S", help="seconds a description takes (0.3)")
    given = parser.parse_args(argv)
    try:
        clip = Video(Path(given.clip).expanduser(), asap=True)
        for line in Player(given.look_s).play(clip.frames(Event())):
            write_line(json.dumps(line), sys.stdout)
    except UserError as failure:
        print(failure, file=sys.stderr)
        return failure.exit_code
    except BrokenPipeError:
        discard_output(sys.stdout)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
