"""What the language model remembers of one description: rows come in, and the last ones can be taken back.

Most caches are cut shorter for that. Some layers (LFM2's) keep a state that cannot be: it is put back to what it was
before the last rows came, and those of them that stay come in once more.
"""

from typing import Any

import mlx.core as mx
from mlx_vlm.models.cache import make_prompt_cache

from app.backends.mlx.language import Language


class Context:
    """The cache of one description; `forwards` counts the passes through the layers."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.parts = make_prompt_cache(language.whole)
        self.can_cut = all(part.is_trimmable() for part in self.parts)
        self.forwards = 0
        self.before: list[Any] = []
        self.newest: mx.array | None = None

    def extend(self, rows: mx.array) -> mx.array:
        """Take rows (1×n×width) in; the last layer's rows for them, normed."""
        self.before, self.newest = [_mark(part) for part in self.parts], rows
        self.forwards += 1
        return self.language.hidden(rows, self.parts)

    def take_back(self, count: int) -> None:
        """Forget the last `count` rows of those that came in last."""
        if not count or self.newest is None:
            return
        if self.can_cut:
            for part in self.parts:
                part.trim(count)
            return
        for part, mark in zip(self.parts, self.before, strict=True):
            _put_back(part, mark)
        self.extend(self.newest[:, :-count])


def _mark(part: Any) -> Any:
    return part.offset if part.is_trimmable() else list(part.state)


def _put_back(part: Any, mark: Any) -> None:
    if part.is_trimmable():
        part.trim(part.offset - mark)
    else:
        part.state = mark
