"""What was true when in a clip, and the file that says it. It judges nothing.

    {"clip": "desk.mp4", "fps": 25, "size": [640, 480],
     "spans": [{"from": 0, "until": 6.2, "kind": "scene", "captions": ["A red circle is on the left."]},
               {"from": 6.2, "until": 6.8, "kind": "changing", "captions": []},
               {"from": 6.8, "until": 20, "kind": "scene", "captions": ["The scene is empty."], "nuisance": ["noise"]}],
     "events": [{"at": 0, "kind": "begin"}, {"at": 6.2, "kind": "vanish"}]}

Spans follow one another without a gap. `captions`: every sentence that is true then; a scene has at least one.
`nuisance`: what disturbs the picture and is not worth a word. An event begins at `at`; a sentence tells of it if it
says what one of `told_by` says, by default the captions of the first span from there on that is not `changing`.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Any, Literal, get_args

from app.errors import ScoreError
from app.files import explain, read_small, readable

SpanKind = Literal["scene", "changing", "dark", "covered", "frozen", "blurred"]
KINDS: tuple[SpanKind, ...] = get_args(SpanKind)
BLIND = ("dark", "covered", "frozen", "blurred")
"""Kinds of span that a notice is due for."""
TOUCHING_S = 0.05
"""Spans may miss one another by as much."""
MOST = 1 << 26
"""Bytes of a truth."""
REMEDY = "app/score/truth.py begins with an example of such a file"


@dataclass(frozen=True, slots=True)
class Span:
    """A time in which the same sentences are true; seconds of the clip."""

    since: float
    until: float
    kind: SpanKind
    captions: tuple[str, ...] = ()
    nuisance: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something happens that a narrator is to tell."""

    at: float
    """Seconds of the clip, when it begins."""
    kind: str
    told_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """All of a clip."""

    clip: str
    """The file's name, beside the truth."""
    fps: float
    size: tuple[int, int]
    """Width and height."""
    spans: tuple[Span, ...]
    events: tuple[Occurrence, ...]

    @property
    def seconds(self) -> float:
        return self.spans[-1].until

    @property
    def is_quiet(self) -> bool:
        """Whether it is seen throughout, and something happens every ten seconds at most, the beginning aside."""
        is_seen = not any(span.kind in BLIND for span in self.spans)
        return is_seen and 10 * sum(event.at > 0 for event in self.events) <= self.seconds

    def near(self, since: float, until: float) -> list[Span]:
        """The spans that share a moment with this time."""
        return [span for span in self.spans if span.since <= until and span.until >= since]

    def around(self, span: Span) -> list[Span]:
        """What was before a change, and what is after it; the span itself if it is no change."""
        if span.kind != "changing":
            return [span]
        place = self.spans.index(span)
        before, after = settled(self.spans[:place][::-1]), settled(self.spans[place:])
        return [each for each in (before, after) if each]

    def ends(self, event: Occurrence) -> float:
        """When the change that begins with the event is complete, in seconds of the clip."""
        later = [span for span in self.spans if span.until > event.at + TOUCHING_S]
        return max(event.at, next((span.since for span in later if span.kind != "changing"), event.at))


def settled(spans: Sequence[Span]) -> Span | None:
    """The first of them in which nothing changes."""
    return next((span for span in spans if span.kind != "changing"), None)


