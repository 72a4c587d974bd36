"""From a sentence to words that can be compared: openings and hedges dropped, inflections cut, a few synonyms made one.

A compact table, no dictionary: words that it does not know are compared as they are, which can only make more news.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Kind = Literal["word", "verb", "place", "link", "determiner", "number", "and", "comma", "is", "not", "it"]


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it is compared."""

    kind: Kind
    stem: str
    is_plural: bool = False


_VIEW = "(?:image|picture|photo|photograph|video|frame|scene|view|shot)"
_COLOUR = "(red|orange|yellow|green|blue|purple|pink|brown|white|black|gr[ae]y)"
_HAND = "(?:[- ]hand)?"
_SEEN = "(?:seen|visible|shown|present|located|positioned|placed|situated)"
_PHRASES = [
    (re.compile(pattern), plain)
    for pattern, plain in (
        (rf"^(?:in )?(?:the|this) {_VIEW},? (?:clearly |mainly )?(?:shows|depicts|captures|features|displays)\b", ""),
        (rf"^in (?:the|this) {_VIEW},?", ""),
        (rf",? (?:of|in|from) (?:the|this) {_VIEW}\b", ""),
        (rf"^(?:an?|the) (?:close-?up|{_VIEW})(?: {_VIEW})? (?:of|showing)\b", ""),
        (r"\b(?:we|you|i) (?:can )?see\b|^it (?:appears|seems|looks like)(?: that| as if)?\b", ""),
        (rf"\b{_COLOUR} and (?={_COLOUR}\b)", r"\1 "),
        (r"\b(?:appears?|seems?|looks) to be\b", "is"),
        (r"\b(?:appears?|seems?) to\b|\bwhat (?:appears|looks) (?:to be|like)\b", ""),
        (rf"\b(?:can|may) be {_SEEN}\b|\b(?:is|are) (?:clearly )?{_SEEN}\b", "is"),
        (r"\bthere(?: is|'s| are| was| were)\b", ""),
        (r"\b(?:do|does|did) not\b|n't\b|\bno longer\b|\bnot any ?more\b|\bwithout\b|\bnobody\b|\bnone\b", " not"),
        (r"\ban? (?:couple|pair) of (?=scissors|glasses|trousers|pants|jeans|shoes|headphones)", ""),
        (r"\ban? (?:couple|pair) of\b", "two"),
        (r"\ban? (?:large |small )?(?:group|number|bunch|lot|crowd|variety) of\b", "some"),
        (r"\b(?:cell|mobile|smart) ?phone", "phone"),
        (r"\bin (?:his|her|their|its|one|the) hands?\b", ""),
        (r"\b(?:the )?(?:text|words?|phrase) (?=\")", ""),
        (r"\b(?:reads?|reading|says?|saying|displays?|displaying|shows?|showing)(?= [\"\d])", "shows"),
        (r"\b(?:that|which|who) (?=(?:is|are|shows?|reads?|says?|has|have)\b)", ""),
        (r"\bin front of\b", "infront"),
        (r"\b(?:next|adjacent) to\b|\b(?:close to|beside|near|alongside)\b", "nextto"),
        (r"\bon top of\b|\b(?:onto|upon|along)\b", "on"),
        (r"\bout of\b", "outof"),
        (rf"\b(?:(?:to|on|at) )?(?:the )?(left|right){_HAND}(?: side)? of\b", r"\1of"),
        (r"\b((?:mov|turn|go|walk|run|driv|fly|lean|look|fac|point)\w* )(?:to the )?(left|right)(?= |$)", r"\1@to\2"),
        (rf"\b(?:on|to|at|in) the (?:far )?(left|right){_HAND}(?: side)?(?= |$)(?! \w*hand)", r"@\1"),
        (r"\b(?:in|at) the (?:top|upper) (left|right)(?: corner)?\b", r"@top @\1"),
        (r"\b(?:in|at) the (?:bottom|lower) (left|right)(?: corner)?\b", r"@bottom @\1"),
        (r"\b(?:at|on|in) the (?:very )?(top|bottom|background|foreground|distance)\b(?! of)", r"@\1"),
        (r"\b(?:at|in|on) the (?:very )?(?:center|centre|middle)\b(?! of)", "@center"),
    )
]
_SYNONYMS = {
    "man": "men guy gentleman",
    "woman": "women lady",
    "person": "people persons someone somebody individual individuals",
    "child": "children kid kids toddler",
    "dog": "puppy",
    "cat": "kitten",
    "sofa": "couch",
    "tv": "television",
    "phone": "smartphone cellphone",
    "bike": "bicycle",
    "motorbike": "motorcycle",
    "car": "automobile",
    "fridge": "refrigerator",
    "cup": "mug",
    "computer": "pc",
    "sidewalk": "pavement",
    "big": "large",
    "small": "little tiny",
    "grey": "gray",
    "close": "shut",
    "show": "display",
    "sit": "seated sat",
    "stand": "stood",
    "lie": "lying lay laying",
    "sleep": "asleep sleeping",
    "hold": "held",
    "talk": "speak",
    "look": "gaze",
    "with": "has have having had wear wears wearing featuring containing",
    "in": "inside within into",
    "at": "by",
    "below": "under underneath beneath",
    "above": "over",
    "toward": "towards",
    "foot": "feet",
    "he": "him",
    "they": "them",
}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PLURALS = _names("men women people persons individuals children feet")
_PERSONS = "man woman child boy girl baby mother father player worker"
BROADER = {
    "person": _PERSONS,
    "he": "man boy person child baby",
    "she": "woman girl person child baby",
    "child": "boy girl baby",
    "animal": "cat dog bird horse cow sheep",
    "vehicle": "car bus truck van motorbike",
    "computer": "laptop",
}
"""What may be said of a thing with less detail."""
LIVING = _names(f"person animal {_PERSONS} {BROADER['animal']}")
POSTURES = _names("sit stand lie rest")
"""Said of a thing that does not live, they say only that it is there."""
_VERBS = _names(
    "sit stand lie rest walk run jump dance play work type write read hold carry lift raise look talk smile laugh cry "
    "wave point eat drink cook cut wash pour clean open drive ride push pull throw catch kick hit chase bark fly swim "
    "fall climb sleep wait enter leave move appear disappear show hang lean face use give take put get "
    "make turn go come rise stop begin touch reach pet feed hug"
)
_THINGS_IN_ING = _names("building ceiling painting evening morning thing string ring king wing clothing")
_FORMS = {
    "link": "of in on at with below above behind infront nextto leftof rightof outof off up down away toward from to "
    "through across around against between among for past than like about",
    "determiner": "a an the this that these those his their its my your our some several many few any each both all",
    "and": "and or while as but ;",
    "comma": ", :",
    "is": "is are was were be being been am",
    "not": "not no never",
    "it": "he she it they him them",
    "number": "one two three four five six seven eight nine ten",
    "dropped": "very quite completely mostly just also now currently still really so together slightly "
    "possibly probably likely perhaps apparently",
}
_KIND_OF = {word: kind for kind, words in _FORMS.items() for word in words.split()}
_NUMBERS = {word: str(place) for place, word in enumerate(_FORMS["number"].split(), 1)}
_PLAIN = {word: plain for plain, words in _SYNONYMS.items() for word in words.split()}
_TOKEN = re.compile(r"\"[^\"]*\"|@\w+|\d+(?:[.:]\d+)*%?|[^\W\d_]+(?:-\w+)*|[,:;]")
_ORDERED = re.compile(r"^from left to right[:,]?")


