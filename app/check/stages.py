"""The stages of the check in their order: files, loader, fit, processor. A stage with a bad finding is the last."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from app.check import checkpoint, fit, image_processor
from app.check.findings import Finding, unknown
from app.models.registry import Card


def judge(folder: Path, card: Card) -> list[Finding]:
    """Whether what is installed can load the model in `folder`, without reading its weights.

    Never raises: an exception in here is the finding `unknown`, and no verdict on the model. Every stage that passes
    gives a finding that is ok. Once mlx_vlm is imported, which takes seconds, it takes under half a second and as long
    as transformers needs for the tokenizer.
    """
    findings: list[Finding] = []
    try:
        for found in _stages(folder, card):
            findings += found
            if any(each.status == "bad" for each in found):
                break
    except Exception as error:  # noqa: BLE001 — a defect of the check, or of a library, says nothing about the model
        findings.append(unknown("check", error))
    return findings


def _stages(folder: Path, card: Card) -> Iterator[list[Finding]]:
    files, found = checkpoint.read(folder)
    yield found
    yield [*fit.in_range(card, version("mlx-vlm")), *fit.look(files)]
    yield fit.known(files)
    plan = fit.plan(files)
    if isinstance(plan, Finding):
        yield [plan]
        return
    yield [*fit.counting(files, plan.config), *fit.judge_plan(files, plan)]
    yield image_processor.examine(files, plan.config)
