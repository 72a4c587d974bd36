"""Fourth stage: does the loader find every tensor that it wants, in its shape, and nothing else?"""

from collections.abc import Collection, Iterator

from app.check.absence import COMPLETE
from app.check.eyes import is_visual, no_eyes
from app.check.files import Checkpoint
from app.check.findings import Finding
from app.check.fit import Plan, takes_pictures
from app.check.packing import quantization


def judge_plan(checkpoint: Checkpoint, plan: Plan) -> list[Finding]:
    """Everything that keeps the loader from taking this checkpoint, or one finding that is ok."""
    if blindness := _blindness(checkpoint, plan):
        return [no_eyes(checkpoint, blindness)]
    if spoilt := quantization(checkpoint.config, plan):
        return [spoilt]
    sentence = f"{len(plan.found):,} tensors, as {checkpoint.architecture} expects them"
    return [*differences(plan)] or [Finding("fit", "ok", sentence)]


def differences(plan: Plan) -> Iterator[Finding]:
    """What is missing, what is too much, and what has another shape than the config says."""
    missing, foreign = plan.expected.keys() - plan.found.keys(), plan.found.keys() - plan.expected.keys()
    if missing:
        sentence = f"{_some(missing)} that the loader expects {_is(missing)} missing"
        yield Finding("fit", "bad", sentence, COMPLETE, "tensors-missing")
    if foreign:
        sentence = f"{_some(foreign)} {_is(foreign)} in the file and nowhere in the model that config.json describes"
        hint = "take config.json and weights from one and the same repository"
        yield Finding("fit", "bad", sentence, hint, "tensors-foreign")
    if unlike := plan.unlike():
        yield Finding("fit", "bad", _shapes(unlike, plan), "take config.json and weights of one revision", "shapes")


def _blindness(checkpoint: Checkpoint, plan: Plan) -> str:
    """What of the eyes is not there, of an architecture whose names are not known; nothing where it may see."""
    if any(map(is_visual, plan.found.keys() - plan.expected.keys())):
        return ""  # eyes of another kind: such weights are not blind but foreign
    if gone := [name for name in plan.dropped if is_visual(name)]:
        return f"{gone[0]} has no weights"
    if any(map(is_visual, plan.found)):
        return ""
    if any(map(is_visual, plan.expected)):
        return "the vision tower is missing"
    return "" if takes_pictures(checkpoint.architecture) else f"{checkpoint.architecture} is a language model alone"


def _shapes(unlike: list[str], plan: Plan) -> str:
    first = unlike[0]
    more = f", and {len(unlike) - 1} more like it" if len(unlike) > 1 else ""
    return f"{first} has the shape {plan.found[first]} where config.json makes it {plan.expected[first]}{more}"


def _some(names: Collection[str]) -> str:
    first = min(names)
    return f"the tensor {first}" if len(names) == 1 else f"{len(names):,} tensors ({first}, …)"


def _is(names: Collection[str]) -> str:
    return "is" if len(names) == 1 else "are"
