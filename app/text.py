"""From pieces of text to whole sentences. Pure: text in, text out."""

import re
from dataclasses import dataclass

END = re.compile(r"(?<=[.!?])[\"'”’)]*\s+(?=[\"'“‘(]?[A-ZÀ-Þ0-9])")
"""Where a sentence ends: behind its mark, when a new one visibly begins. What follows must be seen to be sure."""
SHORT_FORMS = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|No|vs|etc|e\.g|i\.e|approx)|\b[A-Z])\.$")
"""Words that end in a full stop without ending a sentence, and single initials."""


def tidy(text: str) -> str:
    """One line, single spaces, no blanks at its ends."""
    return " ".join(text.split())


@dataclass(slots=True)
class Sentences:
    """Gathers pieces and gives each sentence as soon as it is whole."""

    rest: str = ""
    """What has come of the sentence in the making, as it came."""

    def add(self, piece: str) -> list[str]:
        """Take a piece; return the sentences that it completes."""
        self.rest += piece
        whole, start = [], 0
        for end in END.finditer(self.rest):
            if not SHORT_FORMS.search(self.rest[: end.start()]):
                whole.append(tidy(self.rest[start : end.end()]))
                start = end.end()
        self.rest = self.rest[start:]
        return whole

    def finish(self, is_cut: bool = False) -> str:
        """Take what is left; `is_cut`: the describer was stopped there, which an ellipsis shows."""
        last, self.rest = tidy(self.rest), ""
        return last + "…" if last and is_cut else last
