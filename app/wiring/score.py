"""`./run.sh score`: clips narrated on a clock of their own, or the log of a run, held against what was true."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from app.errors import ScoreError
from app.flow import Describer
from app.settings import Settings
from app.wiring.live import open_narrator
from app.wiring.models import Chosen, chosen, open_describer

if TYPE_CHECKING:
    from app.score.judge import Verdicts
    from app.score.told import Telling

OURS, THEIRS = "looksay", "every second"
Pair = tuple[Path, Path]
"""A clip and its truth."""


def score(what: Path, truth: Path | None, log: Path | None, settings: Settings) -> int:
    """Score a clip by its truth (beside it, if not named), or all clips of a folder that have one; or a run's log.

    Raises:
        Explained: a truth or a log cannot be read, the model is not installed, …
    """
    from app.score.table import show, spelt_json

    scored = of_log(log, truth_of(what, truth)) if log else of_clips(clips_in(what, truth), settings)
    if settings.json:
        print(json.dumps(spelt_json(scored)))
    else:
        show(scored)
    return 0


def clips_in(what: Path, truth: Path | None) -> list[Pair]:
    """Every clip of a folder that has a truth beside it; or the one that is named."""
    from app.score.truth import read

    if not what.is_dir():
        return [(what, truth_of(what, truth))]
    truths = sorted(what.glob("*.json"))
    if not truths:
        remedy = "python -m models.demo.clips FOLDER draws some"
        raise ScoreError(f"{what} has no clip with its truth (.json) beside it", remedy)
    return [(what / read(each).clip, each) for each in truths]


def truth_of(clip: Path, truth: Path | None) -> Path:
    return truth or clip.with_suffix(".json")


def of_log(log: Path, truth: Path) -> "dict[str, list[Verdicts]]":
    from app.news import same
    from app.score.judge import judge
    from app.score.told import logged
    from app.score.truth import read

    return {OURS: [judge(read(truth), logged(log), same)]}


def of_clips(pairs: Sequence[Pair], settings: Settings) -> "dict[str, list[Verdicts]]":
    """Each clip twice: as looksay narrates it, and as programs do that describe every second."""
    from app.news import same
    from app.score.judge import judge
    from app.score.truth import read

    truths, model = [read(truth) for _, truth in pairs], chosen(settings)
    describer = open_describer(model, settings.wish.for_live(), settings.trust_model)
    scored: dict[str, list[Verdicts]] = {OURS: [], THEIRS: []}
    try:
        for (clip, _), truth in zip(pairs, truths, strict=True):
            print(f"score: {clip.name}", file=sys.stderr, flush=True)
            for name, telling in tellings(clip, describer, model, settings).items():
                scored[name].append(judge(truth, telling, same))
    finally:
        describer.close()
    return scored


def tellings(clip: Path, describer: Describer, model: Chosen, settings: Settings) -> "dict[str, Telling]":
    from app.cameras.video import Video
    from app.score.clock import Clock
    from app.score.dutiful import Dutiful
    from app.score.play import play

    clock, other = Clock(), Clock()
    narrator = open_narrator(describer, model, settings, now=clock.now)
    dutiful = Dutiful(describer, settings.words(model.card.prompt), settings.max_tokens)
    return {
        OURS: play(narrator.watch, Video(clip, asap=True).frames(Event()), clock),
        THEIRS: play(dutiful.watch, Video(clip, asap=True).frames(Event()), other),
    }
