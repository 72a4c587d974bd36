"""Is it worth saying? Judged on words alone: no model, no clock, no dictionary of everything.

words.py    a sentence's words, inflections and synonyms made one
meaning.py  the things a text speaks of, what they are like, what links them
reading.py  from words to meaning
compare.py  whether one text says nothing that another did not
memory.py   what was told, and what is held back until it is sure
"""

from app.news.compare import same
from app.news.memory import News, Verdict

__all__ = ["News", "Verdict", "same"]
