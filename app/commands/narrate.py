"""A live run and its parts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.commands.outputs import Opened, finish, is_heard, open_command, open_files, open_screen, open_sounds
from app.commands.several import asking_stage, narrating_stage
from app.commands.stage import Stage, refuse_more_frames
from app.commands.watches import Vigil
from app.config import Settings
from app.errors import UsageError
from app.events import RunEvent
from app.live.session import Inputs, Nobody, Parts, Reins, Run, Screen, Tell
from app.protocols import Output

if TYPE_CHECKING:
    from app.audio.voice import Voice
    from app.web.server import Page


def live_run(settings: Settings) -> Run:
    """A live run as the settings say.

    Raises:
        UserError: the model is not installed, the source is not there, the log cannot be written, …
    """
    return watch_run(settings, Vigil(), is_narrating=True)


def watch_run(settings: Settings, vigil: Vigil, *, is_narrating: bool = False) -> Run:
    """A live run that tells what is watched for; without `is_narrating`, nothing else. Raises as `live_run`."""
    stage = narrating_stage(settings, vigil, is_narrating=is_narrating)
    refuse_more_frames(settings.frames, stage.model(settings.model).card)
    return open_run(stage, open_command(vigil.then))


def ask_run(settings: Settings, question: str) -> Run:
    """`./run.sh ask`: one answer, and the end. Raises as `live_run`."""
    stage = asking_stage(settings, question)
    stage.model(settings.model)
    return open_run(stage, has_keys=False)


def open_run(stage: Stage, more: Sequence[Opened] = (), *, has_keys: bool = True) -> Run:
    """What every run is made of. `has_keys`: whether keys are read; `more`: further outputs.

    What an output complains of is shown wherever people read: a voice that fails cannot say so.
    """
    from app.outputs.fanout import Fan

    settings = stage.settings
    screen = open_screen(settings)
    shown: list[Output] = [screen]

    def warn(notice: RunEvent) -> None:
        for each in shown:
            each.tell(notice)

    voices, sounds = open_sounds(settings, warn)
    files = [*open_files(settings, warn), *(each(warn) for each in more)]
    pages = open_pages(stage, screen.tell, voices)
    shown += pages

    def inputs(reins: Reins) -> Inputs:
        for each in pages:
            begin(each, stage, reins, screen.tell)
        return open_keys(screen, reins) if has_keys else Nobody()

    return Run(
        Parts(
            stage=stage,
            choice=stage.choice,
            screen=screen,
            outputs=Fan([*files, *sounds, *pages]),
            last_words=lambda stop: finish(voices, stop),
            inputs=inputs,
            seconds=settings.seconds,
            commands=stage.orders,
        )
    )


def open_pages(stage: Stage, warn: Tell, voices: "Sequence[Voice]") -> "Sequence[Page]":
    """The page, if there is to be one."""
    refuse_idle_seal(stage.settings)
    if not stage.settings.is_paged:
        return ()
    from app.commands.page import open_page

    return (open_page(stage, warn, voice=is_heard(stage.settings) if voices else None),)


def begin(page: "Page", stage: Stage, reins: Reins, tell: Tell) -> None:
    from app.commands import page as pages

    pages.begin(page, stage, reins, tell)


def open_keys(screen: Screen, reins: Reins) -> Inputs:
    from app.terminal.keyboard import Keys

    return Keys(reins.send, reins.tell, screen.rest)


def refuse_idle_seal(settings: Settings) -> None:
    """Raise UsageError for a certificate that nobody would be shown, or a key without one."""
    if settings.page_key and not settings.page_cert:
        raise UsageError("--page-key belongs to a certificate", "name that too: --page-cert FILE.pem")
    if settings.page_cert and settings.page_host is None:
        raise UsageError("--page-cert is for a page that is open to a network", "add --page-host, or leave it out")
