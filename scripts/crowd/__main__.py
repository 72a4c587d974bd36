"""How many cameras a server bears: `python -m scripts.crowd curve URL`, then `python -m scripts.crowd simulate FILE`.

`curve` measures a running server, several questions at once, and prints its curve as JSON; `simulate` reads such a file
and runs 1, 4, 16 and 64 cameras against it, as fast as it can be reckoned. On Linux, preload OpenBLAS for a server on
MLX (KNOWN_ISSUES.md, "MLX is slow on Linux").

    python -m scripts.crowd curve http://127.0.0.1:8080/v1 --model models/demo > curve.json
    python -m scripts.crowd simulate curve.json
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from app.errors import UserError

AT_ONCE = (1, 2, 4, 8, 16)
CAMERAS = (1, 4, 16, 64)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.crowd", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    curve = commands.add_parser("curve", help="measure a server")
    curve.add_argument("url", help="its /v1")
    curve.add_argument("--model", default="default", help="what it calls the model")
    curve.add_argument("--api-key-file", type=Path, help="the key that it wants (or the variable LOOKSAY_API_KEY)")
    curve.add_argument("--at-once", type=int, nargs="+", default=AT_ONCE)
    curve.add_argument("--seconds", type=float, default=5.0, help="for each number of questions at once, each round")
    curve.add_argument("--rounds", type=int, default=3, help="of which the quickest counts: others may be at work too")
    simulate = commands.add_parser("simulate", help="run cameras against a measured curve")
    simulate.add_argument("curve", type=Path)
    simulate.add_argument("--cameras", type=int, nargs="+", default=CAMERAS)
    simulate.add_argument("--at-once", type=int, nargs="+", default=(4, 16))
    simulate.add_argument("--seconds", type=float, default=60.0)
    simulate.add_argument("--changes", type=float, default=3.0, help="each camera shows something new so often, in s")
    given = parser.parse_args(argv)
    try:
        (measure if given.command == "curve" else reckon)(given)
    except UserError as failure:
        print(failure, file=sys.stderr)
        raise SystemExit(failure.exit_code) from None


def measure(given: argparse.Namespace) -> None:
    from app.backends.openai.client import endpoint, read_api_key
    from scripts.crowd.curve import measured

    server = endpoint(given.url, read_api_key(given.api_key_file))
    points = measured(server, given.model, given.at_once, given.seconds, given.rounds)
    print(json.dumps([asdict(each) for each in points], indent=1))


def reckon(given: argparse.Namespace) -> None:
    from scripts.crowd.simulated import Case, live

    curve = [(each["at_once"], each["caption_s"]) for each in json.loads(given.curve.read_text())]
    rows = []
    for cameras in given.cameras:
        for at_once in sorted({min(cameras, each) for each in given.at_once}):
            print(f"{cameras} cameras, {at_once} at once …", file=sys.stderr, flush=True)
            rows.append(live(Case(cameras, at_once, curve, given.seconds, given.changes)).row())
    print(table(rows), end="")


def table(rows: Sequence[dict[str, object]]) -> str:
    """In Markdown."""
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([str(row[head]) for head in heads] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
