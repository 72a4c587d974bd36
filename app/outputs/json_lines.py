"""`--json`: every sentence and notice as a JSON object on a line of stdout, the same objects as in a log."""

import time

from app.flow import Banner, Notice, Sentence
from app.outputs.plain import Plain
from app.outputs.records import line_of


class JsonLines(Plain):
    """Plain lines whose standard output is for programs; notices are on stderr too, for people."""

    banner = Banner("JSON lines")

    def line(self, happening: Sentence | Notice) -> str:
        return line_of(happening, time.monotonic())
