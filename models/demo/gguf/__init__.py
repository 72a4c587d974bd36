"""The demo model as llama.cpp reads it: a language model and its mmproj in GGUF, made in a second from the folder.

    python -m models.demo.gguf FOLDER [--model FOLDER]

text.py the language model, its tokenizer and its template · eyes.py the mmproj · weights.py where both come from.
The files are not kept in the repository: they hold nothing that model.safetensors does not.
"""

from models.demo.gguf.eyes import write_eyes
from models.demo.gguf.text import write_text

__all__ = ["write_eyes", "write_text"]
