"""Which parts of a model are quantized, and nothing else: the store does it at install, the describer on request."""

import re

LAYERS = re.compile(r"language_model\.(?:.*\.)?layers\.")
"""The blocks of the language model, as mlx-vlm names them: no vision tower, connector, embeddings or head."""
