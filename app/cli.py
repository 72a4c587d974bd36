"""The command line: the parser of each command, and what it runs. Heavy modules are imported when they are needed."""

import os
import sys
from argparse import Action, ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from app.config import (
    CAMERAS,
    ENGINE,
    MODEL,
    PAGE,
    SOUND,
    Settings,
    add_flags,
    at_least,
    from_flags,
    path_text,
    port,
    wording,
)
from app.errors import UsageError, UserError
from app.files import user_path
from app.text import parse_time

SAFETY = "Not for navigation, traffic or medicine: it can be wrong, and it can be late."
BENCH_ROWS = """The rows are: a, mlx-vlm with its defaults; b, mlx-vlm with one tile; c, looksay without speculative
decoding; d, looksay; and if installed, llama.cpp and transformers. Then b and d narrate a clip as filmed. All of it
takes about 40 seconds with the demo model. --model geometry:smolvlm2-256m measures random weights of the real
geometry."""

ParserFactory = Callable[[str, str], ArgumentParser]
"""Makes a command's parser from its name and summary."""


class Parser(ArgumentParser):
    """An argument parser whose errors are printed like every other: `error: …` and `hint: …`."""

    def __init__(self, **how: Any) -> None:
        super().__init__(allow_abbrev=False, epilog=SAFETY, **how)

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"{self.prog} --help lists what it takes")


def flags(*names: str) -> ParserFactory:
    """A parser factory for a command that takes these settings."""

    def make(name: str, summary: str) -> ArgumentParser:
        parser = Parser(prog=f"./run.sh {name}", description=summary)
        add_flags(parser, frozenset(names))
        return parser

    return make


# Live narration: the bare command, demo, ask, watch


def top_parser(_name: str, summary: str) -> ArgumentParser:
    """The parser of the bare command, which also lists the other commands."""
    others = "\n".join(f"  {name:<10} {command.summary}" for name, command in COMMANDS.items() if name)
    description = f"{summary}\n\nOther commands (each with its own --help):\n{others}"
    parser = Parser(prog="./run.sh", description=description, formatter_class=RawDescriptionHelpFormatter)
    add_flags(parser)
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="print the version and exit")
    return parser


class ShowVersion(Action):
    """Print looksay's version from pyproject.toml and exit."""

    def __call__(self, parser: ArgumentParser, *_: Any) -> None:
        from app.check.machine import project_version

        print(f"looksay {project_version()}")
        parser.exit()


def narrate(parser: ArgumentParser, argv: Sequence[str]) -> int:
    return narrate_with(from_flags(parser.parse_args(argv)))


def demo(parser: ArgumentParser, argv: Sequence[str]) -> int:
    return narrate_with(replace(from_flags(parser.parse_args(argv)), source="scenes", model="demo"))


def narrate_with(settings: Settings) -> int:
    from app.commands.narrate import live_run

    return live_run(settings).go()


demo_parser = flags(
    *("frames", "trust_model", "image_tokens", "precision", "prompt", "max_tokens", "every", "verbosity", "watch"),
    *(*SOUND, "subtitles", "log", "thumbnails", "seconds", "json", "asap", *PAGE),
)


def ask_parser(name: str, summary: str) -> ArgumentParser:
    parser = flags(*CAMERAS, "max_tokens", *MODEL, *ENGINE, *SOUND, "json")(name, summary)
    parser.add_argument("question", metavar="TEXT", type=wording, help="the question")
    return parser


