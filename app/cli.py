"""The command line: which command, with which settings. Nothing heavy is imported before it is known what is asked."""

import sys
from argparse import Action, ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from app.config import Settings, add_flags, at_least, from_flags, wording
from app.config import port as port_number
from app.errors import UsageError, UserError
from app.text import parse_time

SAFETY = "Not for navigation, traffic or medicine: it can be wrong, and it can be late."
BENCHED = """The rows are: a, mlx-vlm with its defaults; b, mlx-vlm with one tile; c, looksay without drafts; d,
looksay; and where they are there, llama.cpp and transformers. Then b and d narrate a clip as filmed. All of it takes
about 40 seconds with the demo model. --model geometry:smolvlm2-256m measures random weights of the real geometry."""
MODEL_FLAGS = ("trust_model", "image_tokens", "precision")
HEARD = ("speak", "voice", "audio_device", "earcons", "hush", "screen_reader")
PAGED = ("page", "page_port", "page_host", "page_cert", "page_key")
ENGINE = ("backend", "url", "allow_remote", "api_key_file", "gguf", "mmproj")
"""What runs the model, and where."""
SEVERAL = ("camera", "cameras", "parallel")
"""Several cameras, and how many of their frames at once."""
PLACES = ("model", *MODEL_FLAGS, *ENGINE, *HEARD, "json")
"""What every command takes that looks and speaks."""
DEMO_FLAGS = (
    *("frames", *MODEL_FLAGS, "prompt", "max_tokens", "every", "verbosity", "watch", *HEARD, "subtitles"),
    *("log", "thumbnails", "seconds", "json", "asap", *PAGED),
)

Make = Callable[[str, str], ArgumentParser]
"""Makes the parser of the command of this name, which does what the words say."""


class Parser(ArgumentParser):
    """An argument parser whose complaints are explained like every other failure."""

    def __init__(self, **how: Any) -> None:
        super().__init__(allow_abbrev=False, epilog=SAFETY, **how)

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"{self.prog} --help lists what it takes")


def flags(*names: str) -> Make:
    """A parser maker for a command that takes these settings."""

    def make(name: str, words: str) -> ArgumentParser:
        parser = Parser(prog=f"./run.sh {name}", description=words)
        add_flags(parser, frozenset(names))
        return parser

    return make


def pictures(name: str, words: str) -> ArgumentParser:
    parser = flags("model", *MODEL_FLAGS, *ENGINE, "prompt", "max_tokens", "json")(name, words)
    parser.add_argument(
        "picture",
        metavar="WHAT",
        nargs="+",
        help="a picture, a video, a folder, a pattern ('*.jpg'), an http(s) or data: address, or - for standard input",
    )
    add, number = parser.add_argument, at_least(1, int)
    add("--ask", metavar="TEXT", help="a question to answer instead of describing")
    add("--together", action="store_true", help="all pictures in one question: what is different between these?")
    add("--allow-private", action="store_true", help="also fetch from this machine and its own network")
    add("--frames", dest="moments", metavar="N", type=number, help="at how many moments a video is looked at (8)")
    add("--from", dest="start", metavar="TIME", type=moment, help="from where in a video: 80, 1:20 or 1:01:20")
    until = "until where in a video; or a file: one JSON line a picture, and what is in it is passed over"
    add("--to", dest="until", metavar="TIME|FILE.jsonl", action="append", type=moment_or_file, help=until)
    return parser


def moment(text: str) -> float:
    """A flag's type: a time in a clip."""
    found = parse_time(text)
    if found is None:
        raise ArgumentTypeError(f"{text!r} is not a time such as 80, 1:20 or 1:01:20")
    return found


def moment_or_file(text: str) -> float | Path:
    """A flag's type: a time in a clip, or a file to write to."""
    found = parse_time(text)
    if found is None and not text.lower().endswith(".jsonl"):
        raise ArgumentTypeError(f"{text!r} is neither a time, such as 1:20, nor a file that ends in .jsonl")
    return Path(text) if found is None else found


def checked(name: str, words: str) -> ArgumentParser:
    parser = flags("model", "api_key_file", "json")(name, words)
    parser.add_argument(
        "target",
        nargs="?",
        metavar="NAME|PATH|URL",
        help="a model, a GGUF file, or a server's address; else the machine",
    )
    parser.add_argument("--mmproj", metavar="FILE", help="the eyes that belong to a GGUF file, if not found beside it")
    return parser


