"""What is true in a clip and when, as a JSON file beside it says:

    {"clip": "desk.mp4", "fps": 25, "size": [640, 480],
     "spans": [{"from": 0, "until": 6.2, "kind": "scene", "captions": ["A red circle is on the left."]},
               {"from": 6.2, "until": 6.8, "kind": "changing", "captions": []},
               {"from": 6.8, "until": 20, "kind": "scene", "captions": ["The scene is empty."], "nuisance": ["noise"]}],
     "events": [{"at": 0, "kind": "begin"}, {"at": 6.2, "kind": "vanish"}]}

Spans follow one another without a gap. `captions`: every sentence that is true then; a scene has at least one.
`nuisance`: disturbances of the picture that are not worth a word. An event begins at `at`; a sentence reports it if it
says what one of `told_by` says, by default the captions of the first span from there on that is not `changing`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from app.commands.measurement import read_text
from app.errors import ScoreError
from app.files import readable

SpanKind = Literal["scene", "changing", "dark", "covered", "frozen", "blurred"]
BLIND = ("dark", "covered", "frozen", "blurred")
"""Kinds of span that a notice is due for."""
TOUCHING_S = 0.05
"""Spans may be this far apart, or overlap by as much."""
HINT = "app/score/truth.py begins with an example of such a file"

STRICT = ConfigDict(strict=True)
"""No conversions: a number is not a text of digits, nor true."""
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Text = Annotated[str, Field(pattern=r"\S")]
Side = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, slots=True, config=STRICT)
class Span:
    """A time in which the same sentences are true; seconds of the clip."""

    since: Annotated[Seconds, Field(alias="from")]
    until: Seconds
    kind: SpanKind
    captions: tuple[Text, ...] = ()
    nuisance: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, config=STRICT)
class Occurrence:
    """An event that a narrator should report."""

    at: Seconds
    """Seconds of the clip, when it begins."""
    kind: Text
    told_by: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, config=STRICT)
class Truth:
    """What is true in one clip."""

    clip: Text
    """The file's name, beside the truth."""
    fps: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    size: tuple[Side, Side]
    """Width and height."""
    spans: tuple[Span, ...]
    events: tuple[Occurrence, ...]

    @property
    def seconds(self) -> float:
        return self.spans[-1].until

    @property
    def is_quiet(self) -> bool:
        """Whether it can be seen throughout, with at most one event in ten seconds, the beginning aside."""
        is_blind = any(span.kind in BLIND for span in self.spans)
        return not is_blind and 10 * sum(event.at > 0 for event in self.events) <= self.seconds

    def between(self, since: float, until: float) -> list[Span]:
        """The spans that share a moment with this time."""
        return [span for span in self.spans if span.since <= until and span.until >= since]

    def around(self, span: Span) -> list[Span]:
        """The span before a change and the one after it; the span itself if it is not a change."""
        if span.kind != "changing":
            return [span]
        place = self.spans.index(span)
        return [each for each in (settled(self.spans[:place][::-1]), settled(self.spans[place:])) if each]

    def change_end(self, event: Occurrence) -> float:
        """When the change that begins with the event is complete, in seconds of the clip."""
        after = settled([span for span in self.spans if span.until > event.at + TOUCHING_S])
        return max(event.at, after.since if after else event.at)

    def to_json(self) -> str:
        """The file's text."""
        return TypeAdapter(Truth).dump_json(self, by_alias=True, indent=1).decode()


def settled(spans: Sequence[Span]) -> Span | None:
    """The first of them that is not a change."""
    return next((span for span in spans if span.kind != "changing"), None)


def read_truth(path: Path) -> Truth:
    """The truth in a file.

    Raises:
        ScoreError: it cannot be read or contradicts itself; the message names the place in it.
    """
    text, name = read_text(path, ScoreError, "truth of a clip"), readable(path.name)
    try:
        truth = TypeAdapter(Truth).validate_json(text)
    except ValidationError as failure:
        first = failure.errors()[0]
        place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in first["loc"]).lstrip(".")
        raise ScoreError(": ".join(filter(None, [name, place, first["msg"]])), HINT) from failure
    for mistake in contradictions(truth):
        raise ScoreError(f"{name}: {mistake}", HINT)
    events = (replace(event, told_by=event.told_by or default_captions(truth, event)) for event in truth.events)
    return replace(truth, events=tuple(sorted(events, key=lambda event: event.at)))


def default_captions(truth: Truth, event: Occurrence) -> tuple[str, ...]:
    after = settled([span for span in truth.spans if span.until > event.at + TOUCHING_S])
    return after.captions if after else ()


def contradictions(truth: Truth) -> Iterator[str]:
    if not truth.spans or truth.spans[0].since > TOUCHING_S:
        yield "spans: no span begins at 0"
    for place, span in enumerate(truth.spans):
        if span.until <= span.since:
            yield f"spans[{place}].until: {span.until:g} is not later than from, {span.since:g}"
        if span.kind == "scene" and not span.captions:
            yield f"spans[{place}]: a scene without captions, so that every sentence about it would be wrong"
    for place, (one, other) in enumerate(pairwise(truth.spans), 1):
        if abs(other.since - one.until) > TOUCHING_S:
            yield f"spans[{place}]: begins at {other.since:g}, but the span before ends at {one.until:g}"
    for place, event in enumerate(truth.events):
        if not (event.told_by or default_captions(truth, event)):
            yield f"events[{place}]: no caption is valid after {event.at:g} s"
