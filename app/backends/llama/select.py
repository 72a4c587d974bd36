"""`--backend llama`: a GGUF pair in a llama.cpp server of our own, llama-server or the one in the xllamacpp wheel.

The files are judged before anything is started, and the eyes by the sight test after it, as with every engine. What
llama-server is to fetch from the hub by itself can be judged by its sight alone, and the banner says so.
"""

import re
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.backends.startup import Chosen, doubts, refuse, run_check
from app.config import AS_PUBLISHED, ModelOptions, Settings
from app.errors import ModelError, Outage, UsageError
from app.models.registry import Card
from app.protocols import Describer

if TYPE_CHECKING:
    from app.backends.llama.describer import RestartingServer, Shown
    from app.check.findings import Finding

AT_ONCE = 4
"""Of several cameras' frames. Each slot of llama-server takes memory."""
MOST_FRAMES = 8
"""In one question, of a model that no card tells of."""
HUB = re.compile(r"\w[\w.-]*/\w[\w.-]*(:[\w.-]+)?")
DOWNLOAD_S = 6 * 3600.0
"""For gigabytes over a slow line; Ctrl-C ends it."""
SETTLED = "projector-unasked"
"""A doubt that is none any more once it runs and sees."""
LEASED = "which downloads it by itself if it is not there yet; looksay cannot check these files beforehand."


@dataclass(frozen=True, slots=True)
class Pair:
    """A GGUF pair, and how it is to be run."""

    card: Card
    text: Path
    """Of a pair on the hub, its name there."""
    mmproj: Path | None = None
    hub: str = ""
    parallel: int = 1

    @property
    def notes(self) -> tuple[str, ...]:
        """See `Engine.notes`."""
        fetched = f"{self.hub} is left to llama-server, {LEASED}" if self.hub else ""
        return tuple(filter(None, [fetched, self.card.note]))

    @property
    def at_once(self) -> int:
        return self.parallel

    @property
    def usual(self) -> int:
        """The most tokens of a frame, where only the registry may know of the eyes: a tile of those that tile."""
        from app.backends.llama.describer import TOKENS

        tokens = self.card.image_tokens
        return tokens.default if tokens and tokens.how == "tile edge" else TOKENS

    @property
    def called(self) -> Chosen:
        return Chosen(self.text, self.card, self.hub or str(self.text))

    def open(self, wish: ModelOptions, *, is_trusted: bool) -> Describer:
        """See `Engine.open`."""
        if wish.precision:
            raise UsageError("--precision is for other backends", "take a GGUF file of that quantization")
        findings = self.judged()
        refuse(self.called, findings, is_trusted)
        describer = self.started(wish)
        try:
            findings = [*findings, *run_check("sight", lambda: sight(describer))]
            refuse(self.called, findings, is_trusted)
        except BaseException:
            describer.close()
            raise
        describer.check_warnings = doubts([each for each in findings if each.code != SETTLED])
        return describer

    def judged(self) -> "list[Finding]":
        """What the files' headers tell."""
        from app.check.gguf_pair import judge_pair

        return [] if self.hub else judge_pair(self.text, self.mmproj)

    def started(self, wish: ModelOptions) -> "RestartingServer":
        """Raises ModelError if it cannot be started, and if there is nothing to start it with."""
        from app.backends.llama.describer import RestartingServer
        from app.backends.llama.server import PATIENCE_S, Order, files

        look = self.shown(wish)
        model = ("-hf", self.hub) if self.hub else files(self.text, self.mmproj)
        patience_s = DOWNLOAD_S if self.hub else PATIENCE_S
        order = Order(model, self.parallel, look.limit, patience_s)
        return RestartingServer(self.card.name, order, look)

    def shown(self, wish: ModelOptions) -> "Shown":
        from app.backends.llama.describer import DETAILED, Shown, shown
        from app.models.corrupt_file import CorruptFile

        limit = wish.image_tokens
        if limit == "tiles":
            return DETAILED
        if self.mmproj is None:
            return Shown(limit=limit or self.usual)
        try:
            return shown(self.mmproj, limit)
        except (CorruptFile, OSError):  # trusted all the same: llama.cpp will say what it thinks of it
            return Shown(limit=limit)


def can_run() -> bool:
    """Whether there is anything here to run a pair with."""
    from app.backends.llama.server import installed

    return installed() is not None


def sight_findings(path: Path, mmproj: Path | None) -> "list[Finding]":
    """Findings of the sight test, with the pair as published. Raises ModelError if it cannot be started."""
    with closing(found(path, mmproj, 1).started(AS_PUBLISHED)) as describer:
        return sight(describer)


def sight(describer: Describer) -> "list[Finding]":
    """Raises ModelError if it cannot be asked, without trying again."""
    from app.check.vision_test import finding, look

    try:
        return [finding(look(describer))]
    except Outage as outage:
        raise ModelError(
            outage.message, "start looksay again; if it stays so, take another file or llama.cpp"
        ) from outage


def chosen(settings: Settings) -> Pair:
    """The pair that the settings name: files, or a name on the hub.

    Raises:
        UsageError: none is named, or another model beside it.
        ModelError: it is not there.
    """
    pair = named(settings)
    if settings.model not in (Settings().model, "auto", pair.card.name):
        raise UsageError("--model chooses no pair in GGUF", "leave --model out: --gguf names what is run")
    return pair


def named(settings: Settings) -> Pair:
    """Raises as `chosen`, whatever --model says."""
    from app.models.registry import path_of

    if not settings.gguf:
        raise UsageError("--backend llama needs a pair in GGUF", name_one(settings.model))
    what, parallel = settings.gguf, settings.parallel or (AT_ONCE if settings.camera or settings.cameras else 1)
    if what.lower().endswith(".gguf") or path_of(what).exists() or not HUB.fullmatch(what):
        return found(path_of(what), path_of(settings.mmproj) if settings.mmproj else None, parallel)
    if settings.mmproj:
        raise UsageError("--mmproj is for a pair of files", "leave it out: llama-server finds it on the hub")
    return Pair(card_of(what), Path(what), hub=what, parallel=parallel)


def name_one(model: str) -> str:
    """A remedy: the pair of that model on the hub, if the registry names one."""
    from app.models import registered

    card = registered().get(model)
    pair = f", or {card.gguf}, which llama-server downloads" if card and card.gguf else ""
    return f"name it: --gguf FILE{pair}"


def card_of(hub: str) -> Card:
    """What the registry knows of a model with this pair."""
    from app.models import registered

    return next((each for each in registered().values() if each.gguf == hub), Card(hub, gguf=hub, frames=MOST_FRAMES))


def card_in(text: Path) -> Card:
    """What the registry knows of a file that names its model there, as the demo model's does; of any other its name."""
    from app.models import registered
    from app.models.corrupt_file import CorruptFile
    from app.models.gguf import read_header

    try:
        named = read_header(text).keys.get("looksay.model")
    except (CorruptFile, OSError):  # whoever judges the pair says so
        named = None
    return registered().get(str(named)) or Card(text.stem, frames=MOST_FRAMES)


def found(path: Path, mmproj: Path | None, parallel: int) -> Pair:
    """The files that are meant."""
    from app.check.gguf_pair import find_pair
    from app.models.corrupt_file import CorruptFile

    try:
        pair = find_pair(path, mmproj)
    except CorruptFile as failure:
        raise ModelError(failure.sentence, failure.hint) from failure
    return Pair(card_in(pair.text), pair.text, pair.mmproj, parallel=parallel)