@dataclass(frozen=True, slots=True)
class Spot:
    """A value of a truth file, and where it stands in it."""

    value: Any
    place: str

    def refused(self, wanted: str) -> ScoreError:
        return ScoreError(f"{self.place} is {json.dumps(self.value)[:60]}, and not {wanted}", REMEDY)

    def of(self, key: str) -> "Spot":
        if not isinstance(self.value, dict):
            raise self.refused("an object in braces")
        if key not in self.value:
            raise ScoreError(f'{self.place} has no "{key}"', REMEDY)
        return Spot(self.value[key], f"{self.place}: {key}")

    def maybe(self, key: str) -> "Spot":
        """An empty list if it is not there."""
        return self.of(key) if not isinstance(self.value, dict) or key in self.value else Spot([], self.place)

    def each(self) -> "list[Spot]":
        if not isinstance(self.value, list):
            raise self.refused("a list in brackets")
        return [Spot(value, f"{self.place}[{place}]") for place, value in enumerate(self.value)]

    def number(self, least: float = 0.0) -> float:
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < least:
            raise self.refused(f"a number of at least {least:g}")
        return float(value)

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.refused("a text in quotes")
        return self.value

    def texts(self) -> tuple[str, ...]:
        return tuple(each.text() for each in self.each())

    def size(self) -> tuple[int, int]:
        if len(sides := [int(each.number(1)) for each in self.each()]) != 2:
            raise self.refused("a width and a height")
        return sides[0], sides[1]

    def kind(self) -> SpanKind:
        if self.value not in KINDS:
            raise self.refused(f"one of {', '.join(KINDS)}")
        return next(kind for kind in KINDS if kind == self.value)


def read(path: Path) -> Truth:
    """The truth that a file tells.

    Raises:
        ScoreError: it cannot be read, or says what cannot be; with the place.
    """
    try:
        whole = Spot(json.loads(read_small(path, MOST).decode()), readable(path.name))
    except (OSError, UnicodeError) as failure:
        raise ScoreError(*explain(failure, path, "truth of a clip")) from failure
    except (ValueError, RecursionError) as failure:
        raise ScoreError(f"{readable(path)} is no truth of a clip: {failure}", REMEDY) from failure
    spans = tuple(span_of(each) for each in whole.of("spans").each())
    refuse_gaps(spans, whole.of("spans"))
    refuse_silence(spans, whole.of("spans"))
    events = tuple(event_of(each, spans) for each in whole.of("events").each())
    clip, fps, size = whole.of("clip").text(), whole.of("fps").number(1), whole.of("size").size()
    return Truth(clip, fps, size, spans, tuple(sorted(events, key=lambda event: event.at)))


def span_of(spot: Spot) -> Span:
    since, until = spot.of("from").number(), spot.of("until").number()
    if until <= since:
        raise spot.of("until").refused(f"later than from, {since:g}")
    return Span(since, until, spot.of("kind").kind(), spot.maybe("captions").texts(), spot.maybe("nuisance").texts())


def refuse_gaps(spans: Sequence[Span], spot: Spot) -> None:
    if not spans or spans[0].since > TOUCHING_S:
        raise ScoreError(f"{spot.place}: no span begins at 0", REMEDY)
    for place, (one, other) in enumerate(pairwise(spans), 1):
        if abs(other.since - one.until) > TOUCHING_S:
            raise ScoreError(
                f"{spot.place}[{place}] begins at {other.since:g}, the one before ends at {one.until:g}", REMEDY
            )


def refuse_silence(spans: Sequence[Span], spot: Spot) -> None:
    """Of a scene without a caption, every sentence would be wrong."""
    for place, span in enumerate(spans):
        if span.kind == "scene" and not span.captions:
            raise ScoreError(f"{spot.place}[{place}] is a scene without captions: nothing that is true of it", REMEDY)


def event_of(spot: Spot, spans: Sequence[Span]) -> Occurrence:
    at = spot.of("at").number()
    later = settled([span for span in spans if span.until > at + TOUCHING_S])
    told_by = spot.maybe("told_by").texts() or (later.captions if later else ())
    if not told_by:
        raise ScoreError(f"{spot.place} can be told by nothing: no sentence is true from {at:g} s on", REMEDY)
    return Occurrence(at, spot.of("kind").text(), told_by)


def written(truth: Truth) -> str:
    """The file's text."""
    return json.dumps(
        {
            "clip": truth.clip,
            "fps": truth.fps,
            "size": list(truth.size),
            "spans": [spelt(span) for span in truth.spans],
            "events": [asdict(event) for event in truth.events],
        },
        indent=1,
    )


def spelt(span: Span) -> dict[str, Any]:
    """As the file has it."""
    told = asdict(span)
    return {"from": told.pop("since"), **told}