def is_ordered(sentence: str) -> bool:
    """Whether it names things from left to right."""
    return bool(_ORDERED.match(sentence.lower()))


def words(sentence: str) -> list[Word]:
    """A sentence's words, its openings and hedges dropped."""
    tokens: list[str] = _TOKEN.findall(_ORDERED.sub("", _plain(sentence)))
    read: list[Word] = []
    for token, following in pairwise([*tokens, ""]):
        read.extend(_word(token, following, read))
    return read


def _plain(sentence: str) -> str:
    text = re.sub(r"[“”«»]", '"', sentence.lower().replace("’", "'")).strip(" .!?…")
    for pattern, plain in _PHRASES:
        text = pattern.sub(plain, text).strip()
    return re.sub(r"'s?\b", "", text)


def _word(token: str, following: str, before: list[Word]) -> Iterator[Word]:
    """The word that a token is, between the words before it and the token that follows; none if it says nothing."""
    last = before[-1].kind if before else "and"
    if token[0] in '@"' or token[0].isdecimal():
        yield _sign(token, last)
    elif token == "her":  # "her desk", "beside her"
        yield Word("determiner", token) if _is_content(following) else Word("it", "she")
    elif (kind := _KIND_OF.get(_PLAIN.get(token, token))) is not None:
        if kind != "dropped":
            yield Word(kind, _NUMBERS.get(token, _PLAIN.get(token, token)))  # type: ignore[arg-type] # a Kind
    elif token in ("left", "right") and not _is_content(following):
        yield Word("place", token)
    else:
        is_verb = _is_verb(token, following, before)
        yield Word("verb" if is_verb else "word", stem(token), _is_plural(token))


