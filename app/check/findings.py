"""Findings: what the check finds about this machine or a model, and the codes that they can have."""

import json
import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TextIO

from app.files import ROOT
from app.models.corrupt_file import CorruptFile, short
from app.text import sanitize

MOST_OF_A_REASON = 200

Status = Literal["ok", "note", "bad", "unknown"]
"""`bad`: something that the narrator needs is missing. `note`: it runs, with less than there could be.
`unknown`: finding out failed, which is no verdict."""


CODES: dict[str, tuple[tuple[str, str], ...]] = {
    "Files": (
        ("hash", "A file is not what was recorded at install."),
        ("no-config", "config.json is missing."),
        ("config-unreadable", "config.json is not JSON."),
        ("config-unfit", "config.json has values that no model can be built from."),
        ("no-weights", "There are no weights; adapters, CoreML packages and PyTorch's own files do not count."),
        ("missing", "There is nothing at this path."),
        ("unreadable", "A file may not be read."),
        ("unfinished-download", "A part of a download is left over."),
        ("shard-missing", "One of several weight files is missing."),
        ("index-unreadable", "The index of the weight files is not JSON."),
        ("empty", "A weight file is empty."),
        ("truncated", "A weight file is cut short."),
        ("trailing-bytes", "A weight file is longer than its header says."),
        ("header-spoilt", "The header of a weight file is corrupt."),
        ("lfs-pointer", "A weight file is only Git LFS's pointer to it."),
        ("html-page", "A weight file is a web page, often of a login."),
        ("not-safetensors", "A weight file is in another format."),
        ("not-gguf", "A GGUF file is in another format."),
    ),
    "Loader and weights": (
        ("model-type-unknown", "The installed mlx-vlm does not know this kind of model."),
        ("loader-too-old", "This mlx-vlm is older than the model needs."),
        ("loader-too-new", "This mlx-vlm is known to see wrongly with the model."),
        ("no-eyes", "The vision tower or the connector is missing: an export of the language model alone."),
        ("tensors-missing", "Tensors that config.json asks for are missing."),
        ("tensors-foreign", "There are tensors that config.json does not ask for."),
        ("shapes", "Tensors have other shapes than config.json says."),
        ("quantization", "The weights are packed otherwise than config.json says, or by another tool."),
        ("rope-theta", "mlx-vlm would guess a number that the model was not trained with."),
    ),
    "Processor": (
        ("no-tokenizer", "The tokenizer is missing or cannot be read."),
        ("no-image-processor", "The image processor is missing or cannot be made."),
        ("no-chat-template", "The chat template is missing or cannot be rendered."),
        ("template-without-image", "The chat template leaves the picture out."),
        ("vocabulary", "Tokenizer and weights differ in the size of the vocabulary."),
        ("image-token", "Tokenizer and config.json differ in the image token."),
        ("image-token-count", "The processor makes another number of image tokens than the vision tower."),
    ),
    "Vision test": (
        ("blind", "Shown plain colours, the model answers without having seen them."),
        ("channels-swapped", "The model calls red blue and blue red."),
        ("refuses", "The model says that it sees no picture, or says nothing at all."),
        ("unsure", "The model sees in part."),
        ("does-not-work", "It cannot be loaded, or the server does not answer: the sentence says why."),
        ("not-there", "It is not installed, or there is no such model."),
    ),
    "GGUF pairs": (
        ("no-gguf", "There is no GGUF file here."),
        ("no-mmproj", "The vision projector (mmproj) is missing."),
        ("several-mmprojs", "There are several projectors, and none is named."),
        ("several-models", "There are several language models, and none is named."),
        ("swapped", "Model and projector are given in each other's place."),
        ("model-is-mmproj", "The file named as the model is a projector."),
        ("not-mmproj", "The file named as the projector is not one."),
        ("no-vision", "The projector is for sound, not for pictures."),
        ("width", "Model and projector have different widths: they are not a pair."),
        ("image-tokens", "Model and projector differ in the image token: they are not a pair."),
        ("projector", "The installed llama.cpp cannot open this projector."),
        ("no-projector-type", "The projector does not name its type."),
        ("no-llama-cpp", "llama.cpp is not installed, so it could not be asked."),
        ("projector-unasked", "llama.cpp could not be asked about the projector before it runs."),
        ("width-unknown", "A width is not in the header; whether the two fit shows when they run."),
    ),
    "The check itself": (("unknown", "The check failed, which says nothing about the model: please report it."),),
}
"""Every code that a finding can have, by stage, and what it means; docs/check-codes.md is made of it."""
KNOWN = frozenset(code for rows in CODES.values() for code, _ in rows)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about this machine, or about a model."""

    name: str
    """One or two words: what was looked at."""
    status: Status
    sentence: str
    """Without a full stop."""
    hint: str = ""
    """What a person can type or do; never empty where the status is `bad`."""
    code: str = ""
    """One of CODES, for scripts; every finding about a model that is not `ok` has one."""

    def __post_init__(self) -> None:
        assert not self.code or self.code in KNOWN, f"add {self.code} to CODES"


def bad(name: str, spoilt: CorruptFile) -> Finding:
    """A corrupt file as a finding."""
    return Finding(name, "bad", spoilt.sentence, spoilt.hint, spoilt.code)


def unknown(name: str, failure: Exception) -> Finding:
    """The finding that a check failed, which is no verdict."""
    why = short(" ".join(str(failure).split()), MOST_OF_A_REASON)
    sentence = f"could not be checked: {type(failure).__name__}: {why}"
    return Finding(name, "unknown", sentence, "report this with what ./run.sh check prints", "unknown")


@dataclass(frozen=True, slots=True)
class ModelState:
    """The chosen model's files against the lock."""

    name: str
    folder: Path | None
    """Where the files are, or should be."""
    status: Literal["verified", "not locked", "changed", "not installed"]
    reason: str = ""
    """What was compared, or what differs: a sentence without a full stop, or nothing."""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What other packages know. Each is called once; an exception becomes an `unknown` finding."""

    model: Callable[[], ModelState]
    cameras: Callable[[], Sequence[str]]
    """Names of the cameras, as `camera:NAME` takes them."""
    voice: Callable[[], str | None]
    """The voice that would speak, or None."""


MARKS: dict[Status, str] = {"ok": "ok", "note": "note", "bad": "MISSING", "unknown": "unknown"}
"""Words, so that a screen reader reads them."""
FENCE = "```"
LAST_WORDS = ("sight", "pair")
WIDTH = len("processor")
"""Of the names in front of findings about a model."""
AS_A_WHOLE = r"(?![\w.-])"


def render(findings: Sequence[Finding], title: str | None = None) -> str:
    """A fenced block: a title, one line a finding, a hint under those that have one."""
    width = max((len(each.name) for each in findings), default=0)
    lines = [line for each in findings for line in lines_of(each, width)]
    return "\n".join([FENCE, private(title or this_looksay()), "", *map(private, lines), FENCE])


def lines_of(finding: Finding, width: int) -> list[str]:
    mark = MARKS[finding.status].ljust(max(map(len, MARKS.values())))
    prefix = "error: " if finding.status == "bad" else ""
    line = f"{mark}  {finding.name.ljust(width)}  {prefix}{one_line(finding.sentence)}"
    return [line, f"{'':{len(mark) + width + 4}}hint: {one_line(finding.hint)}"] if finding.hint else [line]


def verdict(target: str, findings: Iterable[Finding], out: TextIO, err: TextIO) -> int:
    """Each finding as it comes, good news to `out`, `error:` and `hint:` to `err`; then whether `target` can be used.

    Returns the exit code.
    """
    told = []
    for each in findings:
        told.append(each)
        if each.status == "bad":
            out.flush()  # where both are one pipe, in this order
            print(private(f"error: {one_line(each.sentence)} [{each.code}]"), file=err)
            print(private(f"hint: {one_line(each.hint)}"), file=err, flush=True)
        else:
            print(*map(private, lines_of(each, WIDTH)), sep="\n", file=out, flush=True)
    return conclude(private(one_line(target)), told, out, err)


def conclude(target: str, told: Sequence[Finding], out: TextIO, err: TextIO) -> int:
    """The last line: it can be used, it cannot, or nobody could find out."""
    if exit_code(told):
        print(f"{target} cannot be used", file=err)
    elif not is_proven(told):
        print(f"error: whether {target} can be used could not be checked", file=err)
        print("hint: report this, with what ./run.sh check prints", file=err)
    else:
        sure = "" if all(each.status == "ok" for each in told) else ", with a doubt"
        print(f"{target} can be used{sure}", file=out)
    return 0 if is_proven(told) else 1


def is_proven(told: Sequence[Finding]) -> bool:
    """Whether nothing is wrong, and whoever has the last word has spoken: the sight test, or a pair's width."""
    return not exit_code(told) and any(each.name in LAST_WORDS and each.status in ("ok", "note") for each in told)


