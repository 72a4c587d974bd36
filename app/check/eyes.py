"""Third stage: has the checkpoint eyes at all? By the names of its tensors; nothing is imported for it.

Exports for phones keep the language model and leave the vision tower to CoreML. mlx-vlm loads such a SmolVLM with a
line in the log, and fails at the first frame; for FastVLM it raises a KeyError that names no reason.
"""

from dataclasses import dataclass

from app.check.absence import COMPLETE
from app.check.files import Checkpoint
from app.check.findings import Finding

VISUAL = ("vis", "connector", "image", "img", "siglip", "clip", "vit", "patch_emb")
"""What the names of vision towers and connectors have in them, in all of mlx-vlm's architectures."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """How a family's eyes are called: a part of a tensor's name, in the hub's and in MLX's names alike."""

    tower: frozenset[str]
    connector: frozenset[str]
    hint: str
    """Which complete checkpoint to take."""


def _eyes(tower: str, connector: str, instead: str) -> Eyes:
    hint = f"./install.sh --model {instead} fetches a complete one"
    return Eyes(frozenset(tower.split()), frozenset(connector.split()), hint)


IDEFICS = _eyes("vision_model", "connector", "smolvlm2-256m")
FASTVLM = _eyes("vision_tower", "mm_projector", "fastvlm-0.5b")
BUNNY = _eyes("vision_tower", "mm_projector", "nanollava-1.5")
LFM2 = _eyes("vision_tower", "multi_modal_projector", "lfm2-vl-450m")
QWEN3 = _eyes("visual vision_tower", "merger", "qwen3-vl-2b")
FAMILIES = {
    "smolvlm": IDEFICS,
    "idefics3": IDEFICS,
    "llava_qwen2": FASTVLM,
    "fastvlm": FASTVLM,
    "llava-qwen2": BUNNY,
    "bunny-llama": BUNNY,
    "lfm2_vl": LFM2,
    "lfm2-vl": LFM2,
    "qwen3_vl": QWEN3,
}
CONNECTORS = frozenset[str]().union(*(each.connector for each in FAMILIES.values()))


def look(checkpoint: Checkpoint) -> list[Finding]:
    """One finding for a family that is known; none for another, which `fit` asks the loader about."""
    family = FAMILIES.get(checkpoint.architecture.lower())
    connectors = [name for name in checkpoint.tensors if _has(name, CONNECTORS)]
    if family is None or (connectors and not any(_has(name, family.connector) for name in connectors)):
        return []  # eyes of another kind: such weights are not blind but foreign, and the loader says so
    tower = [name for name in checkpoint.tensors if _has(name, family.tower) and name not in connectors]
    if tower and connectors:
        sentence = f"vision tower and connector are there: {len(tower)} and {len(connectors)} tensors"
        return [Finding("eyes", "ok", sentence)]
    return [no_eyes(checkpoint, _missing(bool(tower), bool(connectors)), family.hint)]


def no_eyes(checkpoint: Checkpoint, missing: str, hint: str = COMPLETE) -> Finding:
    """`missing`: what of the eyes is not there, as a clause."""
    coreml = sorted(path.name for path in checkpoint.folder.glob("*.mlpackage"))
    why = f"its eyes are in {coreml[0]}, for CoreML alone" if coreml else "it is an LLM-only or CoreML export"
    return Finding("eyes", "bad", f"this checkpoint has no eyes: {missing}; {why}", hint, "no-eyes")


def is_visual(name: str) -> bool:
    """Whether a tensor or a module belongs to a vision tower or a connector, by its name, in any architecture."""
    return any(word in name.lower() for word in VISUAL)


def _has(name: str, parts: frozenset[str]) -> bool:
    return not parts.isdisjoint(name.split("."))


def _missing(has_tower: bool, has_connector: bool) -> str:
    if has_tower:
        return "the connector between vision tower and language model is missing"
    return "the vision tower is missing" if has_connector else "vision tower and connector are missing"
