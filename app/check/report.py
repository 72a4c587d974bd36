"""Findings as text and as JSON, with the verdict and the exit code."""

import json
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from app.check.findings import Finding, Status
from app.check.machine import project_version
from app.files import ROOT
from app.text import sanitize

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
