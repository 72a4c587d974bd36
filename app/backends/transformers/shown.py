"""What every way of showing a model a frame is asked, and what all of them need.

The ways: processor.py, published.py.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from app.backends.transformers.loading import Loaded
from app.errors import ModelError, UsageError
from app.events import Request

Inputs = dict[str, Any]
"""What a model's `forward` takes of one request, on its device."""
LACKING = 'take a complete one, or the default; more in KNOWN_ISSUES.md, "Files that are missing and not missed"'
REPORT = 'report this with what ./run.sh check prints; more in KNOWN_ISSUES.md, "The tiling trap"'


class Shown(Protocol):
    """How models of one kind are shown frames."""

    @property
    def words(self) -> str:
        """What a frame costs, for the banner: `64 image tokens a frame`."""
        ...

    def rendered(self, prompt: str) -> str:
        """A prompt about one frame in the model's chat template."""
        ...

    def inputs(self, request: Request) -> Inputs:
        """What the model is given of frames (oldest first) and a prompt.

        Raises:
            ModelError: the image tokens are not as many as are due.
            UsageError: it cannot be shown so many frames.
        """
        ...


def counted(made: Inputs, loaded: Loaded) -> int:
    """How many of the token ids (1×L) stand for something seen; transformers fills each of them with one row."""
    return 0 if loaded.image_token_id is None else int((made["input_ids"] == loaded.image_token_id).sum())


def agreed(made: Inputs, loaded: Loaded, due: int) -> Inputs:
    """The inputs, if they hold as many image tokens as are due.

    Raises:
        ModelError: they hold more or fewer.
    """
    if (found := counted(made, loaded)) != due:
        raise ModelError(f"{loaded.name} was sent {found} image tokens where {due} were due", REPORT)
    return made


def template(loaded: Loaded) -> str:
    """The chat template.

    Raises:
        ModelError: there is none.
    """
    if found := loaded.chat_template:
        return found
    raise ModelError(f"the model in {loaded.folder} has no chat template, so it cannot be asked anything", LACKING)


def refused(wished: object, name: str, choices: Iterable[int] = ()) -> UsageError:
    """The refusal of a wish for image tokens, with what can be had instead."""
    can = " or ".join(map(str, choices))
    what = "read in tiles" if wished == "tiles" else f"look through {wished} image tokens"
    return UsageError(
        f"{name} cannot {what} with --backend transformers",
        f"leave --image-tokens out, or take {can}" if can else "leave --image-tokens out",
    )
