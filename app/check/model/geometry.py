"""How many tokens of the prompt one frame must fill: what each family's vision tower makes of the pixels sent to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Sent = Mapping[str, Any]
"""What the processor made of prompt and frame: input_ids, pixel_values and the family's own."""


@dataclass(frozen=True, slots=True)
class Family:
    """How one family shows a frame to its tower."""

    due: Callable[[Any, Sent], int]
    """From the loader's ModelConfig and what is sent: image tokens that the prompt must have."""
    has_tiles: bool = False
    """Whether the processor enlarges and cuts frames unless it is told not to."""


def idefics(config: Any, sent: Sent) -> int:
    """pixel_values: 1 × tiles × 3 × H × W; patches are shuffled together, scale × scale to one token."""
    _, tiles, _, height, width = sent["pixel_values"].shape
    patch, scale = config.vision_config.patch_size, config.scale_factor
    return int(tiles * (height // patch) * (width // patch) // scale**2)


def placeholder(_: Any, sent: Sent) -> int:
    """One placeholder a frame, which the model itself replaces by the tower's rows."""
    return int(sent["pixel_values"].shape[0])


def lfm2(config: Any, sent: Sent) -> int:
    """pixel_values: views × patches × numbers of a patch; spatial_shapes: patches down and across, one row a view.

    The tower takes patches of its own size alone, and fills an odd number of them up.
    """
    factor, tower = config.downsample_factor, config.vision_config
    if sent["pixel_values"].shape[-1] != tower.num_channels * tower.patch_size**2:
        return 0
    shapes = sent["spatial_shapes"].tolist()
    return sum(-(-height // factor) * -(-width // factor) for height, width in shapes)


def qwen(config: Any, sent: Sent) -> int:
    """pixel_values: one row a patch as the processor cuts it; the tower cuts the same numbers into its own."""
    tower = config.vision_config
    patch = tower.in_channels * tower.temporal_patch_size * tower.patch_size**2
    return int(sent["pixel_values"].size // (patch * tower.spatial_merge_size**2))


FAMILIES = {
    "smolvlm": Family(idefics, has_tiles=True),
    "idefics3": Family(idefics, has_tiles=True),
    "llava_qwen2": Family(placeholder),
    "fastvlm": Family(placeholder),
    "llava-qwen2": Family(placeholder),
    "bunny-llama": Family(placeholder),
    "llava_bunny": Family(placeholder),
    "lfm2_vl": Family(lfm2),
    "lfm2-vl": Family(lfm2),
    "qwen3_vl": Family(qwen),
}
