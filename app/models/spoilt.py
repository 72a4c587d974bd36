"""The exception for model files that cannot be read, and how its messages quote what was read."""


class Spoilt(Exception):
    """A file or folder that is not what it should be, with what to do about it."""

    def __init__(self, code: str, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.code = code
        """What scripts and tests match, such as `truncated`."""
        self.sentence = sentence
        """Without a full stop."""
        self.hint = hint
        """What a person can type or do."""


def short(content: object, most: int = 80) -> str:
    """For a sentence; what a spoilt file holds may be long, or full of control characters."""
    text = "".join(mark if mark.isprintable() else "?" for mark in str(content)[: most + 1])
    return text if len(text) <= most else text[: most - 1] + "…"
