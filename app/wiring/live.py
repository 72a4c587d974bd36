"""A live run and its parts."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app.card import Card
from app.errors import UsageError
from app.flow import Describer
from app.live import End, Inputs, Loop, Nobody, Parts, Run, Screen, Tell
from app.orders import Orders
from app.settings import Settings
from app.wiring.models import Chosen, chosen, open_describer, proven
from app.wiring.outputs import Opened, finish, open_command, open_files, open_screen, open_sounds
from app.wiring.watches import Vigil

if TYPE_CHECKING:
    from app.desk import Desk
    from app.narrator import Narrator
    from app.pace import Pacing


def live_run(settings: Settings) -> Run:
    """A live run as the settings say.

    Raises:
        Explained: the model is not installed, the source is not there, the log cannot be written, …
    """
    return watch_run(settings, Vigil(), is_narrating=True)


def watch_run(settings: Settings, vigil: Vigil, *, is_narrating: bool = False) -> Run:
    """A live run that tells what is watched for; without `is_narrating`, nothing else. Raises as `live_run`."""
    refuse_haste(settings)
    model, orders = chosen(settings), Orders()
    refuse_more_frames(settings.frames, model.card)

    def loop(describer: Describer) -> "Narrator":
        narrator = open_narrator(describer, model, settings, orders)
        narrator.lookout.watches = vigil.over(settings.watch or ())
        narrator.is_narrating = is_narrating
        return narrator

    return open_run(settings, model, loop, orders, open_command(vigil.then))


def ask_run(settings: Settings, question: str) -> Run:
    """`./run.sh ask`: one answer, and the end. Raises as `live_run`."""
    from app.once import Once

    model = chosen(settings)
    return open_run(settings, model, lambda describer: Once(open_desk(describer, settings, Orders()), question))


def open_run(
    settings: Settings,
    model: Chosen,
    loop: Callable[[Describer], Loop],
    orders: Orders | None = None,
    more: Sequence[Opened] = (),
) -> Run:
    """What every run is made of. `orders`: what keys give them to, if any are read; `more`: further outputs."""
    from app.cameras.choose import is_live, open_source
    from app.outputs.fan import Fan

    screen, wish = open_screen(settings), settings.wish.for_live()
    voices, sounds = open_sounds(settings, screen)
    return Run(
        Parts(
            source=lambda: open_source(settings.source, settings.asap),
            is_live=is_live(settings.source),
            describer=lambda: open_describer(model, wish, settings.trust_model),
            loop=loop,
            screen=screen,
            outputs=Fan([*open_files(settings, screen), *(each(screen.tell) for each in more), *sounds]),
            last_words=lambda stop: finish(voices, stop),
            inputs=lambda tell, end: open_keys(orders, screen, tell, end),
            warnings=model.notes,
            seconds=settings.seconds,
        )
    )


def open_keys(orders: Orders | None, screen: Screen, tell: Tell, end: End) -> Inputs:
    if orders is None:
        return Nobody()
    from app.inputs.keys import Keys

    return Keys(orders, tell, end, screen.rest)


def refuse_more_frames(wished: int, card: Card) -> None:
    """Raise UsageError for more frames than the model can be shown at once."""
    if wished > card.frames:
        at_most = "one frame" if card.frames == 1 else f"at most {card.frames} frames"
        raise UsageError(f"{card.name} can be shown {at_most} at once", "take a smaller --frames, or another --model")


def refuse_haste(settings: Settings) -> None:
    """Raise UsageError where captions cannot fall behind, so that there is nothing to govern by."""
    if settings.asap and settings.pace == "auto":
        raise UsageError("--asap waits for every caption, so there is no pace to govern", "leave out --asap or --pace")


def open_narrator(
    describer: Describer,
    model: Chosen,
    settings: Settings,
    orders: Orders | None = None,
    now: Callable[[], float] = time.monotonic,
) -> "Narrator":
    """A narrator as the settings say. `orders`: where it finds what people ask; `now`: the clock of the frames."""
    from app.attention import Attention
    from app.lookout import Lookout
    from app.narrator import Narrator

    desk = open_desk(describer, settings, orders or Orders(), now)
    attention = Attention(open_pace(describer, model, settings))
    if settings.every is not None:  # then that alone decides
        attention.burst_s = 0.0
    lookout = Lookout(describer, now=now, is_filmed=not settings.asap)
    return Narrator(desk, settings.words(model.card.prompt), attention, lookout, frame_count=settings.frames)


def open_desk(
    describer: Describer, settings: Settings, orders: Orders, now: Callable[[], float] = time.monotonic
) -> "Desk":
    from app.desk import Desk
    from app.verbosity import level

    return Desk(describer, orders, level(settings.verbosity), settings.max_tokens, now)


def open_pace(describer: Describer, model: Chosen, settings: Settings) -> "Pacing":
    from app.pace import GovernedPace, Pace

    if settings.pace == "steady":
        return Pace(settings.least_s)
    from app.governor import Governor
    from app.power.sensor import PowerSensor

    return GovernedPace(Governor(proven(model, settings.wish, describer), settings.caption_s), PowerSensor())
