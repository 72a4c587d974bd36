"""The findings as a block ready for a bug report, or as JSON: without user names and home folders."""

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from app.check.facts import Finding, Status
from app.check.machine.packages import project_version

MARKS: dict[Status, str] = {"ok": "ok", "note": "note", "bad": "MISSING", "unknown": "unknown"}
"""Words, so that a screen reader reads them."""
FENCE = "```"
AS_A_WHOLE = r"(?![\w.-])"
ROOT = Path(__file__).parents[2]


def render(findings: Sequence[Finding], title: str | None = None) -> str:
    """A fenced block: a title, one line a finding, a hint under those that have one."""
    width = max((len(each.name) for each in findings), default=0)
    lines = [line for each in findings for line in lines_of(each, width)]
    return "\n".join([FENCE, private(title or this_looksay()), "", *map(private, lines), FENCE])


def lines_of(finding: Finding, width: int) -> list[str]:
    mark = MARKS[finding.status].ljust(max(map(len, MARKS.values())))
    prefix = "error: " if finding.status == "bad" else ""
    line = f"{mark}  {finding.name.ljust(width)}  {prefix}{one_line(finding.sentence)}"
    return [line, f"{'':{len(mark) + width + 4}}hint: {one_line(finding.remedy)}"] if finding.remedy else [line]


def verdict(target: str, findings: Sequence[Finding], out: TextIO, err: TextIO) -> int:
    """One line a finding, and whether the model can be used: good news to `out`, `error:` and `hint:` to `err`."""
    width = max((len(each.name) for each in findings), default=0)
    wrong = [each for each in findings if each.status == "bad"]
    for each in (each for each in findings if each not in wrong):
        print(*map(private, lines_of(each, width)), sep="\n", file=out)
    out.flush()  # where both are one pipe, in this order
    for each in wrong:
        print(f"error: {one_line(each.sentence)} [{each.code}]\nhint: {one_line(each.remedy)}", file=err)
    can = "can be used" if not wrong else "cannot be used"
    sure = "" if all(each.status == "ok" for each in findings) or wrong else ", with a doubt"
    print(f"{target} {can}{sure}", file=err if wrong else out)
    return exit_code(findings)


def as_json(findings: Sequence[Finding], title: str | None = None) -> str:
    """One JSON object: `looksay`, `is_ready`, `findings`."""
    told = [{key: private(value) for key, value in asdict(each).items()} for each in findings]
    report = {"looksay": private(title or this_looksay()), "is_ready": exit_code(findings) == 0, "findings": told}
    return json.dumps(report, ensure_ascii=False)


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
    return " ".join(text.replace(FENCE, "'''").split())
