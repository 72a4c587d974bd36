"""A small LLaVA of random numbers: a family whose processor transformers has without torchvision."""

from pathlib import Path

import torch
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from tests.fixtures.families.words import write_json, write_tokenizer

EDGE, PATCH = 56, 14
TOKENS = (EDGE // PATCH) ** 2
TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>{% else %}"
    "{{ part['text'] }}{% endif %}{% endfor %}{% endfor %} ASSISTANT:"
)


def make_small_llava(folder: Path) -> Path:
    folder.mkdir()
    special = ["<s>", "</s>", "<pad>", "<image>"]
    tokens = write_tokenizer(folder, special, {"eos_token": "</s>", "bos_token": "<s>", "pad_token": "<pad>"})
    ids = {word: tokens.token_to_id(word) for word in special}
    narrow = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**narrow, image_size=EDGE, patch_size=PATCH),
        text_config=LlamaConfig(
            **narrow, num_key_value_heads=2, vocab_size=tokens.get_vocab_size(), eos_token_id=ids["</s>"],
            max_position_embeddings=4096,
        ),
        image_token_id=ids["<image>"],
        vision_feature_layer=-1,
    )  # fmt: skip
    torch.manual_seed(7)
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    square = {"height": EDGE, "width": EDGE}
    write_json(
        folder / "preprocessor_config.json",
        {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": EDGE}, "crop_size": square,
         "do_resize": True, "do_center_crop": True, "do_normalize": True, "do_rescale": True},
    )  # fmt: skip
    write_json(
        folder / "processor_config.json",
        {"processor_class": "LlavaProcessor", "patch_size": PATCH, "vision_feature_select_strategy": "default",
         "image_token": "<image>", "num_additional_image_tokens": 1},
    )  # fmt: skip
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder
