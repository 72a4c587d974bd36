"""Live narration, `watch` and `ask`: settings in, a `Run` with all its parts out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.backends import Engine, engine
from app.commands.outputs import OpenOutput, finish_speech, is_heard, open_files, open_hook, open_screen, open_sounds
from app.config import Settings, check_live_settings
from app.errors import SourceError, UsageError
from app.events import LiveSettings, RunEvent
from app.live.controls import CommandQueue
from app.live.session import Inputs, Loop, NoInputs, Run, RunHandles, Selection
from app.protocols import Describer, Output, Source
from app.threads import FairTurns

if TYPE_CHECKING:
    from app.live.captioner import Captioner
    from app.live.controls import Controls
    from app.live.narrator import CameraNarration, Narrator
    from app.live.stall import Outages
    from app.live.watch import WatchOptions
    from app.models.registry import Card
    from app.multicamera.cameras import CameraConfig
    from app.sources.browser import Eye


def live_run(settings: Settings) -> Run:
    """A live run as the settings say.

    Raises:
        UserError: the model is not installed, the source is missing, the log cannot be written, …
    """
    factory = LiveFactory(settings, cameras_of(settings))
    refuse_more_frames(settings.frames, factory.model(settings.model).card)
    return open_run(factory)


def watch_run(settings: Settings, options: "WatchOptions", then: str | None) -> Run:
    """A live run that reports what is watched for and nothing else; `then`: a command for each alert.

    Raises as `live_run`.
    """
    factory = LiveFactory(settings, cameras_of(settings), watch_options=options, is_narrating=False)
    refuse_more_frames(settings.frames, factory.model(settings.model).card)
    return open_run(factory, open_hook(then))


def ask_run(settings: Settings, question: str) -> Run:
    """`./run.sh ask`: one answer, and the end. Raises as `live_run`."""
    factory = LiveFactory(settings, cameras_of(settings), question=question)
    factory.model(settings.model)
    return open_run(factory)


def open_run(factory: "LiveFactory", more: Sequence[OpenOutput] = ()) -> Run:
    """A run with its outputs and inputs; `more`: further outputs.

    An output's complaints go to the screen and the page: a voice that fails cannot say so itself.
    """
    from app.outputs.fanout import Fanout

    settings = factory.settings
    screen = open_screen(settings)
    interactive: list[Output] = [screen]

    def warn(notice: RunEvent) -> None:
        for each in interactive:
            each.tell(notice)

    voices, sounds = open_sounds(settings, warn)
    files = [*open_files(settings, warn), *(each(warn) for each in more)]
    pages = []
    if settings.is_paged:
        from app.commands.page import open_page, start_page

        pages.append(open_page(factory, screen.tell, has_voice=is_heard(settings) if voices else None))
        interactive += pages

    def open_inputs(handles: RunHandles) -> Inputs:
        for each in pages:
            start_page(each, factory, handles, screen.tell)
        if factory.question is not None:
            return NoInputs()
        from app.terminal.keyboard import Keyboard

        return Keyboard(handles.send, handles.tell, screen.suspend)

    return Run(
        factory,
        factory.selection,
        screen,
        Fanout([*files, *sounds, *pages]),
        factory.commands,
        lambda stop: finish_speech(voices, stop),
        open_inputs,
        settings.seconds,
    )


def cameras_of(settings: Settings) -> "Sequence[CameraConfig]":
    """The cameras, if there are several.

    Raises:
        UsageError: they cannot be read, or the settings contradict each other.
    """
    check_live_settings(settings)
    if not (settings.camera or settings.cameras):
        return ()
    from app.multicamera.cameras import of_file, of_flags

    return of_flags(settings.camera) if settings.camera else of_file(Path(settings.cameras or ""))


def refuse_more_frames(wanted: int, card: "Card") -> None:
    """Raise UsageError for more frames than the model takes at once."""
    if wanted > card.frames:
        at_most = "one frame" if card.frames == 1 else f"at most {card.frames} frames"
        raise UsageError(f"{card.name} can be shown {at_most} at once", "use a smaller --frames, or another --model")


@dataclass(slots=True)
class LiveFactory:
    """`RunFactory` for the settings of the command line."""

    settings: Settings
    cameras: "Sequence[CameraConfig]" = ()
    """Several cameras; empty for one, which `settings.source` names."""
    question: str | None = None
    """Asked once, instead of narrating."""
    watch_options: "WatchOptions | None" = None
    is_narrating: bool = True
    """Else only what is watched for is reported."""
    browser: "Eye | None" = None
    """Where frames of a browser's camera arrive, if there is a page."""
    wants_preview: Callable[[], bool] | None = None
    """Whether the page wants a picture now, if there is one."""
    commands: CommandQueue = field(init=False)
    turns: FairTurns | None = field(init=False)
    narrator: "Narrator | None" = field(default=None, init=False)
    """The last one made: its settings, as people have changed them, are those of the next."""
    models: dict[str, Engine] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        names = [each.name for each in self.cameras]
        self.commands = CommandQueue(names or ("",), self.settings.verbosity)
        self.turns = FairTurns(names) if names else None

    @property
    def selection(self) -> Selection:
        """The selection of the settings, without passwords; a server's or GGUF model by its own name."""
        model = self.settings.model
        named = self.model(model).card.name if self.settings.backend in ("server", "llama") else model
        if self.cameras:
            return Selection(", ".join(each.name for each in self.cameras), named)
        from app.sources.open_source import shown

        return Selection(shown(self.settings.source), named)

    def source_name(self, selection: Selection) -> str:
        """The source that is meant, with its password."""
        own = self.selection.source
        return self.settings.source if selection.source == own else selection.source

    def model(self, name: str) -> Engine:
        """Raises UserError as `engine`."""
        if name not in self.models:
            self.models[name] = engine(replace(self.settings, model=name))
        return self.models[name]

    def is_live(self, selection: Selection) -> bool:
        """See `RunFactory`."""
        from app.sources.open_source import is_live

        return all(map(is_live, [each.source for each in self.cameras] or [self.source_name(selection)]))

    def source(self, selection: Selection) -> Source:
        """See `RunFactory`."""
        from app.sources.open_source import open_source

        if not self.turns:
            return open_source(self.source_name(selection), self.settings.asap, self.browser)
        from app.multicamera.camera_group import CameraGroup

        opened = {}
        for each in self.cameras:
            try:
                opened[each.name] = open_source(each.source, self.settings.asap)
            except SourceError as failure:
                raise SourceError(f"{each.name}: {failure.message}", failure.hint) from failure
        return CameraGroup(opened, self.turns, is_lossless=self.settings.asap)

    def describer(self, selection: Selection) -> Describer:
        """See `RunFactory`."""
        options = self.settings.model_options.for_live()
        return self.model(selection.model).open(options, is_trusted=self.settings.trust_model)

    def loop(self, captioner: "Captioner", selection: Selection) -> Loop:
        """See `RunFactory`."""
        model = self.model(selection.model)
        settings = {each.name: camera_settings(self.settings, each) for each in self.cameras} or {"": self.settings}
        controls = {name: open_controls(captioner, model, own, self.commands, name) for name, own in settings.items()}
        if self.question is not None:
            from app.live.once import Once, OneCamera

            return Once({name: OneCamera(each, self.question) for name, each in controls.items()})
        from app.live.narrator import Narrator
        from app.live.stall import Outages

        refuse_more_frames(self.settings.frames, model.card)
        before, outages = self.narrator, Outages()
        for name, each in controls.items():
            if before:
                each.settings = before.cameras[name].controls.settings
        cameras = {name: self.narration(controls[name], own, outages) for name, own in settings.items()}
        at_once = min(len(cameras), model.at_once)
        self.narrator = Narrator(cameras, self.commands, self.turns, at_once)
        return self.narrator

    def narration(self, controls: "Controls", settings: Settings, outages: "Outages") -> "CameraNarration":
        narration = open_narration(controls, settings, self.watch_options)
        narration.is_narrating, narration.outages = self.is_narrating, outages
        narration.wants_preview = lambda: self.is_previewed(controls.camera)
        return narration

    def is_previewed(self, camera: str) -> bool:
        """Whether the page wants a picture of this camera: of several it shows the one that spoke last.

        While that one gives no frames, or none has spoken, it shows the first that does.
        """
        if self.wants_preview is None:
            return False
        last = self.commands.last_sentence
        present = [each.name for each in self.cameras if each.name in self.commands.present]
        shown = last.frame.camera if last and last.frame.camera in present else next(iter(present), "")
        return camera == shown and self.wants_preview()

    def warnings(self, selection: Selection) -> tuple[str, ...]:
        """See `RunFactory`."""
        return self.model(selection.model).notes


