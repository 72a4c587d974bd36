"""Markdown to plain text, in a stream: emphasis, headings, lists, code fences, tables and links lose their signs.

A sign that marks nothing stays: "2 * 3", "snake_case", "#1", "a | b". What must be seen whole to be told from such text
is held back until its end, a line's end, or a limit.
"""

import re

LINE_MARKUP = re.compile(
    r"[ \t]*(?:>[ \t]?)*[ \t]*(?P<bullet>[-*+•‣][ \t]+(?:\[[ xX]\][ \t]+)?)?(?P<heading>#{1,6}[ \t]+)?"
    r"(?P<number>\d{1,2}[.)][ \t]+)?"
)
BARE_BULLET = re.compile(r"[ \t]*[-*+•‣][ \t]*(?=\n)")
RULE = re.compile(r"[ \t]*([-*_=])(?:[ \t]*\1){2,}[ \t]*(?:\n|$)")
UNDECIDED_LINE = re.compile(r"[ \t\d.)#>*+•‣=_\[\]xX-]*")
FENCE = re.compile(r"[ \t]*(?:```|~~~)[ \t]*[\w+-]*[ \t]*\r?(?:\n|$)")
TABLE_RULE = re.compile(r"[\s|:-]*-[\s|:-]*")
EMPHASIS = {
    "*": re.compile(r"\*(?=[^\s*])([^*\n]{1,80}(?<=\S))\*(?![\w*])"),
    "_": re.compile(r"(_{1,2})(?=\w)([^_\n]{1,80}(?<=\S))\1(?![\w_])"),
    "`": re.compile(r"(`{1,3})(?=[^`\s])([^`\n]{1,80})\1(?!`)"),
    "~": re.compile(r"(~~)(?=[^\s~])([^~\n]{1,80})~~"),
    "[": re.compile(r"\[([^\[\]\n]{0,200})\]\([^()\s]{0,500}\)"),
}
"""Whole spans; the last group is what stays."""
HALF_EMPHASIS = {
    "*": re.compile(r"\*(?:[^\s*][^*\n]{0,80}(?:(?<=\S)\*)?)?"),
    "_": re.compile(r"_{1,2}(?:\w[^_\n]{0,80}_{0,2})?"),
    "`": re.compile(r"`{1,3}(?:[^`\n]{1,80}`{0,3})?"),
    "~": re.compile(r"~(?:~(?:[^\s~][^~\n]{0,80}~?)?)?"),
    "[": re.compile(r"\[[^\[\]\n]{0,200}(?:\](?:\([^()\s]{0,500})?)?"),
}
INLINE = re.compile(r"[*_`~\[!\n]")
SPACE_IN_ITEM = re.compile(r"[ \t]+$")
WHOLE, QUOTES = ".!?:;,…。！？\n", "\"'”’)"
"""After one of these, perhaps with a quote behind it, a line of a list needs no full stop."""


