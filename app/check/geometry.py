"""How many tokens of the prompt one frame must fill: what each family's vision tower makes of the pixels sent to it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

Sent = Mapping[str, Any]
"""What the processor made of prompt and frame: input_ids, pixel_values and the family's own."""


@dataclass(frozen=True, slots=True)
class Family:
    """How one family shows a frame to its tower."""

    due: Callable[[Any, Sent], int]
    """From the loader's ModelConfig and what is sent: image tokens that the prompt must have."""
    agreed: Mapping[str, str] = field(default_factory=dict)
    """What the image processor and the loader's config must say alike, each by its own name for it."""
    has_tiles: bool = False
    """Whether the processor enlarges and cuts frames unless it is told not to."""


def disagreements(family: Family, processor: Any, config: Any) -> Iterator[str]:
    """Where the processor cuts frames otherwise than the tower takes them; nothing is tried for it."""
    for name, other in family.agreed.items():
        said, due = getattr(processor.image_processor, name), attrgetter(other)(config)
        if said != due:
            yield f"the image processor's {name} is {said}, and the vision tower takes {due}"
    if family.has_tiles and processor.image_seq_len != (due := _tile_tokens(processor, config)):
        yield f"a tile becomes {processor.image_seq_len} image tokens in the prompt, and the vision tower makes {due}"


def _tile_tokens(processor: Any, config: Any) -> int:
    patches = processor.image_processor.max_image_size["longest_edge"] // config.vision_config.patch_size
    return int(patches**2 // config.scale_factor**2)


def idefics(config: Any, sent: Sent) -> int:
    """pixel_values: 1 × tiles × 3 × H × W; patches are shuffled together, scale × scale to one token."""
    _, tiles, _, height, width = sent["pixel_values"].shape
    patch, scale = config.vision_config.patch_size, config.scale_factor
    return int(tiles * (height // patch) * (width // patch) // scale**2)


def placeholder(_: Any, sent: Sent) -> int:
    """One placeholder a frame, which the model itself replaces by the tower's rows."""
    return int(sent["pixel_values"].shape[0])


def lfm2(config: Any, sent: Sent) -> int:
    """spatial_shapes: patches down and across, one row a view; an odd number is filled up."""
    factor = config.downsample_factor
    return sum(-(-height // factor) * -(-width // factor) for height, width in sent["spatial_shapes"].tolist())


def qwen(config: Any, sent: Sent) -> int:
    """image_grid_thw: patches in time, down and across, one row a picture."""
    merged = config.vision_config.spatial_merge_size**2
    return sum(time * height * width // merged for time, height, width in sent["image_grid_thw"].tolist())


IDEFICS = Family(idefics, has_tiles=True)
PLACEHOLDER = Family(placeholder)
LFM2 = Family(lfm2, {"encoder_patch_size": "vision_config.patch_size", "downsample_factor": "downsample_factor"})
QWEN3 = Family(
    qwen,
    {
        "patch_size": "vision_config.patch_size",
        "merge_size": "vision_config.spatial_merge_size",
        "temporal_patch_size": "vision_config.temporal_patch_size",
    },
)
FAMILIES = {
    "smolvlm": IDEFICS,
    "idefics3": IDEFICS,
    "llava_qwen2": PLACEHOLDER,
    "fastvlm": PLACEHOLDER,
    "llava-qwen2": PLACEHOLDER,
    "bunny-llama": PLACEHOLDER,
    "lfm2_vl": LFM2,
    "lfm2-vl": LFM2,
    "qwen3_vl": QWEN3,
}
