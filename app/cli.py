"""The command line: which command, with which settings. Nothing heavy is imported before it is known what is asked."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from app.errors import Explained, UsageError
from app.settings import Settings, add_flags, at_least, from_flags

SAFETY = "Not for navigation, traffic or medicine: it can be wrong, and it can be late."


class Parser(ArgumentParser):
    """An argument parser whose complaints are explained like every other failure."""

    def __init__(self, **how: Any) -> None:
        super().__init__(allow_abbrev=False, epilog=SAFETY, **how)

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"{self.prog} --help lists what it takes")


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that `./run.sh` does."""

    words: str
    """What it does, for the help."""
    parser: Callable[[str], ArgumentParser]
    run: Callable[[ArgumentParser, Sequence[str]], int]


def live(parser: ArgumentParser, argv: Sequence[str]) -> int:
    return narrate(from_flags(parser.parse_args(argv)))


def demo(parser: ArgumentParser, argv: Sequence[str]) -> int:
    return narrate(replace(from_flags(parser.parse_args(argv)), source="scenes", model="demo"))


def narrate(settings: Settings) -> int:
    from app.wiring.live import live_run

    return live_run(settings).go()


def describe(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.wiring.answers import describe_pictures

    return describe_pictures(given.picture, given.ask, from_flags(given))


def cameras(parser: ArgumentParser, argv: Sequence[str]) -> int:
    settings = from_flags(parser.parse_args(argv))
    from app.wiring.answers import list_cameras

    return list_cameras(settings)


def models(parser: ArgumentParser, argv: Sequence[str]) -> int:
    settings = from_flags(parser.parse_args(argv))
    from app.wiring.answers import list_models

    return list_models(settings)


def check(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.wiring import checks

    return checks.check(given.target, given.mmproj, from_flags(given))


def bench(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    if given.mmproj and not given.gguf:
        parser.error("--mmproj belongs to a model that --gguf names")
    from app.wiring.bench import bench
    from app.wiring.bench_rows import Options

    options = Options(given.rounds, given.captions, given.markdown, given.compare, given.gguf, given.mmproj)
    return bench(options, from_flags(given))


def flags(*names: str) -> Callable[[str], ArgumentParser]:
    """A parser maker for a command that takes these settings (all of them, if none is named)."""

    def make(name: str) -> ArgumentParser:
        parser = Parser(prog=f"./run.sh {name}", description=COMMANDS[name].words)
        add_flags(parser, frozenset(names) if names else None)
        return parser

    return make


def top(_name: str) -> ArgumentParser:
    """The parser of the bare command: narration, and the list of the others."""
    others = "\n".join(f"  {name:<10} {command.words}" for name, command in COMMANDS.items() if name)
    words = f"{COMMANDS[''].words}\n\nOther commands (each with its own --help):\n{others}"
    parser = Parser(prog="./run.sh", description=words, formatter_class=RawDescriptionHelpFormatter)
    add_flags(parser)
    return parser


def pictures(name: str) -> ArgumentParser:
    parser = flags("model", *MODEL_FLAGS, "backend", "prompt", "max_tokens", "json")(name)
    parser.add_argument("picture", nargs="+", help="a picture, a folder, an http(s) or data: address, or - for stdin")
    parser.add_argument("--ask", metavar="TEXT", help="a question to answer instead of describing")
    return parser


def checked(name: str) -> ArgumentParser:
    parser = flags("model", "json")(name)
    parser.add_argument(
        "target",
        nargs="?",
        metavar="NAME|PATH|URL",
        help="a model, a GGUF file, or a server's address; else the machine",
    )
    parser.add_argument("--mmproj", metavar="FILE", help="the eyes that belong to a GGUF file, if not found beside it")
    return parser


def benched(name: str) -> ArgumentParser:
    parser = flags("model", *MODEL_FLAGS, "prompt", "max_tokens")(name)
    parser.description = f"{COMMANDS[name].words} {BENCHED}"
    number, form, default = at_least(1, int), parser.add_mutually_exclusive_group(), "(default: %(default)s)"
    live = "length of each live row, in seconds; 0 leaves them out (default: 10)"
    form.add_argument("--json", action="store_true", help="one JSON object on standard output instead of tables")
    form.add_argument("--markdown", action="store_true", help="the tables ready to paste")
    parser.add_argument("--seconds", metavar="S", type=at_least(0), help=live)
    parser.add_argument("--rounds", metavar="N", type=number, default=3, help=f"turns of all rows {default}")
    parser.add_argument(
        "--captions", metavar="N", type=number, default=12, help=f"frames of a clip in a round {default}"
    )
    parser.add_argument("--compare", metavar="OLD.json", help="say what has changed since an earlier --json")
    parser.add_argument("--gguf", metavar="FILE", help="also measure llama-server, if it is on PATH, with this model")
    parser.add_argument("--mmproj", metavar="FILE", help="the eyes that belong to the GGUF file")
    return parser


BENCHED = """The rows are: a, mlx-vlm with its defaults; b, mlx-vlm with one tile; c, looksay without drafts; d,
looksay; and where they are there, llama-server and transformers. Then b and d narrate a clip as filmed. All of it takes
about 40 seconds with the demo model. --model geometry:smolvlm2-256m measures random weights of the real geometry."""
MODEL_FLAGS = ("trust_model", "image_tokens", "precision")
DEMO_FLAGS = (
    "frames",
    *MODEL_FLAGS,
    "prompt",
    "max_tokens",
    "every",
    "pace",
    "speak",
    "voice",
    "log",
    "seconds",
    "json",
    "asap",
)

COMMANDS = {
    "": Command("looksay looks through the camera and says what is new.", top, live),
    "demo": Command("Narrate a drawn clip with the bundled model: no camera, no network.", flags(*DEMO_FLAGS), demo),
    "describe": Command("Describe pictures, or answer a question about them.", pictures, describe),
    "cameras": Command("List the cameras by name.", flags("json"), cameras),
    "models": Command("List the models: installed, fit for this machine, verified.", flags("json"), models),
    "bench": Command("Measure how fast looksay is here, beside mlx-vlm as others use it.", benched, bench),
    "check": Command("Say whether a model fits and sees, or what this machine has and lacks.", checked, check),
}


def main(argv: Sequence[str]) -> int:
    """Run one command; return its exit code: 0 done, 1 explained failure, 2 usage, 130 interrupted."""
    name = argv[0] if argv and argv[0] in COMMANDS else ""
    command = COMMANDS[name]
    try:
        return command.run(command.parser(name), argv[1:] if name else argv)
    except Explained as failure:
        print(failure, file=sys.stderr)
        return failure.exit_code
    except KeyboardInterrupt:
        return 130
