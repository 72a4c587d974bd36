"""Who takes part in a live run: source, describer and loop, for whatever camera and model are chosen."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from app.backends import Engine, engine
from app.commands.watches import Vigil
from app.config import Settings
from app.errors import UsageError
from app.events import LiveSettings
from app.live.controls import CommandQueue
from app.live.infer import Choice, Loop
from app.models.card import Card
from app.protocols import Describer, Source

if TYPE_CHECKING:
    from app.commands.several import Group
    from app.live.controls import Desk
    from app.live.narrator import Narrator, Onlookers
    from app.sources.eye import Eye

NOTHING_MORE = Vigil()
Make = Callable[["Stage", Describer, Engine], Loop]
"""Makes what goes on while a source is looked at."""


@dataclass(slots=True)
class Stage:
    """As the settings say, and as people have set it since."""

    settings: Settings
    make: Make
    orders: CommandQueue = field(default_factory=CommandQueue)
    eye: "Eye | None" = None
    """Where a browser's pictures come in, if they may."""
    onlookers: "Onlookers | None" = None
    group: "Group | None" = None
    """The cameras, where there are several; they are looked at together, and none is gone over to."""
    setup: LiveSettings = field(init=False)
    """How it is set at present."""
    models: dict[str, Engine] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.setup = as_set(self.settings)

    @property
    def choice(self) -> Choice:
        """What the settings name, as it may be shown; what --model does not name by the name that it has there."""
        model = self.settings.model
        named = self.model(model).card.name if self.settings.backend in ("server", "llama") else model
        if self.group:
            return Choice(self.group.shown, named)
        from app.sources.open_source import shown

        return Choice(shown(self.settings.source), named)

    def named(self, choice: Choice) -> str:
        """The source that is meant, whatever of it may be shown."""
        own = self.choice.source
        return self.settings.source if choice.source == own else choice.source

    def model(self, name: str) -> Engine:
        """Raises UserError as `engine`."""
        if name not in self.models:
            self.models[name] = engine(replace(self.settings, model=name))
        return self.models[name]

    def is_live(self, choice: Choice) -> bool:
        from app.sources.open_source import is_live

        return all(map(is_live, self.group.sources if self.group else [self.named(choice)]))

    def source(self, choice: Choice) -> Source:
        if self.group:
            return self.group.open()
        from app.sources.open_source import open_source

        return open_source(self.named(choice), self.settings.asap, self.eye)

    def describer(self, choice: Choice) -> Describer:
        return self.model(choice.model).open(
            self.settings.model_options.for_live(), is_trusted=self.settings.trust_model
        )

    def loop(self, describer: Describer, choice: Choice) -> Loop:
        return self.make(self, describer, self.model(choice.model))

    def warnings(self, choice: Choice) -> tuple[str, ...]:
        return self.model(choice.model).notes

    def note(self, setup: LiveSettings) -> None:
        self.setup = setup


def as_set(settings: Settings) -> LiveSettings:
    return LiveSettings(settings.prompt or "", settings.verbosity, settings.every, tuple(settings.watch or ()))


def own_words(settings: Settings, model: Engine) -> str:
    """What this model is asked where nobody wants it to be asked otherwise."""
    return replace(settings, prompt=None).words(model.card.prompt)


def refuse_more_frames(wished: int, card: Card) -> None:
    """Raise UsageError for more frames than the model can be shown at once."""
    if wished > card.frames:
        at_most = "one frame" if card.frames == 1 else f"at most {card.frames} frames"
        raise UsageError(f"{card.name} can be shown {at_most} at once", "take a smaller --frames, or another --model")


def narrating(vigil: Vigil, *, is_narrating: bool) -> Make:
    """The live loop; without `is_narrating` only what is watched for is told."""

    def make(stage: Stage, describer: Describer, model: Engine) -> "Narrator":
        refuse_more_frames(stage.settings.frames, model.card)
        narrator = open_narrator(describer, model, stage.settings, stage.orders, vigil=vigil)
        narrator.begin(stage.setup)
        narrator.is_narrating = is_narrating
        if stage.onlookers:
            narrator.onlookers = stage.onlookers
        return narrator

    return make


def asking(question: str) -> Make:
    """`./run.sh ask`: one answer, and the end."""

    def make(stage: Stage, describer: Describer, model: Engine) -> Loop:
        from app.live.once import Once

        return Once(open_desk(describer, model, stage.settings, stage.orders), question)

    return make


def open_narrator(
    describer: Describer,
    model: Engine,
    settings: Settings,
    orders: CommandQueue | None = None,
    now: Callable[[], float] = time.monotonic,
    vigil: Vigil = NOTHING_MORE,
) -> "Narrator":
    """A narrator as the settings say. `orders`: where it finds what people ask; `now`: the clock of the frames."""
    from app.frames.pace import Pace
    from app.frames.selector import Attention
    from app.live.narrator import Narrator
    from app.live.recent import Recent
    from app.live.watch import Lookout

    desk = open_desk(describer, model, settings, orders or CommandQueue(), now)
    attention = Attention(Pace(settings.least_s))
    lookout = Lookout(describer, vigil.lasting_s, vigil.cooldown_s, now=now, is_filmed=not settings.asap)
    narrator = Narrator(desk, attention, lookout, recent=Recent(settings.frames))
    narrator.begin(as_set(settings))
    return narrator


def open_desk(
    describer: Describer,
    model: Engine,
    settings: Settings,
    orders: CommandQueue,
    now: Callable[[], float] = time.monotonic,
) -> "Desk":
    from app.live.controls import Desk

    return Desk(describer, orders, as_set(settings), own_words(settings, model), settings.max_tokens, now)