def as_json(findings: Sequence[Finding], title: str | None = None, target: str | None = None) -> str:
    """One JSON object: `looksay`, `is_ready`, `findings`; and `checked`, if one `target` was."""
    told = [record(each) for each in findings]
    is_ready = exit_code(findings) == 0 if target is None else is_proven(findings)
    report = {"looksay": private(title or this_looksay()), "is_ready": is_ready, "findings": told}
    return json.dumps(report if target is None else {"checked": private(target), **report}, ensure_ascii=False)


def record(finding: Finding) -> dict[str, str]:
    """A finding in JSON; its hint under the public key `remedy`."""
    return {{"hint": "remedy"}.get(key, key): private(one_line(value)) for key, value in asdict(finding).items()}


def exit_code(findings: Sequence[Finding]) -> int:
    """1 where something that the narrator needs is missing."""
    return 1 if any(each.status == "bad" for each in findings) else 0


def this_looksay() -> str:
    """Name, version, and the commit if this is a checkout."""
    from app.check.machine import project_version

    try:
        return f"looksay {project_version()}{commit(ROOT)}"
    except (OSError, ValueError, KeyError):
        return "looksay, version unknown"


def commit(folder: Path) -> str:
    """The commit in brackets, with a plus where files differ from it; nothing outside of a checkout."""
    try:
        described = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return f" (commit {described.stdout.strip()})"


def private(text: str, home: Path | None = None) -> str:
    """`text` with home folders as ~, and folders that bear the user's name as USER."""
    home = home or Path.home()
    if len(home.parts) > 1:
        text = re.sub(re.escape(str(home)) + AS_A_WHOLE, "~", text)
        text = re.sub("/" + re.escape(home.name) + AS_A_WHOLE, "/USER", text)
    return re.sub(r"/(?:Users|home)/(?!USER\b)[^/\s'\"]+", "~", text)


def one_line(text: str) -> str:
    return sanitize(text.replace(FENCE, "'''"))