def ask(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.commands.narrate import ask_run

    return ask_run(from_flags(given), given.question).go()


def watch_parser(name: str, summary: str) -> ArgumentParser:
    parser = flags(
        *(*CAMERAS, "asap", "frames", "every", "seconds", "watch", "log", "thumbnails"),
        *(*MODEL, *ENGINE, *SOUND, "json", *PAGE),
    )(name, summary)
    add, number = parser.add_argument, at_least(0)
    add("wish", metavar="TEXT", type=wording, help='what to watch for: "a person at the door", or a question')
    add("--then", metavar="COMMAND", help="run this when it appears; {text} becomes the alert")
    lasting = "only if it lasts S seconds or more (default 0)"
    add("--for", dest="lasting", metavar="S", type=number, default=0.0, help=lasting)
    add("--cooldown", metavar="S", type=number, default=0.0, help="minimum seconds between alerts (default 0)")
    return parser


def watch(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.commands.narrate import watch_run
    from app.live.watch import WatchOptions

    settings = replace(from_flags(given), watch=(given.wish, *(given.watch or ())))
    return watch_run(settings, WatchOptions(given.lasting, given.cooldown), given.then).go()


# Pictures and logs: describe, history


def describe_parser(name: str, summary: str) -> ArgumentParser:
    parser = flags(*MODEL, *ENGINE, "prompt", "max_tokens", "json")(name, summary)
    add, number = parser.add_argument, at_least(1, int)
    what = "a picture, a video, a folder, a pattern ('*.jpg'), an http(s) or data: address, or - for standard input"
    add("picture", metavar="WHAT", nargs="+", help=what)
    add("--ask", metavar="TEXT", help="answer this question instead of describing")
    add("--together", action="store_true", help="show all pictures to the model at once, for questions about several")
    add("--allow-private", action="store_true", help="also fetch from this machine and its local network")
    add("--frames", dest="moments", metavar="N", type=number, help="how many frames of a video to describe (8)")
    add("--from", dest="start", metavar="TIME", type=moment, help="where to start in a video: 80, 1:20 or 1:01:20")
    until = "where to stop in a video; or a file for the results, one JSON line a picture: those in it are skipped"
    add("--to", dest="until", metavar="TIME|FILE.jsonl", action="append", type=moment_or_file, help=until)
    return parser


def moment(text: str) -> float:
    """A flag's type: a time in a clip, in seconds."""
    found = parse_time(text)
    if found is None:
        raise ArgumentTypeError(f"{text!r} is not a time such as 80, 1:20 or 1:01:20")
    return found


def moment_or_file(text: str) -> float | Path:
    """A flag's type: a time in a clip, or a file to write to."""
    found = parse_time(text)
    if found is None and not text.lower().endswith(".jsonl"):
        raise ArgumentTypeError(f"{text!r} is neither a time, such as 1:20, nor a file that ends in .jsonl")
    return user_path(text) if found is None else found


def describe(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.commands.describe import DescribeArgs, describe_pictures

    return describe_pictures(given.picture, DescribeArgs.of(given), from_flags(given))


def history_parser(name: str, summary: str) -> ArgumentParser:
    parser = flags("json")(name, summary)
    parser.add_argument("--log", metavar="FILE.jsonl", type=path_text, help="which log (default: the one written last)")
    parser.add_argument("--find", metavar="WORD", help="only entries with this text, whatever its accents and capitals")
    parser.add_argument("--since", metavar="WHEN", help="only since: 10m, 2h, 3d, 14:30 or 2026-11-20")
    parser.add_argument("--wipe", action="store_true", help="delete the log and its thumbnails")
    return parser


def history(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.commands.history import HistoryArgs, show_history, wipe

    if given.wipe:
        if given.find or given.since:
            parser.error("--wipe deletes the whole log: leave out --find and --since")
        return wipe(given.log, is_json=given.json)
    return show_history(HistoryArgs(given.log, given.find, given.since, given.json))


# Lists


def cameras(parser: ArgumentParser, argv: Sequence[str]) -> int:
    settings = from_flags(parser.parse_args(argv))
    from app.commands.lists import list_cameras

    return list_cameras(settings)


def voices(parser: ArgumentParser, argv: Sequence[str]) -> int:
    settings = from_flags(parser.parse_args(argv))
    from app.commands.lists import list_voices

    return list_voices(settings)


def models(parser: ArgumentParser, argv: Sequence[str]) -> int:
    settings = from_flags(parser.parse_args(argv))
    from app.commands.lists import list_models

    return list_models(settings)


# Tools: check, serve, bench, score


def check_parser(name: str, summary: str) -> ArgumentParser:
    parser = flags("model", "api_key_file", "json")(name, summary)
    target = "a model, a GGUF file, or a server's address (default: this machine)"
    parser.add_argument("target", nargs="?", metavar="NAME|PATH|URL", help=target)
    parser.add_argument(
        "--mmproj", metavar="FILE", type=path_text, help="the GGUF file's vision projector, if not next to it"
    )
    return parser


def check(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.commands import check as checks

    return checks.check(given.target, given.mmproj, from_flags(given))


def serve_parser(name: str, summary: str) -> ArgumentParser:
    parser = flags(*MODEL)(name, summary)
    number = "port on this machine; 0 picks a free one (default: %(default)s)"
    parser.add_argument("--port", metavar="N", type=port, default=8410, help=number)
    key = "file of the key that clients must send; created if missing (default: LOOKSAY_KEY, or a new key each time)"
    parser.add_argument("--key-file", metavar="FILE", type=user_path, help=key)
    return parser


def serve(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.commands import serve as serving

    serving.serve(from_flags(given), given.port, given.key_file)


def bench_parser(name: str, summary: str) -> ArgumentParser:
    parser = flags(*MODEL, "prompt", "max_tokens")(name, summary)
    parser.description = f"{summary} {BENCH_ROWS}"
    add, number, form = parser.add_argument, at_least(1, int), parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object on standard output instead of tables")
    form.add_argument("--markdown", action="store_true", help="the tables ready to paste")
    live = "length of each live row, in seconds; 0 leaves them out (default: 10)"
    add("--seconds", metavar="S", type=at_least(0), help=live)
    add("--rounds", metavar="N", type=number, default=3, help="how often all rows are measured (default: %(default)s)")
    captions = "frames of a clip in a round (default: %(default)s)"
    add("--captions", metavar="N", type=number, default=12, help=captions)
    add("--compare", metavar="OLD.json", type=path_text, help="show what has changed since an earlier --json")
    add("--gguf", metavar="FILE", type=path_text, help="also measure llama.cpp with this model, if it is installed")
    add("--mmproj", metavar="FILE", type=path_text, help="the GGUF file's vision projector")
    return parser


def bench(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    if given.mmproj and not given.gguf:
        parser.error("--mmproj goes with --gguf")
    from app.bench.command import bench
    from app.bench.rows import Options

    options = Options(given.rounds, given.captions, given.markdown, given.compare, given.gguf, given.mmproj)
    return bench(options, from_flags(given))


def score_parser(name: str, summary: str) -> ArgumentParser:
    parser = flags(*MODEL, "prompt", "frames", "max_tokens", "every", "verbosity", "json")(name, summary)
    parser.set_defaults(model="demo")
    parser.add_argument(
        "clip", metavar="CLIP|DIR", type=user_path, help="a clip, or a folder of clips with their truths"
    )
    parser.add_argument(
        "truth",
        nargs="?",
        metavar="TRUTH",
        type=user_path,
        help="what it shows, and when (default: CLIP.json)",
    )
    parser.add_argument("--log", metavar="FILE.jsonl", type=user_path, help="score the log of a run instead")
    return parser


def score(parser: ArgumentParser, argv: Sequence[str]) -> int:
    given = parser.parse_args(argv)
    from app.score import command as scoring

    return scoring.score(given.clip, given.truth, given.log, from_flags(given))


@dataclass(frozen=True, slots=True)
class Command:
    """A command of `./run.sh`."""

    summary: str
    """One line for the help."""
    parser: ParserFactory
    run: Callable[[ArgumentParser, Sequence[str]], int]


COMMANDS = {
    "": Command("looksay looks through the camera and says what is new.", top_parser, narrate),
    "demo": Command("Narrate a drawn clip with the bundled model: no camera, no network.", demo_parser, demo),
    "describe": Command("Describe pictures, or answer a question about them.", describe_parser, describe),
    "ask": Command("Answer one question about what the camera sees now.", ask_parser, ask),
    "watch": Command("Alert when something appears and disappears.", watch_parser, watch),
    "history": Command("Show past descriptions from a log.", history_parser, history),
    "score": Command("Score a narration of clips with known content.", score_parser, score),
    "cameras": Command("List the cameras by name.", flags("json"), cameras),
    "voices": Command("List the voices.", flags("json"), voices),
    "models": Command("List the models: installed, fit for this machine, verified.", flags("json"), models),
    "serve": Command("Serve the model to other programs on this machine, as OpenAI's API.", serve_parser, serve),
    "bench": Command("Measure how fast looksay is here, compared with plain mlx-vlm.", bench_parser, bench),
    "check": Command("Check whether a model fits and sees, or what this machine lacks.", check_parser, check),
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


def refuse_removed_folder() -> None:
    """Raise UsageError if the current folder no longer exists: libraries that ask for it fail without a reason."""
    try:
        os.getcwd()
    except OSError as failure:
        raise UsageError("the current folder no longer exists", "change to another one, such as: cd ~") from failure


def dispatch(argv: Sequence[str], run: Callable[[Command, ArgumentParser, Sequence[str]], int]) -> int:
    name = argv[0] if argv and argv[0] in COMMANDS else ""
    command = COMMANDS[name]
    try:
        refuse_removed_folder()
        return run(command, command.parser(name, command.summary), argv[1:] if name else argv)
    except UserError as failure:
        print(failure, file=sys.stderr)
        return failure.exit_code
    except KeyboardInterrupt:
        return 130
