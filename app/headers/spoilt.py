"""The one exception of this room."""


class Spoilt(Exception):
    """A file or folder that is not what it should be, with what to do about it."""

    def __init__(self, code: str, sentence: str, remedy: str) -> None:
        super().__init__(sentence)
        self.code = code
        """What scripts and tests match, such as `truncated`."""
        self.sentence = sentence
        """Without a full stop."""
        self.remedy = remedy
        """What a person can type or do."""
