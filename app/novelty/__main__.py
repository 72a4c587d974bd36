"""`python -m app.novelty`: what would be said of given texts, without camera or model. JSON lines in and out.

    {"first": …, "second": …}            ──▶  the same line with "told": whether `second` would be said after `first`
    --stream: {"at": s, "text": raw output}  ──▶  {"told": [sentences], "withheld": why nothing was said, or ""}

`first` and `second` are descriptions of a scene that has changed in between. With --stream every line is the next
description of one scene that changes and comes to rest: cleaned, split, checked and judged as in a live run.
"""

import argparse
import json
import re
import sys
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.cleaning import Cleaner, clean, cleaned
from app.errors import UserError
from app.events import Banner, Chunk, Cost, Request
from app.novelty.tracker import NoveltyTracker
from app.text import SentenceSplitter, discard_output, write_line

SENTENCES = 2
"""Said of one description of a still scene, as by default in a live run."""


def told_after(first: str, second: str) -> bool:
    """Whether a sentence of `second` would be said after `first`."""
    news = NoveltyTracker()
    verdicts = []
    for at, text in enumerate((first, second)):
        splitter = SentenceSplitter()
        news.begin(float(at), has_changed=True)
        sentences = [*splitter.add(clean(text)), splitter.finish()]
        verdicts = [news.judge(sentence) for sentence in sentences if sentence]
    return "new" in verdicts


@dataclass(slots=True)
class Recorded:
    """A describer that gives one output, word by word."""

    raw: str

    @property
    def banner(self) -> Banner:
        return Banner("recorded")

    def describe(self, request: Request) -> Generator[Chunk]:
        whole = (Chunk(text, Cost()) for text in (self.raw,))
        for chunk in cleaned(whole, Cleaner(request.prompt)):
            yield from (Chunk(word, chunk.cost) for word in re.findall(r"\s*\S+|\s+", chunk.text))

    def close(self) -> None:
        """Nothing is held."""


def said(news: NoveltyTracker, raw: str, at: float, prompt: str) -> tuple[list[str], str]:
    """The sentences that are said of one more output, and why there are none."""
    from app.live.captioner import Captioner, Doubt, Failed, Whole

    sentences: list[str] = []
    reason = ""
    news.begin(at, has_changed=True)
    for step in Captioner(Recorded(raw)).caption(Request((), prompt), lambda: False):
        match step:
            case Whole(text) if len(sentences) < SENTENCES:
                verdict = news.judge(text)
                if verdict == "new":
                    sentences.append(text)
                else:
                    reason = "nothing new" if verdict == "known" else "not sure yet: another look would tell"
            case Doubt(doubt):
                reason = doubt
            case Failed(outage):
                reason = f"No description: {outage.message}."
    return sentences, "" if sentences else reason


def answers(lines: Sequence[str] | Iterator[str], *, is_stream: bool) -> Iterator[dict[str, Any]]:
    """Raises UserError for a line that cannot be read."""
    news = NoveltyTracker()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if is_stream:
            asked = read(line, number, {"text": str, "at": (int, float)})
            sentences, reason = said(news, asked["text"], float(asked["at"]), str(asked.get("prompt", "")))
            yield {"told": sentences, "withheld": reason}
        else:
            asked = read(line, number, {"first": str, "second": str})
            yield {**asked, "told": told_after(asked["first"], asked["second"])}


def read(line: str, number: int, fields: dict[str, Any]) -> dict[str, Any]:
    """The object on a line. Raises UserError if a field is missing or of another type."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and all(isinstance(found.get(name), kind) for name, kind in fields.items()):
        return found
    like = ", ".join(f'"{name}": {"seconds" if name == "at" else "a text"}' for name in sorted(fields))
    raise UserError(f"line {number} cannot be read", f"write one JSON object a line: {{{like}}}")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("python -m app.novelty", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stream", action="store_true", help="read raw outputs of a model, one after the other")
    is_stream = parser.parse_args(argv).stream
    try:
        for answer in answers(sys.stdin, is_stream=is_stream):
            write_line(json.dumps(answer, ensure_ascii=False), sys.stdout)
    except UserError as failure:
        print(failure, file=sys.stderr)
        return failure.exit_code
    except UnicodeDecodeError:
        print(UserError("standard input is not UTF-8", "convert it first: iconv -t UTF-8"), file=sys.stderr)
        return UserError.exit_code
    except BrokenPipeError:
        discard_output(sys.stdout)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
