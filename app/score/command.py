"""`./run.sh score`: clips narrated on a clock of their own, or the log of a run, compared with what was true."""

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
    from app.score.metrics import Verdicts
    from app.score.narration import Narration
    from app.score.truth import Truth

OURS, BASELINE = "looksay", "every second"


def score(what: Path, truth: Path | None, log: Path | None, settings: Settings) -> int:
    """Score a clip by its truth (beside it, if not named), or all clips of a folder that have one; or a run's log.

    Raises:
        UserError: a truth or a log cannot be read, a clip is missing, the model is not installed, …
    """
    from app.score.report import as_json, show

    if os.path.isdir(what) and (truth or log):
        one = f"the truth {truth}" if truth else f"the log {log}"
        raise UsageError(f"{one} is of one clip, and {what} is a folder", "name the clip instead of the folder")
    if log:
        scored = score_log(log, what, truth or what.with_suffix(".json"))
    else:
        scored = score_clips(clips_in(what) if os.path.isdir(what) else [(what, truth)], settings)
    if settings.json:
        print(json.dumps(as_json(scored)))
    else:
        show(scored)
    return 0


def clips_in(folder: Path) -> list[tuple[Path, Path | None]]:
    """Every clip of a folder that has a truth beside it, with that truth."""
    from app.score.truth import read_truth

    try:
        truths = sorted(
            folder / each for each in os.listdir(folder) if each.endswith(".json") and not is_appledouble(each)
        )
    except OSError as failure:
        raise ScoreError(*explain(failure, folder, "folder")) from failure
    if not truths:
        hint = "python -m models.demo.clips FOLDER draws some"
        raise ScoreError(f"{readable(folder)} has no clip with its truth (.json) beside it", hint)
    return [(folder / read_truth(each).clip, each) for each in truths]


def truth_of(clip: Path, path: Path | None) -> "Truth":
    """The truth of this clip. Raises ScoreError: it cannot be read, or is that of another clip."""
    from app.score.truth import read_truth

    path = path or clip.with_suffix(".json")
    truth = read_truth(path)
    if normalize("NFC", Path(truth.clip).name).casefold() != normalize("NFC", clip.name).casefold():  # as disks do
        hint = f'name the truth of {clip.name}; if this is it, write "clip": {json.dumps(clip.name)} into it'
        raise ScoreError(f"{path} is the truth of {truth.clip}, and not of {clip.name}", hint)
    return truth


def refuse_missing(clip: Path) -> None:
    try:
        if stat.S_ISREG(clip.stat().st_mode):
            return
    except OSError as failure:
        raise ScoreError(*explain(failure, clip, "clip or folder")) from failure
    raise ScoreError(f"{readable(clip)} is not a clip", "name a video, or a folder of clips with their truths")


def score_log(log: Path, clip: Path, truth: Path) -> "dict[str, list[Verdicts]]":
    """The clip itself need not exist any more."""
    from app.novelty import same
    from app.score.metrics import judge
    from app.score.narration import read_log

    if not os.path.isfile(truth):  # then its clip may be mistyped
        refuse_missing(clip)
    return {OURS: [judge(truth_of(clip, truth), read_log(log), same)]}


def score_clips(clips: Sequence[tuple[Path, Path | None]], settings: Settings) -> "dict[str, list[Verdicts]]":
    """Each clip twice: as looksay narrates it, and as a program that describes every second does."""
    from app.novelty import same
    from app.score.metrics import judge

    for clip, _ in clips:
        refuse_missing(clip)
    truths, model = [truth_of(clip, truth) for clip, truth in clips], chosen(settings)
    refuse_more_frames(settings.frames, model.card)
    describer = open_describer(model, settings.model_options.for_live(), settings.trust_model)
    scored: dict[str, list[Verdicts]] = {OURS: [], BASELINE: []}
    try:
        for (clip, _), truth in zip(clips, truths, strict=True):
            print(f"score: {clip.name}", file=sys.stderr, flush=True)
            for name, narration in narrations(clip, describer, model, settings).items():
                scored[name].append(judge(truth, narration, same))
    finally:
        describer.close()
    return scored


def narrations(clip: Path, describer: Describer, model: Chosen, settings: Settings) -> "dict[str, Narration]":
    from app.commands.measurement import EverySecond
    from app.score.narration import FakeClock, play
    from app.sources.video import Video

    clock = FakeClock()
    ours = open_narrator(describer, model, settings, now=clock.now)
    baseline = EverySecond(describer, settings.words(model.card.prompt), settings.max_tokens)
    return {
        OURS: play(ours.watch, Video(clip, asap=True).frames(Event()), clock),
        BASELINE: play(baseline.watch, Video(clip, asap=True).frames(Event()), FakeClock()),
    }
