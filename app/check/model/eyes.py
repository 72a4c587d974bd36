"""Third stage: has the checkpoint eyes at all? By the names of its tensors; nothing is imported for it.

Exports for phones keep the language model and leave the vision tower to CoreML. mlx-vlm loads such a SmolVLM with a
line in the log, and fails at the first frame; for FastVLM it raises a KeyError that names no reason.
"""

from dataclasses import dataclass

from app.check.facts import Finding
from app.check.model.absence import COMPLETE
from app.check.model.files import Checkpoint

FASTVLM = "take Apple's full checkpoint (apple/FastVLM-0.5B) or mlx-community/FastVLM-0.5B-bf16"
VISUAL = ("vis", "connector", "image", "img", "siglip", "clip", "vit", "patch_emb")
"""What the names of vision towers and connectors have in them, in all of mlx-vlm's architectures."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """How a family's eyes are called: a part of a tensor's name, in the hub's and in MLX's names alike."""

    tower: frozenset[str]
    connector: frozenset[str]
    instead: str
    """A complete checkpoint to take."""


IDEFICS = Eyes(
    frozenset({"vision_model"}), frozenset({"connector"}), "take smolvlm2-256m, complete: ./install.sh fetches it"
)
BUNNY = Eyes(
    frozenset({"vision_tower"}),
    frozenset({"mm_projector"}),
    "take the full checkpoint of nanollava-1.5: ./install.sh --model nanollava-1.5",
)
LFM2 = Eyes(
    frozenset({"vision_tower"}),
    frozenset({"multi_modal_projector"}),
    "take LiquidAI's full checkpoint: ./install.sh --model lfm2-vl-450m fetches it",
)
QWEN3 = Eyes(
    frozenset({"visual", "vision_tower"}),
    frozenset({"merger"}),
    "take the full checkpoint: ./install.sh --model qwen3-vl-2b fetches it",
)
FAMILIES = {
    "smolvlm": IDEFICS,
    "idefics3": IDEFICS,
    "llava_qwen2": Eyes(frozenset({"vision_tower"}), frozenset({"mm_projector"}), FASTVLM),
    "fastvlm": Eyes(frozenset({"vision_tower"}), frozenset({"mm_projector"}), FASTVLM),
    "llava-qwen2": BUNNY,
    "bunny-llama": BUNNY,
    "lfm2_vl": LFM2,
    "lfm2-vl": LFM2,
    "qwen3_vl": QWEN3,
    "qwen3_vl_moe": QWEN3,
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
    return [no_eyes(checkpoint, _missing(bool(tower), bool(connectors)), family.instead)]


def no_eyes(checkpoint: Checkpoint, missing: str, instead: str = COMPLETE) -> Finding:
    """`missing`: what of the eyes is not there, as a clause."""
    coreml = sorted(path.name for path in checkpoint.folder.glob("*.mlpackage"))
    why = f"its eyes are in {coreml[0]}, for CoreML alone" if coreml else "it is an LLM-only or CoreML export"
    return Finding("eyes", "bad", f"this checkpoint has no eyes: {missing}; {why}", instead, "no-eyes")


def is_visual(name: str) -> bool:
    """Whether a tensor or a module belongs to a vision tower or a connector, by its name, in any architecture."""
    return any(word in name.lower() for word in VISUAL)


def _has(name: str, parts: frozenset[str]) -> bool:
    return not parts.isdisjoint(name.split("."))


def _missing(has_tower: bool, has_connector: bool) -> str:
    if has_tower:
        return "the connector between vision tower and language model is missing"
    return "the vision tower is missing" if has_connector else "vision tower and connector are missing"
