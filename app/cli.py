"""The command line: which command, with which settings. Nothing heavy is imported before it is known what is asked."""

import sys
from argparse import Action, ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.config import Settings, add_flags, from_flags
from app.errors import Explained
from app.parsers import (
    DEMO_FLAGS,
    Make,
    Parser,
    asked,
    benched,
    checked,
    flags,
    looked_back,
    pictures,
    scored,
    served,
    watched,
)


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
    except Explained as failure:
        print(failure, file=sys.stderr)
        return failure.exit_code
    except KeyboardInterrupt:
        return 130
