"""What is true when, of a script: spans with their captions, and events."""

from itertools import pairwise

from app.demo import scenes
from app.demo.scenes import Scene
from app.score.truth import Occurrence, Span, SpanKind, Truth
from models.demo.clips.script import Beat, Blind, Script

BLACK = "Everything is black."
EMPTY_S = 1e-3
"""Two borders nearer than that are one."""


def truth(script: Script, clip: str, fps: float, size: tuple[int, int]) -> Truth:
    """Times are those of the first frames that show it."""
    borders = [0.0, script.seconds]
    borders += [at for beat in script.beats for at in (beat.at, beat.until)]
    borders += [at for blind in script.blinds for at in (blind.since - blind.ramp, blind.since, blind.until)]
    borders += [at for stretch in script.stretches for at in (stretch.since, stretch.until)]
    ordered = [0.0, *(at for before, at in pairwise(sorted(borders)) if at - before > EMPTY_S)]
    spans = tuple(span(script, since, until) for since, until in pairwise(ordered))
    begin = Occurrence(0.0, "begin", (scenes.caption(script.first),))
    return Truth(clip, fps, size, spans, (begin, *(occurrence(beat) for beat in script.beats)))


def span(script: Script, since: float, until: float) -> Span:
    """The one between two borders, told by its middle."""
    middle = (since + until) / 2
    blind = next((each for each in script.blinds if each.since - each.ramp <= middle < each.until), None)
    is_changing = any(beat.at <= middle < beat.until for beat in script.beats)
    nuisance = tuple(each.nuisance for each in script.stretches if each.since <= middle < each.until)
    kind = kind_of(blind, middle) if blind else "changing" if is_changing else "scene"
    captions = captions_of(script, middle, kind, blind.way if blind else "")
    return Span(round(since, 4), round(until, 4), kind, captions, nuisance)


def captions_of(script: Script, media_s: float, kind: SpanKind, way: str) -> tuple[str, ...]:
    """What a person could say of the picture; of a hand before the lens, nothing that the model can say."""
    seen = () if kind in ("changing", "covered") else (scenes.caption(scene_after(script, media_s)),)
    return (*seen, BLACK) if kind == "dark" or way == "lid" else seen


def kind_of(blind: Blind, media_s: float) -> SpanKind:
    return blind.kind if media_s >= blind.since else "changing"


def scene_after(script: Script, media_s: float) -> Scene:
    """The last one that anything has led to."""
    return next((beat.after for beat in reversed(script.beats) if beat.at <= media_s), script.first)


def occurrence(beat: Beat) -> Occurrence:
    """Told by what there is now, or by what happened to one shape."""
    sentences = dict.fromkeys([scenes.caption(beat.after), scenes.story([beat.before, beat.after])])
    return Occurrence(round(beat.at, 4), beat.kind, tuple(sentences))
