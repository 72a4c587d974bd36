"""`--json`: every sentence and notice as a JSON object on a line of stdout, the same objects as in a log."""

import time

from app.events import Banner, Notice, Sentence, json_line
from app.terminal.plain import Plain


class JsonLines(Plain):
    """Plain lines whose standard output is for programs; notices are on stderr too, for people."""

    banner = Banner("JSON lines")

    def line(self, happening: Sentence | Notice) -> str:
        return json_line(happening, time.monotonic())
