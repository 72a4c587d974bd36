"""A live run of one camera or of several: which, and who narrates them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.backends import Engine
from app.commands.stage import Make, Stage, asking, narrating, open_desk, open_narrator, refuse_more_frames
from app.commands.watches import Vigil
from app.config import Settings
from app.errors import SourceError, UsageError
from app.live.infer import Loop
from app.protocols import Describer, Source

if TYPE_CHECKING:
    from app.multicamera.config import Post
    from app.multicamera.orders import Everyone
    from app.multicamera.turns import Turns

ONE_ONLY = {
    "asap": ("--asap waits for every caption", "leave it out: of several cameras each shows its newest picture"),
    "is_paged": ("the page shows one camera", "leave out --page, or take --source"),
}
"""What goes with one camera alone, and what to do."""
IN_TURN = ("mlx", "transformers")
"""Backends that describe one frame at a time."""


@dataclass(frozen=True, slots=True)
class Group:
    """Cameras that are looked at together."""

    posts: "Sequence[Post]"
    turns: "Turns"

    @property
    def shown(self) -> str:
        return ", ".join(each.name for each in self.posts)

    @property
    def sources(self) -> Sequence[str]:
        return [each.source for each in self.posts]

    def open(self) -> Source:
        """All of them as one source.

        Raises:
            SourceError: one of them names nothing that is there.
        """
        from app.multicamera.source import Several

        return Several({each.name: opened(each) for each in self.posts}, self.turns)


def narrating_stage(settings: Settings, vigil: Vigil, *, is_narrating: bool) -> Stage:
    """A stage whose loop narrates; without `is_narrating` only what is watched for is told."""
    if posts := posts_of(settings):
        return several(settings, posts, crowding(vigil, is_narrating=is_narrating))
    return Stage(settings, narrating(vigil, is_narrating=is_narrating))


def asking_stage(settings: Settings, question: str) -> Stage:
    """A stage whose loop asks once."""
    if posts := posts_of(settings):
        return several(settings, posts, asking_each(question))
    return Stage(settings, asking(question))


def several(settings: Settings, posts: "Sequence[Post]", make: Make) -> Stage:
    from app.multicamera.orders import Everyone
    from app.multicamera.turns import Turns

    names = [each.name for each in posts]
    return Stage(settings, make, Everyone.of(names), group=Group(posts, Turns(names)))


def posts_of(settings: Settings) -> "Sequence[Post]":
    """The cameras, if there are to be several.

    Raises:
        UsageError: they cannot be read, or something else is wanted that goes with one camera alone, or with several.
    """
    if not (settings.camera or settings.cameras):
        if settings.parallel:
            raise UsageError("--parallel is for several cameras", "name them with --camera, or leave it out")
        return ()
    refuse_what_is_for_one(settings)
    from app.multicamera.config import of_file, of_flags

    return of_flags(settings.camera) if settings.camera else of_file(Path(settings.cameras or ""))


def refuse_what_is_for_one(settings: Settings) -> None:
    if settings.camera and settings.cameras:
        raise UsageError("--camera and --cameras both name the cameras", "take one of them")
    if settings.source != Settings().source:
        raise UsageError("--source is for one camera", f"write --camera {settings.source} beside the others")
    for name, (why, hint) in ONE_ONLY.items():
        if getattr(settings, name):
            raise UsageError(f"{why}, and several are given", hint)
    if settings.parallel and settings.backend in IN_TURN:
        raise UsageError(f"--parallel is for servers: {settings.backend} takes cameras in turn", "leave it out")


def opened(post: "Post") -> Source:
    from app.sources.open_source import open_source

    try:
        return open_source(post.source)
    except SourceError as failure:
        raise SourceError(f"{post.name}: {failure.message}", failure.hint) from failure


def crowding(vigil: Vigil, *, is_narrating: bool) -> Make:
    """The live loop of several cameras."""

    def make(stage: Stage, describer: Describer, model: Engine) -> Loop:
        refuse_more_frames(stage.settings.frames, model.card)
        from app.multicamera.loop import Crowd
        from app.multicamera.outages import SharedOutages

        assert stage.group, "made by `several`"
        orders, outages, narrators = everyone(stage), SharedOutages(), {}
        for post in stage.group.posts:
            own = own_settings(stage.settings, post)
            narrator = open_narrator(describer, model, own, orders.members[post.name], vigil=vigil)
            narrator.is_narrating, narrator.outages = is_narrating, outages
            narrators[post.name] = narrator
        return Crowd(narrators, orders, stage.group.turns, min(len(narrators), model.at_once))

    return make


def asking_each(question: str) -> Make:
    """`./run.sh ask` of several cameras."""

    def make(stage: Stage, describer: Describer, model: Engine) -> Loop:
        from app.live.once import Once
        from app.multicamera.asked import OnceEach

        members = everyone(stage).members.items()
        return OnceEach(
            {name: Once(open_desk(describer, model, stage.settings, own), question) for name, own in members}
        )

    return make


def everyone(stage: Stage) -> "Everyone":
    from app.multicamera.orders import Everyone

    assert isinstance(stage.orders, Everyone), "made by `several`"
    return stage.orders


def own_settings(settings: Settings, post: "Post") -> Settings:
    """The run's, with what is wished of this camera; what is watched for is added to what is watched for by all."""
    return replace(
        settings,
        source=post.source,
        prompt=post.prompt or settings.prompt,
        every=settings.every if post.every is None else post.every,
        watch=tuple(dict.fromkeys((*(settings.watch or ()), *(post.watch or ())))),
    )