def benched(name: str, words: str) -> ArgumentParser:
    parser = flags("model", *MODEL_FLAGS, "prompt", "max_tokens")(name, words)
    parser.description = f"{words} {BENCHED}"
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
    parser.add_argument("--gguf", metavar="FILE", help="also measure llama.cpp with this model, if it is installed")
    parser.add_argument("--mmproj", metavar="FILE", help="the eyes that belong to the GGUF file")
    return parser


def asked(name: str, words: str) -> ArgumentParser:
    parser = flags("source", *SEVERAL, "max_tokens", *PLACES)(name, words)
    parser.add_argument("question", metavar="TEXT", type=wording, help="what to ask")
    return parser


def watched(name: str, words: str) -> ArgumentParser:
    parser = flags(
        *("source", *SEVERAL, "asap", "frames", "every", "seconds", "watch", "log", "thumbnails"),
        *(*PLACES, *PAGED),
    )(name, words)
    number = at_least(0)
    parser.add_argument(
        "wish", metavar="TEXT", type=wording, help='what to watch for: "a person at the door", or a question'
    )
    parser.add_argument("--then", metavar="COMMAND", help="run this when it begins; {text} becomes what is told")
    parser.add_argument(
        "--for", dest="lasting", metavar="S", type=number, default=0.0, help="only if it lasts so many seconds (0)"
    )
    parser.add_argument(
        "--cooldown",
        metavar="S",
        type=number,
        default=0.0,
        help="seconds from one beginning told to the next (0)",
    )
    return parser


def scored(name: str, words: str) -> ArgumentParser:
    parser = flags("model", *MODEL_FLAGS, "prompt", "frames", "max_tokens", "every", "verbosity", "json")(name, words)
    parser.set_defaults(model="demo")
    parser.add_argument("clip", metavar="CLIP|DIR", type=Path, help="a clip, or a folder of clips with their truths")
    parser.add_argument("truth", nargs="?", type=Path, help="what is to be seen in it, and when (default: CLIP.json)")
    parser.add_argument("--log", metavar="FILE.jsonl", type=Path, help="score the log of a run instead")
    return parser


def served(name: str, words: str) -> ArgumentParser:
    parser = flags("model", *MODEL_FLAGS)(name, words)
    port = "where on this machine; 0: any that is free (default: %(default)s)"
    parser.add_argument("--port", metavar="N", type=port_number, default=8410, help=port)
    kept = "the key that clients must show; made if it is not there (else LOOKSAY_KEY, or a new one each time)"
    parser.add_argument("--key-file", metavar="FILE", type=Path, help=kept)
    return parser


