"""The student: SmolVLM's architecture at a hundredth of its smallest size, and how its weights start.

Builds the network; it neither trains nor saves. Torch is needed here and never to run the result.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration

from models.demo.training.lessons import COLOUR_CLASSES, KIND_CLASSES, PATCHES, TILE
from models.demo.training.speech import BOS, EOS, IMAGE, PAD, VOCABULARY

EYE, MIND = 128, 192
"""Widths of the vision tower and of the language model."""
ROPE_THETA = 10_000.0
FEELING_LAYERS = 2
"""After so many layers of the language model the fates of things are asked for while training."""
SAME_THING, SAME_PLACE, NAMED_THING = slice(0, 2), slice(3, 4), slice(0, 2)
"""Heads that are taught where to look. In the last of these layers: back at the same thing, and at the same place. In
the next layer: at the thing that is about to be named."""


def config() -> SmolVLMConfig:
    """16 image tokens a picture: 8×8 patches of 16 pixels, joined 2×2."""
    ids = {"bos_token_id": BOS, "eos_token_id": EOS, "pad_token_id": PAD}
    return SmolVLMConfig(
        vision_config={
            "hidden_size": EYE, "intermediate_size": 4 * EYE, "num_hidden_layers": 4, "num_attention_heads": EYE // 32,
            "image_size": TILE, "patch_size": TILE // PATCHES, "layer_norm_eps": 1e-5,
        },
        text_config={
            "model_type": "llama", "hidden_size": MIND, "intermediate_size": 512, "num_hidden_layers": 4,
            "num_attention_heads": MIND // 32, "num_key_value_heads": 2, "head_dim": 32, "vocab_size": VOCABULARY,
            "max_position_embeddings": 1024, "rms_norm_eps": 1e-5, "tie_word_embeddings": False, **ids,
            "rope_parameters": {"rope_type": "default", "rope_theta": ROPE_THETA},
        },
        scale_factor=2, image_token_id=IMAGE, tie_word_embeddings=False, **ids,
    )  # fmt: skip


class Reading(NamedTuple):
    """What the language model made of its input."""

    last: Tensor
    """B×L×MIND, before the words are foretold."""
    felt: Tensor
    """B×L×MIND, after FEELING_LAYERS."""
    look_back: Tensor
    """B×heads×L×L, the attention of the last of these layers,"""
    look_at: Tensor
    """… and of the next."""


class Heads(nn.Module):
    """What a feature says of the thing at its place."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.colour = nn.Linear(width, COLOUR_CLASSES)
        self.kind = nn.Linear(width, KIND_CLASSES)
        self.centre = nn.Linear(width, 2)


class Student(nn.Module):
    """The network that is shipped, and small heads beside it that only teach."""

    def __init__(self) -> None:
        super().__init__()
        self.net = SmolVLMForConditionalGeneration(config())
        self.net.set_attn_implementation("eager")  # SDPA's backward pass on a CPU costs a third of the step
        self.seen = Heads(EYE)
        self.summed = Heads(MIND)
        self.motion = nn.Linear(MIND, 3)
        self.gone = nn.Linear(MIND, 1)
        _start_eyes(self.net.model.vision_model.embeddings)

    def see(self, tiles: Tensor) -> Tensor:
        """Tiles N×3×128×128 in -1..1 to patch features N×64×EYE, as the vision tower does for whole tiles."""
        tower = self.net.model.vision_model
        patches = tower.embeddings.patch_embedding(tiles).flatten(2).transpose(1, 2)
        patches = patches + tower.embeddings.position_embedding.weight
        return tower.post_layernorm(tower.encoder(inputs_embeds=patches).last_hidden_state)

    def sum_up(self, features: Tensor) -> Tensor:
        """Patch features N×64×EYE to image tokens N×16×MIND."""
        return self.net.model.connector(features)

    def read(self, tokens: Tensor, images: Tensor, mask: Tensor, places: Tensor) -> Reading:
        """From token ids B×L and image tokens N×16×MIND.

        `mask` B×1×L×L is added to the attention scores, `places` B×L are the positions.
        """
        words = self.net.model.text_model.embed_tokens(tokens)
        words = words.masked_scatter((tokens == IMAGE)[..., None], images.to(words.dtype))
        out = self.net.model.text_model(
            inputs_embeds=words, attention_mask=mask, position_ids=places, use_cache=False, output_hidden_states=True,
            output_attentions=True,
        )  # fmt: skip
        looks = out.attentions[FEELING_LAYERS - 1 : FEELING_LAYERS + 1]
        return Reading(out.last_hidden_state, out.hidden_states[FEELING_LAYERS], *looks)


@torch.no_grad()
def _start_eyes(embeddings: nn.Module) -> None:
    """Positions as sines and cosines, patches as the lowest frequencies of a DCT in luma and two opponent colours.

    From the usual random start the tower had not learned shapes after minutes; from here it starts at once.
    """
    embeddings.position_embedding.weight.copy_(0.3 * _sines(PATCHES, EYE // 4))
    embeddings.patch_embedding.bias.zero_()
    opponents = torch.tensor([[1.0, 1, 1], [1, 0, -1], [0.5, -1, 0.5]])
    opponents = opponents / opponents.norm(dim=1, keepdim=True)
    waves = _waves(TILE // PATCHES)
    channels = [0] * (EYE // 2) + [1] * (EYE // 4) + [2] * (EYE // 4)
    orders = [*range(EYE // 2), *range(EYE // 4), *range(EYE // 4)]
    for filter_, channel, order in zip(embeddings.patch_embedding.weight, channels, orders, strict=True):
        filter_.copy_(opponents[channel][:, None, None] * waves[order] * (0.25 if order else 0.08))


def _sines(side: int, depth: int) -> Tensor:
    """(side·side)×(4·depth): sines and cosines of the row, then of the column."""
    angles = torch.arange(side)[:, None] / 100 ** (torch.arange(depth) / depth)
    line = torch.cat([angles.sin(), angles.cos()], 1)
    both = torch.cat([line[:, None].expand(side, side, -1), line[None].expand(side, side, -1)], -1)
    return both.reshape(side * side, 4 * depth)


def _waves(size: int) -> list[Tensor]:
    """The size×size cosine patterns of unit norm, lowest frequencies first."""
    steps = torch.arange(size) + 0.5
    lines = [torch.cos(math.pi * k * steps / size) for k in range(size)]
    order = sorted((u * u + v * v, u, v) for u in range(size) for v in range(size))
    return [torch.outer(lines[u], lines[v]) / torch.outer(lines[u], lines[v]).norm() for _, u, v in order]
