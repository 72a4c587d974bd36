"""Bytes of a terminal to keys: a character each, or Esc. What other keys send is swallowed, never taken for commands.

Sequences are those of ECMA-48, and what xterm and the Linux console make of them.
"""

import codecs
import re
from dataclasses import dataclass, field

ESCAPE = "\x1b"
SEQUENCE = re.compile(
    r"\x1b{1,2}(?:"  # twice: some terminals say Alt so
    r"\[\[[A-E]"  # F1 to F5 of the Linux console
    r"|\[200~.*?\x1b\[201~"  # a paste that is marked as one
    r"|\[(?!200~)[0-?]*[ -/]*[@-Z\\-~]"  # CSI: arrows, the other F-keys
    r"|O[0-9;]*[@-~]"  # SS3: arrows and F-keys in another mode
    r"|[]PX^_].*?(?:\x07|\x1b\\)"  # strings: what a terminal says of itself
    r"|[^]\[OPX^_\x1b]"  # a character with Alt
    r")",
    re.DOTALL,
)


@dataclass(slots=True)
class Decoder:
    """Remembers what has come in part: half a character, half a sequence."""

    utf8: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("ignore"), init=False
    )
    rest: str = field(default="", init=False)
    """Begins with Esc, or is empty."""

    def feed(self, data: bytes) -> list[str]:
        """The keys that these bytes complete."""
        self.rest += self.utf8.decode(data)
        keys: list[str] = []
        while self.rest and (key := self._next()) is not None:
            keys += [key] if key else []
        return keys

    @property
    def is_waiting(self) -> bool:
        """Whether more is needed to know which key it was."""
        return bool(self.rest)

    def flush(self) -> list[str]:
        """No more came for a while: Esc was a key of its own; any longer beginning is of no use."""
        keys = [] if self.rest.strip(ESCAPE) else [ESCAPE] * len(self.rest)
        self.rest = ""
        return keys

    def _next(self) -> str | None:
        """Take one key off the rest, or one sequence as an empty one; None: its end has not come."""
        if not self.rest.startswith(ESCAPE) or self.rest.startswith(ESCAPE * 3):
            key, self.rest = self.rest[0], self.rest[1:]
            return key
        if found := SEQUENCE.match(self.rest):
            self.rest = self.rest[found.end() :]
            return ""
        return None