def _sign(token: str, last: Kind) -> Word:
    """What is no word: a place, a quotation, a number."""
    if token[0] == "@":
        return Word("place", token[1:])
    is_count = token.isdecimal() and last not in ("word", "verb")
    return Word("number" if is_count else "word", token)


def _is_content(token: str) -> bool:
    return token[:1].isalpha() and token not in _KIND_OF


def _is_verb(token: str, following: str, before: list[Word]) -> bool:
    last = before[-1].kind if before else "and"
    if token.endswith("ing") and len(token) > 4 and token not in _THINGS_IN_ING:
        return last not in ("determiner", "number") or not _is_content(following)
    if token.endswith("ed") and len(token) > 4 and last == "word" and _KIND_OF.get(following) == "link":
        return True  # "a car parked on …", "a shelf filled with …"
    if stem(token) in _VERBS and token not in ("open", "clean"):
        return last not in ("determiner", "number") and (last != "is" or token in _PLAIN)
    return _is_plural(token) and (last == "it" or (last == "word" and not before[-1].is_plural and _is_one(before)))


def _is_one(before: list[Word]) -> bool:
    """Whether the phrase so far speaks of one thing: "a baby" and not "white"."""
    for word in reversed(before):
        if word.kind != "word":
            return word.kind == "determiner" and word.stem in ("a", "an")
    return False


def _is_plural(token: str) -> bool:
    return token in _PLURALS or (token.endswith("s") and len(token) > 2 and not token.endswith(("ss", "us", "is")))


def stem(token: str) -> str:
    """A word without its ending, or the one word that stands for it and its synonyms."""
    if token in _PLAIN:
        return _PLAIN[token]
    cut = _cut(token)
    return _STEMS.get(cut, cut)


def _cut(token: str) -> str:
    """Without -s, -ed, -ing and a last -e: "drives" and "driving" become "driv"."""
    if _is_plural(token) and token not in _PLURALS:
        token = re.sub(r"ies$", "y", token) if token.endswith("ies") else re.sub(r"(?<=ss|sh|ch)es$|s$", "", token)
    elif token.endswith(("ing", "ed")) and len(token) > 4:
        token = re.sub(r"([b-df-hj-np-rtv-z])\1$", r"\1", re.sub(r"ing$|ed$", "", token))
    return token.removesuffix("e") if len(token) > 3 else token


_STEMS = {
    **{_cut(word): word for words_ in (_VERBS, LIVING, BROADER, _SYNONYMS) for word in words_},
    **{_cut(word): plain for word, plain in _PLAIN.items()},
}
"""From a cut word back to one that can be read, and from a synonym's to the word that stands for it."""
