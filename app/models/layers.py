"""Which parts of a model are quantized: at install by app/models, on request by the MLX backend."""

import re

LAYERS = re.compile(r"language_model\.(?:.*\.)?layers\.")
"""The blocks of the language model, as mlx-vlm names them: no vision tower, connector, embeddings or head."""
