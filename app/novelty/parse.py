"""From a text to its meaning: things, their places, and links between them.

A shallow reader of the plain sentences in which models describe pictures, not a parser of English. What it misreads it
misreads the same way each time, so that the same words stay the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.novelty.lexicon import LIVING, POSTURES, Word, is_ordered, words
from app.text import SentenceSplitter

INVERSE = {"rightof": "leftof", "below": "above", "behind": "infront"}
"""Links that are stored the other way round."""


@dataclass(slots=True)
class Thing:
    """One thing that a text mentions."""

    name: str
    count: int | None = 1
    """None: several."""
    words: set[str] = field(default_factory=set)
    """What it is like, and what it does."""
    places: set[str] = field(default_factory=set)
    """Where in the picture it is."""


Link = tuple[int, str, int]
"""The number of a thing, how it is linked, the number of the thing that it is linked to."""


@dataclass(slots=True)
class Meaning:
    """The meaning of a text."""

    things: list[Thing] = field(default_factory=list)
    links: set[Link] = field(default_factory=set)
    subjects: list[frozenset[int]] = field(default_factory=list)
    """The subjects of each clause."""
    lists: list[frozenset[int]] = field(default_factory=list)
    """Things named in one list."""

    def link(self, one: int, how: str, other: int) -> None:
        if one != other:
            self.links.add((other, INVERSE[how], one) if how in INVERSE else (one, how, other))


def split(text: str) -> list[str]:
    """The sentences of a text; each line ends one."""
    found: list[str] = []
    for line in text.splitlines():
        sentences = SentenceSplitter()
        found += [*sentences.add(line), sentences.finish()]
    return [sentence for sentence in found if sentence]


def read(text: str) -> Meaning:
    """What a text of one or more sentences says."""
    meaning = Meaning()
    subject: list[int] = []
    for sentence in split(text):
        reader = Reader(meaning, spoken_of=subject)
        reader.read(words(sentence))
        if is_ordered(sentence):
            reader.put_in_order()
        subject = reader.subject
    return meaning


@dataclass(slots=True)
class Reader:
    """Reads one sentence word by word."""

    meaning: Meaning
    spoken_of: list[int]
    """Whom "he", "it" or "them" means."""
    subject: list[int] = field(default_factory=list)
    objects: list[int] = field(default_factory=list)
    how: str = ""
    """The link that waits for its object."""
    has_said: bool = False
    """Something has been said of the subject: what is named next is named anew."""
    is_stating: bool = False
    """After "is": words without an article tell what the subject is like."""
    early: list[tuple[str, int]] = field(default_factory=list)
    """Links that came before their subject: "On the desk are …"."""
    early_words: set[str] = field(default_factory=set)
    early_places: set[str] = field(default_factory=set)
    is_within: bool = False
    """After "of": what is named next is part of what was named last."""

    def read(self, sentence: Sequence[Word]) -> None:
        phrase: list[Word] = []
        for word in sentence:
            if word.kind in ("determiner", "number") and any(each.kind == "word" for each in phrase):
                phrase = self.take(phrase)
            if word.kind in ("determiner", "number", "word"):
                phrase.append(word)
            else:
                phrase = self.take(phrase)
                self.step(word)
        self.take(phrase)
        self.end_link()
        self.end_clause()

    def step(self, word: Word) -> None:
        """A word that is no part of a phrase."""
        match word.kind:
            case "link" if word.stem == "of":
                self.is_within = True
            case "link":
                self.end_link()
                self.how, self.objects = word.stem, []
            case "verb":
                self.act(word.stem)
            case "is":
                self.end_link()
                self.turn()
                self.is_stating = self.has_said = True
            case "place":
                self.end_link()
                self.place(word.stem)
            case "not":
                self.say({"not"})
            case "it":
                self.refer(word.stem)
            case "and":
                self.end_link()
            case "comma":
                self.end_link()
                if not self.subject:
                    self.objects, self.how = [], ""

    def act(self, verb: str) -> None:
        """Somebody does something, perhaps to what is named next."""
        self.end_link()
        self.turn()
        lives = not self.subject or self.meaning.things[self.subject[0]].name in LIVING
        if lives or verb not in POSTURES:
            self.say({verb})
            self.how = verb
        self.has_said, self.is_stating = True, False

    def turn(self) -> None:
        """What was read as the last object was the subject of a new clause: "… a couch and a man is …"."""
        if len(self.objects) > 1 and self.subject:
            last = self.objects[-1]
            self.meaning.links -= {link for link in self.meaning.links if last in (link[0], link[2])}
            self.objects.pop()
            self.begin([last])
        self.end_objects()

    def begin(self, subject: list[int]) -> None:
        self.end_clause()
        self.spoken_of = self.subject or self.spoken_of
        self.subject, self.has_said, self.is_stating = subject, False, False

    def end_clause(self) -> None:
        self.end_objects()
        if self.subject:
            self.meaning.subjects.append(frozenset(self.subject))
            self.meaning.lists.append(frozenset(self.subject))

    def end_objects(self) -> None:
        if len(self.objects) > 1:
            self.meaning.lists.append(frozenset(self.objects))
        self.objects, self.how = [], ""

    def end_link(self) -> None:
        """A link without an object says something of the subject: "the lamp is off"."""
        if self.how and not self.objects and self.how not in ("with", "at", "to"):
            self.say({self.how})
        self.how = self.how if self.objects else ""

    def say(self, said: set[str], unsaid: str = "") -> None:
        """Something of the subject, or of the one to come."""
        if not self.subject:
            self.early_words |= said
        for one in self.subject:
            thing = self.meaning.things[one]
            thing.words = (thing.words | said) - {unsaid}
            self.has_said = True

    def place(self, place: str) -> None:
        """Where in the picture the subject is, or the one to come."""
        if not self.subject:
            self.early_places.add(place)
        for one in self.subject:
            self.meaning.things[one].places.add(place)
            self.has_said = True

    def refer(self, pronoun: str) -> None:
        """ "He", "it" or "them": whom the clause before spoke of, else what this one speaks of."""
        if not self.spoken_of and not self.subject:
            self.meaning.things.append(Thing(pronoun))
            self.spoken_of = [len(self.meaning.things) - 1]
        for one in list(self.spoken_of or self.subject):
            self.name(one)

    def take(self, phrase: Sequence[Word]) -> list[Word]:
        """A phrase has come to its end; gives the empty one that follows."""
        told = [word for word in phrase if word.kind == "word"]
        is_bare = bool(phrase) and phrase[0].kind == "word"
        if not told:
            pass
        elif is_bare and (self.is_stating or (self.how == "show" and len(told) == 1)):
            self.say({word.stem for word in told}, unsaid=self.how)
            self.how = ""
        elif self.is_within and self.meaning.things:
            self.meaning.things[-1].words |= {word.stem for word in told}
        else:
            self.name(self.thing(phrase, told))
        if told:
            self.is_stating = self.is_within = False
        return []

    def thing(self, phrase: Sequence[Word], told: Sequence[Word]) -> int:
        """The number of the thing that a phrase names: of an earlier one if it is spoken of again."""
        head = next((word for word in reversed(told) if word.stem[0].isalpha()), told[-1])
        said = {word.stem for word in told if word is not head}
        things = self.meaning.things
        if phrase[0].stem == "the":
            for number, old in enumerate(things):
                if old.name == head.stem and said <= old.words:
                    return number
        things.append(Thing(head.stem, _count(phrase, head), said))
        return len(things) - 1

    def name(self, number: int) -> None:
        """A thing is named: as object, as subject, or as one more of either."""
        if self.how:
            self.objects.append(number)
            for one in self.subject:
                self.meaning.link(one, self.how, number)
            if not self.subject:
                self.early.append((self.how, number))
        elif self.subject and not self.has_said:
            self.subject.append(number)
        else:
            self.begin([number])
            self.lead()

    def lead(self) -> None:
        """What came before the subject is said of it."""
        for one in self.subject:
            for how, number in self.early:
                self.meaning.link(one, how, number)
            self.meaning.things[one].words |= self.early_words
            self.meaning.things[one].places |= self.early_places
        self.early, self.early_words, self.early_places = [], set(), set()

    def put_in_order(self) -> None:
        """Each of a row is left of the next."""
        for one, other in zip(self.subject, self.subject[1:], strict=False):
            self.meaning.link(one, "leftof", other)


def _count(phrase: Sequence[Word], head: Word) -> int | None:
    for word in phrase:
        if word.kind == "number":
            return int(word.stem)
    return None if head.is_plural else 1
