"""Novelty of a sentence: is it worth saying after those before it? Judged on words alone, without a model or a clock.

lexicon.py   openings and hedges dropped, inflections cut, synonyms merged
parse.py     from words to meaning;  meaning.py: what a text is about
compare.py   whether one text says nothing that another did not
tracker.py   what was said, and what is held back until it is sure
"""

from app.novelty.compare import same
from app.novelty.tracker import News, Verdict

__all__ = ["News", "Verdict", "same"]