class Markdown:
    """Removes emphasis, headings, bullets, fences, tables and links; a full stop ends an item that has none."""

    def __init__(self) -> None:
        self.held, self.previous = "", ""
        self.is_new_line, self.is_first_line = True, True
        self.item_end = ""
        """What ends this line if it is an item of a list, or a heading."""
        self.is_bold = self.is_code = False

    def add(self, text: str, *, is_last: bool = False) -> str:
        self.held += text
        given = ""
        while self.held:
            before = len(self.held), self.is_new_line
            step = (self._line_start if self.is_new_line else self._inline)(is_last)
            given += step
            self.previous = (self.previous + step)[-2:]
            if (len(self.held), self.is_new_line) == before:
                break
        return given

    def _drop(self, size: int) -> str:
        self.held = self.held[size:]
        return ""

    def _take(self, size: int) -> str:
        text, self.held = self.held[:size], self.held[size:]
        return text

    def _line_start(self, is_last: bool) -> str:
        """Markup that only a beginning of a line can be."""
        is_whole, bare = "\n" in self.held or is_last, self.held.lstrip(" \t")
        if not bare and not is_last:
            return ""
        if bare.startswith(("```", "~~~")[: 1 + (not self.is_code)]) or bare in ("`", "``", "~", "~~"):
            if not is_whole:
                return ""
            if fence := FENCE.match(self.held):
                self.is_code = not self.is_code
                return self._drop(fence.end())
        elif self.is_code:
            if not is_whole:
                return ""
            return self._take((self.held + "\n").index("\n") + 1)
        elif bare.startswith("|"):
            return self._row() if is_whole else ""
        elif UNDECIDED_LINE.fullmatch(self.held) and not is_last:
            return ""
        if rule := RULE.match(self.held):
            return self._drop(rule.end())
        if empty := BARE_BULLET.match(self.held):
            return self._drop(empty.end() + 1)
        self.is_new_line = False
        markup = LINE_MARKUP.match(self.held)
        assert markup is not None
        number = markup["number"] or ""
        is_date = self.is_first_line and number.rstrip() not in ("", "1.", "1)")  # a text that begins with "12. April"
        if markup["heading"]:
            self.item_end = ":"
        elif markup["bullet"] or (number and not is_date):
            self.item_end = "."
        return self._drop(markup.start("number") if is_date else markup.end())

    def _row(self) -> str:
        """A row of a table: its cells; the rule below its head is dropped."""
        line = self.held.split("\n", 1)[0]
        size = min(len(line) + 1, len(self.held))
        if TABLE_RULE.fullmatch(line):
            return self._drop(size)
        if not line.rstrip().endswith("|") or line.count("|") < 3:
            self.is_new_line = False
            return ""
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        self._drop(size)
        return ", ".join(filter(None, cells)) + ".\n"

    def _inline(self, is_last: bool) -> str:
        start = INLINE.search(self.held)
        end = start.start() if start else len(self.held)
        if end:
            spaces = SPACE_IN_ITEM.search(self.held[:end]) if self.item_end else None
            if spaces is None or (is_last and start is None):
                return self._take(end)
            if spaces.start():
                return self._take(spaces.start())
            if start is None:
                return ""
            if start[0] != "\n":
                return self._take(end)
            self._drop(end)
        if self.held[0] == "\n":
            return self._line_end()
        if self.held[0] == "!":
            if self.held == "!" and not is_last:
                return ""
            if not self.held.startswith("!["):
                return self._take(1)
            return self._span("[", 1, is_last)
        if self.held.startswith("**") or (self.held == "*" and not is_last):
            return self._bold(is_last)
        return self._span(self.held[0], 0, is_last)

    def _line_end(self) -> str:
        last = self.previous.rstrip(QUOTES)[-1:] or "\n"
        end = "" if last in WHOLE else self.item_end
        self.is_new_line, self.is_first_line = True, False
        self.item_end, self.is_bold = "", False
        self._drop(1)
        return end + "\n"

    def _bold(self, is_last: bool) -> str:
        """Two or three stars: their span is not waited for, as no other text has them before a word."""
        stars = len(self.held) - len(self.held.lstrip("*"))
        after = self.held[stars : stars + 1]
        if not after and not is_last:
            return ""
        is_before_word = bool(after) and not after.isspace()
        previous = self.previous[-1:]
        is_after_word = bool(previous) and not previous.isspace()
        is_power = previous.isdigit() and after.isdigit()
        if stars > 3 or is_power or not (is_after_word if self.is_bold else is_before_word):
            return self._take(stars)
        self.is_bold = not self.is_bold
        return self._drop(stars)

    def _span(self, sign: str, skip: int, is_last: bool) -> str:
        """A whole span without its signs; a sign that begins none stays."""
        rest = self.held[skip:]
        is_in_word = sign in "*_" and (self.previous[-1:].isalnum() or self.previous[-1:] == "_")
        if not is_in_word:
            if span := EMPHASIS[sign].match(rest):
                if skip + span.end() < len(self.held) or is_last or sign in "~[":
                    self._drop(skip + span.end())
                    return span[span.lastindex or 0]
                return ""
            if HALF_EMPHASIS[sign].fullmatch(rest) and not is_last:
                return ""
        return self._take(skip + len(rest) - len(rest.lstrip(sign)) if sign in "_`~" else skip + 1)