def live_settings(settings: Settings) -> LiveSettings:
    """The settings that can change during the run, as they are at first."""
    return LiveSettings(settings.prompt or "", settings.verbosity, settings.every, tuple(settings.watch or ()))


def camera_settings(settings: Settings, camera: "CameraConfig") -> Settings:
    """The run's settings with this camera's own; its watches are added to those of all cameras."""
    return replace(
        settings,
        source=camera.source,
        prompt=camera.prompt or settings.prompt,
        every=settings.every if camera.every is None else camera.every,
        watch=tuple(dict.fromkeys((*(settings.watch or ()), *(camera.watch or ())))),
    )


def open_controls(
    captioner: "Captioner",
    model: Engine,
    settings: Settings,
    commands: CommandQueue,
    camera: str = "",
    now: Callable[[], float] = time.monotonic,
) -> "Controls":
    from app.live.controls import Controls

    prompt = replace(settings, prompt=None).words(model.card.prompt)
    return Controls(captioner, commands, live_settings(settings), prompt, settings.max_tokens, now, camera)


def open_narration(
    controls: "Controls", settings: Settings, options: "WatchOptions | None" = None
) -> "CameraNarration":
    from app.frames.selector import FrameSelector, Pace
    from app.live.narrator import CameraNarration
    from app.live.watch import WatchAsker, WatchOptions

    watcher = WatchAsker(controls.captioner, options or WatchOptions(), now=controls.now, is_filmed=not settings.asap)
    return CameraNarration(controls, FrameSelector(Pace(settings.least_s)), watcher, frame_count=settings.frames)


def open_narrator(
    describer: Describer, model: Engine, settings: Settings, now: Callable[[], float] = time.monotonic
) -> "Narrator":
    """A narrator of one camera, outside of a run: for bench and score. `now`: the clock of the frames."""
    from app.live.captioner import Captioner
    from app.live.narrator import Narrator

    commands = CommandQueue(verbosity=settings.verbosity)
    controls = open_controls(Captioner(describer), model, settings, commands, now=now)
    return Narrator({"": open_narration(controls, settings)}, commands)