def looked_back(name: str, words: str) -> ArgumentParser:
    parser = flags("json")(name, words)
    parser.add_argument("--log", metavar="FILE.jsonl", help="which log; else the one that was written last")
    parser.add_argument("--find", metavar="WORD", help="only what has this in it, accents and capitals aside")
    parser.add_argument("--since", metavar="WHEN", help="only since: 10m, 2h, 3d, 14:30 or 2026-11-20")
    parser.add_argument("--wipe", action="store_true", help="take the log and its thumbnails away")
    return parser


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that `./run.sh` does."""

    words: str
    """What it does, for the help."""
    parser: Make
    run: Callable[[ArgumentParser, Sequence[str]], int]


def live(parser: ArgumentParser, argv: Sequence[str]) -> int:
    return narrate(from_flags(parser.parse_args(argv)))


def demo(parser: ArgumentParser, argv: Sequence[str]) -> int:
    return narrate(replace(from_flags(parser.parse_args(argv)), source="scenes", model="demo"))


def narrate(settings: Settings) -> int:
    from app.commands.narrate import live_run

    return live_run(settings).go()


def ask(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.commands.narrate import ask_run

    return ask_run(from_flags(given), given.question).go()


def watch(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.commands.narrate import watch_run
    from app.commands.watches import Vigil

    settings = replace(from_flags(given), watch=(given.wish, *(given.watch or ())))
    return watch_run(settings, Vigil(given.lasting, given.cooldown, given.then)).go()


def voices(parser: ArgumentParser, argv: Sequence[str]) -> int:
    settings = from_flags(parser.parse_args(argv))
    from app.commands.lists import list_voices

    return list_voices(settings)


def score(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.score import command as scoring

    return scoring.score(given.clip, given.truth, given.log, from_flags(given))


def history(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.commands.history import Wanted, look_back, wipe

    if given.wipe:
        if given.find or given.since:
            parser.error("--wipe takes all of a log away, so it goes with neither --find nor --since")
        return wipe(given.log, sys.stdout, is_json=given.json)
    return look_back(Wanted(given.log, given.find, given.since, given.json), sys.stdout, sys.stderr)


def describe(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.commands.describe.wished import Wished
    from app.commands.lists import describe_pictures

    return describe_pictures(given.picture, Wished.of(given), from_flags(given))


def cameras(parser: ArgumentParser, argv: Sequence[str]) -> int:
    settings = from_flags(parser.parse_args(argv))
    from app.commands.lists import list_cameras

    return list_cameras(settings)


def models(parser: ArgumentParser, argv: Sequence[str]) -> int:
    settings = from_flags(parser.parse_args(argv))
    from app.commands.lists import list_models

    return list_models(settings)


def check(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.commands import check as checks

    return checks.check(given.target, given.mmproj, from_flags(given))


def serve(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.commands import serve as serving

    serving.serve(from_flags(given), given.port, given.key_file)


def bench(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    if given.mmproj and not given.gguf:
        parser.error("--mmproj belongs to a model that --gguf names")
    from app.bench.command import bench
    from app.bench.ways import Options

    options = Options(given.rounds, given.captions, given.markdown, given.compare, given.gguf, given.mmproj)
    return bench(options, from_flags(given))


def top(_name: str, words: str) -> ArgumentParser:
    """The parser of the bare command: narration, and the list of the others."""
    others = "\n".join(f"  {name:<10} {command.words}" for name, command in COMMANDS.items() if name)
    told = f"{words}\n\nOther commands (each with its own --help):\n{others}"
    parser = Parser(prog="./run.sh", description=told, formatter_class=RawDescriptionHelpFormatter)
    add_flags(parser)
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="print the version and exit")
    return parser


class ShowVersion(Action):
    """Print looksay's version, which pyproject.toml holds, and exit."""

    def __call__(self, parser: ArgumentParser, *_: Any) -> None:
        from app.check.packages import project_version

        print(f"looksay {project_version()}")
        parser.exit()


COMMANDS = {
    "": Command("looksay looks through the camera and says what is new.", top, live),
    "demo": Command("Narrate a drawn clip with the bundled model: no camera, no network.", flags(*DEMO_FLAGS), demo),
    "describe": Command("Describe pictures, or answer a question about them.", pictures, describe),
    "ask": Command("Answer one question about what the camera sees now.", asked, ask),
    "watch": Command("Tell when something begins and ends, and nothing else.", watched, watch),
    "history": Command("Look back at a log: what was said, and when.", looked_back, history),
    "score": Command("Score a narration of clips whose truth is known.", scored, score),
    "cameras": Command("List the cameras by name.", flags("json"), cameras),
    "voices": Command("List the voices.", flags("json"), voices),
    "models": Command("List the models: installed, fit for this machine, verified.", flags("json"), models),
    "serve": Command("Serve the model to other programs on this machine, as OpenAI's API.", served, serve),
    "bench": Command("Measure how fast looksay is here, beside mlx-vlm as others use it.", benched, bench),
    "check": Command("Say whether a model fits and sees, or what this machine has and lacks.", checked, check),
}


def main(argv: Sequence[str]) -> int:
    """Run one command; return its exit code: 0 done, 1 explained failure, 2 usage, 130 interrupted."""
    return dispatch(argv, lambda command, parser, given: command.run(parser, given))


def check_usage(argv: Sequence[str]) -> int:
    """Parse a command line without running it: return 0, or 2 with the mistake printed.

    scripts/setup.sh calls it before it downloads a model.
    """

    def parse(_command: Command, parser: ArgumentParser, given: Sequence[str]) -> int:
        parser.parse_args(given)
        return 0

    return dispatch(argv, parse)


def dispatch(argv: Sequence[str], run: Callable[[Command, ArgumentParser, Sequence[str]], int]) -> int:
    name = argv[0] if argv and argv[0] in COMMANDS else ""
    command = COMMANDS[name]
    try:
        return run(command, command.parser(name, command.words), argv[1:] if name else argv)
    except UserError as failure:
        print(failure, file=sys.stderr)
        return failure.exit_code
    except KeyboardInterrupt:
        return 130
