"""Comparison of two texts: whether one says nothing that the other did not."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from app.novelty.lexicon import BROADER
from app.novelty.parse import Meaning, Thing, read, split

ALWAYS = frozenset({"not", "empty"})
"""Words whose absence is news, too."""
ROOMY = frozenset({"chair", "sofa", "bed", "bench", "street", "road", "bus", "grass", "field", "yard"})
"""Things that one is "in" and "on" alike."""
ENOUGH = 2000
"""Steps of the search for matching things, at most."""
_BROADER = {name: frozenset(names.split()) for name, names in BROADER.items()}
_read = lru_cache(maxsize=256)(read)


def same(new: str, old: str) -> bool:
    """Whether `new` says nothing that `old` did not say; either may be several sentences.

    Less detail of the same things is not new. More is, "a man" after "a person" too, once: the fuller wording is then
    the one to compare with. A thing that is gone from a list is new.
    """
    now, before = _read(new), _read(old)
    return _sentences(new) <= _sentences(old) or any(
        holds(now, before, which) for which in islice(pairings(now, before), ENOUGH)
    )


@lru_cache(maxsize=256)
def _sentences(text: str) -> frozenset[str]:
    """Its sentences, in small letters."""
    return frozenset(sentence.lower() for sentence in split(text))


def pairings(new: Meaning, old: Meaning) -> Iterator[list[int]]:
    """The ways in which the things of one text can be those of another, among those that are tried."""
    choices = [[place for place, other in enumerate(old.things) if fits(thing, other)] for thing in new.things]
    return (chosen for chosen in islice(_distinct(choices, []), ENOUGH) if len(chosen) == len(choices))


def _distinct(choices: list[list[int]], chosen: list[int]) -> Iterator[list[int]]:
    """Every step of the search, so that the steps can be counted: the chosen so far, or all."""
    yield chosen
    if len(chosen) < len(choices):
        for choice in choices[len(chosen)]:
            if choice not in chosen:
                yield from _distinct(choices, [*chosen, choice])


def fits(new: Thing, old: Thing) -> bool:
    """Whether all that is said of a thing was said of another."""
    return (
        (new.name in (old.name, "it", "they") or old.name in _BROADER.get(new.name, ()))
        and (new.count == old.count or (new.count is None and old.count != 1))
        and new.words <= old.words
        and new.words & ALWAYS == old.words & ALWAYS
        and (not new.places or new.places == old.places)
    )


def holds(new: Meaning, old: Meaning, which: list[int]) -> bool:
    """Whether nothing is linked that was not, and nothing is gone from a list."""
    kept = set(which)
    return (
        all(is_linked(old, which[one], how, which[other]) for one, how, other in new.links)
        and any(subject <= kept for subject in old.subjects)
        and all(named <= kept for named in old.lists if named & kept)
    )


def is_linked(old: Meaning, one: int, how: str, other: int) -> bool:
    hows = {how}
    if how in ("in", "on") and old.things[other].name in ROOMY:
        hows = {"in", "on"}
    elif how in ("in", "with"):
        hows = {"in", "with"}
    backwards = {"nextto": {"nextto"}, "with": {"in", "on", "with"}, "in": {"with"}, "on": {"with"}}.get(how, set())
    return any((one, each, other) in old.links for each in hows) or any(
        (other, each, one) in old.links for each in backwards
    )
