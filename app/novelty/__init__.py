"""Novelty: whether a sentence is worth saying after those before it, judged on words alone.

lexicon.py   openings and hedges dropped, inflections cut, synonyms merged
parse.py     from words to what a text is about
compare.py   whether one text says nothing that another did not
tracker.py   what was said, and what is held back until it is sure
"""

from app.novelty.compare import same
from app.novelty.tracker import NoveltyTracker, Verdict

__all__ = ["NoveltyTracker", "Verdict", "same"]
