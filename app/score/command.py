"""`./run.sh score`: clips narrated on a clock of their own, or the log of a run, held against what was true."""

import json
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING
from unicodedata import normalize

from app.backends.startup import Chosen, chosen, open_describer
from app.commands.narrate import open_narrator, refuse_more_frames
from app.config import Settings
from app.errors import ScoreError, UsageError
from app.files import explain, is_appledouble, readable
from app.protocols import Describer

if TYPE_CHECKING:
    from app.score.log_reader import Telling
    from app.score.metrics import Verdicts
    from app.score.truth import Truth

OURS, THEIRS = "looksay", "every second"
Pair = tuple[Path, Path]
"""A clip and its truth."""


def score(what: Path, truth: Path | None, log: Path | None, settings: Settings) -> int:
    """Score a clip by its truth (beside it, if not named), or all clips of a folder that have one; or a run's log.

    Raises:
        UserError: a truth or a log cannot be read, a clip is missing, the model is not installed, …
    """
    from app.score.table import show, spelt_json

    refuse_folder(what, truth, log)
    scored = of_log(log, what, truth_of(what, truth)) if log else of_clips(clips_in(what, truth), settings)
    if settings.json:
        print(json.dumps(spelt_json(scored)))
    else:
        show(scored)
    return 0


def refuse_folder(what: Path, truth: Path | None, log: Path | None) -> None:
    """Raise UsageError for a truth or a log that can be of one clip only, and not of a folder of them."""
    if os.path.isdir(what) and (truth or log):
        one = f"the truth {truth}" if truth else f"the log {log}"
        raise UsageError(f"{one} is of one clip, and {what} is a folder", "name the clip in place of the folder")


def clips_in(what: Path, truth: Path | None) -> list[Pair]:
    """Every clip of a folder that has a truth beside it; or the one that is named."""
    from app.score.truth import read

    if not os.path.isdir(what):
        return [(what, truth_of(what, truth))]
    try:
        truths = sorted(what / name for name in os.listdir(what) if name.endswith(".json") and not is_appledouble(name))
    except OSError as failure:
        raise ScoreError(*explain(failure, what, "folder")) from failure
    if not truths:
        hint = "python -m models.demo.clips FOLDER draws some"
        raise ScoreError(f"{readable(what)} has no clip with its truth (.json) beside it", hint)
    return [(what / read(each).clip, each) for each in truths]


def truth_of(clip: Path, truth: Path | None) -> Path:
    return truth or clip.with_suffix(".json")


def truth_about(clip: Path, path: Path) -> "Truth":
    """The truth of this clip. Raises ScoreError: it cannot be read, or tells of another clip."""
    from app.score.truth import read

    truth = read(path)
    if normalize("NFC", Path(truth.clip).name).casefold() != normalize("NFC", clip.name).casefold():  # as disks do
        hint = f'name the truth of {clip.name}; if this is it, write "clip": {json.dumps(clip.name)} into it'
        raise ScoreError(f"{path} is the truth of {truth.clip}, and not of {clip.name}", hint)
    return truth


def refuse_missing(clip: Path) -> None:
    """Raise ScoreError if there is no such clip."""
    try:
        if stat.S_ISREG(clip.stat().st_mode):
            return
    except OSError as failure:
        raise ScoreError(*explain(failure, clip, "clip or folder")) from failure
    raise ScoreError(f"{readable(clip)} is no clip", "name a video, or a folder of clips with their truths")


def of_log(log: Path, clip: Path, truth: Path) -> "dict[str, list[Verdicts]]":
    """The clip itself need not be there any more."""
    from app.novelty import same
    from app.score.log_reader import logged
    from app.score.metrics import judge

    if not os.path.isfile(truth):  # then its clip may be mistyped
        refuse_missing(clip)
    return {OURS: [judge(truth_about(clip, truth), logged(log), same)]}


def of_clips(pairs: Sequence[Pair], settings: Settings) -> "dict[str, list[Verdicts]]":
    """Each clip twice: as looksay narrates it, and as programs do that describe every second."""
    from app.novelty import same
    from app.score.metrics import judge

    for clip, _ in pairs:
        refuse_missing(clip)
    truths, model = [truth_about(clip, truth) for clip, truth in pairs], chosen(settings)
    refuse_more_frames(settings.frames, model.card)
    describer = open_describer(model, settings.model_options.for_live(), settings.trust_model)
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
    from app.score.replay import Clock, Dutiful, play
    from app.sources.video import Video

    clock, other = Clock(), Clock()
    narrator = open_narrator(describer, model, settings, now=clock.now)
    dutiful = Dutiful(describer, settings.words(model.card.prompt), settings.max_tokens)
    return {
        OURS: play(narrator.watch, Video(clip, asap=True).frames(Event()), clock),
        THEIRS: play(dutiful.watch, Video(clip, asap=True).frames(Event()), other),
    }
