"""Every setting of a run, one field each.

To add a flag, add a field: its flag, its help and its default come from here.
"""

import math
from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from app.errors import UsageError
from app.files import user_path

Precision = Literal["float32", "bfloat16", "float16", "8bit", "4bit"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

BITS: dict[Precision, int] = {"8bit": 8, "4bit": 4}
"""The precisions that quantize the language model's layers."""


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Image tokens and precision. None: as the model's card or publisher says."""

    image_tokens: int | Literal["tiles"] | None = None
    """Tokens per frame, or "tiles": all tiles of the processor."""
    precision: Precision | None = None

    def for_live(self) -> "ModelOptions":
        """These options, for a narrator that must keep up with a camera.

        Raises:
            UsageError: for tiles, which take a dozen times as long as a frame.
        """
        if self.image_tokens == "tiles":
            raise UsageError(
                "--image-tokens tiles is too slow for live narration: it cuts each picture into a dozen tiles",
                "leave it out, or use it for single pictures: ./run.sh describe PICTURE --image-tokens tiles",
            )
        return self


AS_PUBLISHED = ModelOptions()


PROMPT = "Describe what you see in one short sentence."
PROMPT_FRAMES = "Describe what is happening in one short sentence."
LAST_PORT = 65535
ONE_AT_A_TIME = ("mlx", "transformers")
"""Backends that describe one frame at a time."""

# Settings by theme, for the commands that share them, --help and docs/cli.md
CAMERAS = ("source", "camera", "cameras", "parallel")
MODEL = ("model", "trust_model", "image_tokens", "precision")
ENGINE = ("backend", "url", "allow_remote", "api_key_file", "gguf", "mmproj")
SOUND = ("speak", "voice", "audio_device", "earcons", "hush", "screen_reader")
PAGE = ("page", "page_port", "page_host", "page_cert", "page_key")
GROUPS = {
    "what to look at": (*CAMERAS, "asap", "every", "seconds"),
    "the model": (*MODEL, "prompt", "frames", "max_tokens"),
    "what runs the model": ENGINE,
    "what is said": ("verbosity", "watch", *SOUND),
    "where it goes": ("json", "log", "thumbnails", "subtitles", *PAGE),
}


def at_least(least: float, kind: type[int] | type[float] = float) -> Callable[[str], float]:
    """A flag's type: a number no smaller than `least`."""

    def number(text: str) -> float:
        try:
            found = kind(text)
        except ValueError:
            found = None
        if found is None or not least <= found < math.inf:  # written so that NaN is refused too
            what = "a whole number" if kind is int else "a number"
            raise ArgumentTypeError(f"must be {what}, {least:g} or more (got {text!r})")
        return found

    return number


def port(text: str) -> int:
    """A flag's type: a port; 0 picks a free one."""
    found = int(at_least(0, int)(text))
    if found > LAST_PORT:
        raise ArgumentTypeError(f"must be 0 to {LAST_PORT} (got {text!r})")
    return found


def wording(text: str) -> str:
    """A flag's type: text that is not blank."""
    if not text.strip():
        raise ArgumentTypeError("it is empty")
    return text


def path_text(text: str) -> str:
    """A flag's type: a path as it was typed.

    Raises:
        UsageError: it is empty, names an unknown user, or cannot be a file's name.
    """
    user_path(text)
    return text


def image_tokens(text: str) -> int | Literal["tiles"]:
    """A flag's type: a whole number of tokens, or all the tiles."""
    return "tiles" if text == "tiles" else int(at_least(1, int)(text))


def setting(default: Any, words: str, **how: Any) -> Any:
    """A field that is also a flag; `how` is passed to argparse."""
    return field(default=default, metadata={"help": words, **how})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a run. None means a default that the banner names."""

    source: str = setting(
        "camera",
        "what to look at: camera (the default), camera:NAME, camera:1, scenes (a drawn clip), a video, picture or "
        "folder, a stream's address, or browser (the camera of the browser that opens the page)",
        metavar="WHAT",
    )
    camera: Sequence[str] | None = setting(
        None,
        "add a named camera (repeatable): anything --source takes; its sentences begin with NAME",
        metavar="[NAME=]WHAT",
        action="append",
        type=wording,
    )
    cameras: str | None = setting(
        None,
        "several cameras from a file: a table [NAME] for each, with source and optionally prompt, watch and every",
        metavar="FILE.toml",
        type=path_text,
    )
    asap: bool = setting(False, "read a file as fast as the model goes, instead of as filmed", action="store_true")
    model: str = setting(
        "smolvlm2-256m",
        "smolvlm2-256m (the default), demo, another of ./run.sh models, owner/name on the hub, a folder, or auto (the "
        "best installed model that fits this machine's memory)",
        metavar="NAME|PATH|auto",
    )
    trust_model: bool = setting(
        False, "start even with a model that the check refuses, if it can be loaded at all", action="store_true"
    )
    image_tokens: int | Literal["tiles"] | None = setting(
        None,
        "how many tokens a frame becomes: fewer is faster, more is finer; tiles: full detail, for describe",
        metavar="N|tiles",
        type=image_tokens,
    )
    precision: Precision | None = setting(
        None, "numeric precision, or the language model in 8bit or 4bit (default: as published)", choices=PRECISIONS
    )
    backend: str = setting(
        "mlx",
        "what runs the model: mlx, in this process; server, a model server at --url; llama, llama.cpp with a GGUF "
        "pair; transformers, the reference on torch",
        choices=("mlx", "server", "llama", "transformers"),
    )
    url: str | None = setting(None, "where the server is, such as http://127.0.0.1:8080/v1", metavar="URL")
    allow_remote: bool = setting(False, "allow sending pictures to a server on another machine", action="store_true")
    api_key_file: str | None = setting(
        None,
        "a file with the key that the server wants (or set the variable LOOKSAY_API_KEY)",
        metavar="FILE",
        type=path_text,
    )
    gguf: str | None = setting(
        None,
        "with --backend llama: the language model, a file or owner/name:QUANTIZATION on the hub",
        metavar="FILE|HUB",
        type=path_text,
    )
    mmproj: str | None = setting(
        None, "the vision projector (mmproj), if not next to it", metavar="FILE", type=path_text
    )
    parallel: int | None = setting(
        None,
        "with several cameras: requests to the server at once",
        metavar="N",
        type=at_least(1, int),
    )
    prompt: str | None = setting(None, "the prompt for each frame", metavar="TEXT")
    frames: int = setting(
        1,
        "show the model the newest frame and those described before it, N in all (1)",
        metavar="N",
        type=at_least(1, int),
    )
    max_tokens: int = setting(64, "the longest description, in tokens (64)", metavar="N", type=at_least(1, int))
    every: float | None = setting(
        None, "minimum seconds between descriptions (default 0.4)", metavar="S", type=at_least(0)
    )
    verbosity: str = setting(
        "brief",
        "how much is said: quiet, main changes only; brief (the default), every change; full, also in detail once the "
        "scene is still",
        choices=("quiet", "brief", "full"),
    )
    watch: Sequence[str] | None = setting(
        None,
        "also alert when this appears and disappears (repeatable)",
        metavar="TEXT",
        action="append",
        type=wording,
    )
    speak: bool | None = setting(
        None, "speak the sentences (on by default on a terminal)", action=BooleanOptionalAction
    )
    voice: str | None = setting(None, "which voice (default: system voice); ./run.sh voices lists them", metavar="NAME")
    audio_device: str | None = setting(None, "audio output, by (part of its) name", metavar="NAME")
    earcons: bool = setting(
        True, "short sounds: ready, something changed, the camera is lost, listening", action=BooleanOptionalAction
    )
    hush: bool = setting(
        False, "stay silent while people speak: the microphone is used for its loudness only", action="store_true"
    )
    screen_reader: bool = setting(
        False, "for use with a screen reader: one plain line a sentence, no voice of its own", action="store_true"
    )
    subtitles: str | None = setting(
        None,
        "write the sentences as subtitles; those of an earlier run are replaced, any other file is refused",
        metavar="FILE.vtt|.srt",
        type=path_text,
    )
    thumbnails: bool = setting(
        False, "with --log: keep a small picture of every described frame next to the log", action="store_true"
    )
    log: str | None = setting(
        None,
        "append every sentence and notice, with times and costs; a file that looksay did not write is refused",
        metavar="FILE.jsonl",
        type=path_text,
    )
    page: bool = setting(False, "also show it in a browser on this machine, and control it there", action="store_true")
    page_port: int | None = setting(None, "the page's port (8737, or the next that is free)", metavar="N", type=port)
    page_host: str | None = setting(
        None,
        "open the page to a network: the address or name of this machine there, or 0.0.0.0; https, with a token in "
        "the link",
        metavar="HOST",
    )
    page_cert: str | None = setting(
        None, "a certificate for --page-host, in PEM (default: looksay makes one)", metavar="FILE.pem", type=path_text
    )
    page_key: str | None = setting(
        None, "the certificate's key, if it is in a file of its own", metavar="FILE.pem", type=path_text
    )
    seconds: float | None = setting(
        None, "stop after S seconds, counted from when the model was ready", metavar="S", type=at_least(0)
    )
    json: bool = setting(False, "JSON lines on standard output instead of plain sentences", action="store_true")

    @property
    def is_paged(self) -> bool:
        """Whether there is a page."""
        return self.page or self.page_host is not None or self.page_port is not None

    @property
    def least_s(self) -> float:
        """Between two looks; a change is waited out, so that a moving scene has one a second all the same."""
        return 0.4 if self.every is None else self.every

    @property
    def model_options(self) -> ModelOptions:
        """Options of the model beyond its card."""
        return ModelOptions(self.image_tokens, self.precision)

    def words(self, of_model: str = "") -> str:
        """The prompt: the one given, else the model's own, else looksay's for this many frames."""
        return self.prompt or of_model or (PROMPT if self.frames == 1 else PROMPT_FRAMES)


def add_flags(parser: ArgumentParser, only: frozenset[str] | None = None) -> None:
    """Give `parser` one flag a field (those in `only`, if given), in the groups of GROUPS."""
    settings = {each.name: each for each in fields(Settings)}
    for title, names in GROUPS.items():
        group = parser.add_argument_group(title)
        for name in names:
            if only is None or name in only:
                how = dict(settings[name].metadata)
                group.add_argument("--" + name.replace("_", "-"), default=settings[name].default, **how)


def from_flags(flags: Namespace) -> Settings:
    """Settings as the parsed flags say; a field without a flag keeps its default."""
    given = {each.name: getattr(flags, each.name) for each in fields(Settings) if hasattr(flags, each.name)}
    return Settings(**given)


def check_live_settings(settings: Settings) -> None:
    """Raise UsageError for settings of a live run that contradict each other."""
    is_several = bool(settings.camera or settings.cameras)
    if settings.camera and settings.cameras:
        raise UsageError("--camera and --cameras both name the cameras", "use one of them")
    if is_several and settings.source != Settings().source:
        raise UsageError("--source is for one camera", f"add --camera {settings.source} to the others")
    if settings.parallel and not is_several:
        raise UsageError("--parallel is for several cameras", "name them with --camera, or leave it out")
    if settings.parallel and settings.backend in ONE_AT_A_TIME:
        raise UsageError(f"--parallel is for servers: {settings.backend} describes one frame at a time", "leave it out")
    if settings.thumbnails and not settings.log:
        raise UsageError("--thumbnails needs --log FILE.jsonl", "add --log FILE.jsonl")
    if settings.page_key and not settings.page_cert:
        raise UsageError("--page-key goes with a certificate", "name that too: --page-cert FILE.pem")
    if settings.page_cert and settings.page_host is None:
        raise UsageError("--page-cert is for a page that is open to a network", "add --page-host, or leave it out")
