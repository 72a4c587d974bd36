"""GGUF pairs: are these a language model and its mmproj, and does the installed llama.cpp take them?"""

from app.check.pair.find import Pair, find_pair
from app.check.pair.judge import judge_pair

__all__ = ["Pair", "find_pair", "judge_pair"]
