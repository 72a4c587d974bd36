"""Second stage: is the installed mlx-vlm within the range that the model works with?"""

from packaging.version import Version

from app.check.findings import Finding
from app.models.card import Bound, Card


def in_range(card: Card, installed: str) -> list[Finding]:
    """`installed`: the version of mlx-vlm. One finding a bound that is not kept, else one that is ok."""
    spoilt = [finding for bound in card.loader if (finding := _beyond(bound, card.name, Version(installed)))]
    return spoilt or [Finding("loader", "ok", f"mlx-vlm {installed}{_range(card.loader)}")]


def _beyond(bound: Bound, name: str, installed: Version) -> Finding | None:
    hint = "./install.sh installs the version that looksay was tested with"
    if bound.least and installed < Version(bound.least):
        sentence = f"mlx-vlm {installed} is too old for {name}, which needs {bound.least}: {bound.why}"
        return Finding("loader", "bad", sentence, hint, "loader-too-old")
    if bound.before and installed >= Version(bound.before):
        sentence = f"mlx-vlm {installed} is too new for {name}, which needs one before {bound.before}: {bound.why}"
        return Finding("loader", "bad", sentence, hint, "loader-too-new")
    return None


def _range(bounds: tuple[Bound, ...]) -> str:
    least = [f"{bound.least} or later" for bound in bounds if bound.least]
    before = [f"one before {bound.before}" for bound in bounds if bound.before]
    return f"; this model needs {' and '.join(least + before)}" if bounds else ""
