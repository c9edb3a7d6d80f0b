"""Endless practice text for the tiny base model: passages with facts, and look-ups of those facts.

Nothing here knows the documents that a project is tuned on. Each row is a short passage about something that does not
exist, followed by notes that look its facts up again::

    Silver gauge Orvan
    The drain of the silver gauge Orvan is made of oak. It was fitted on 3 May 1974.

    drain = oak
    fitted = 3 May 1974

Looking a value up needs two skills that a small model is slow to learn: copying a span, and finding the span that a few
words point at. The notes are unlike questions and answers on purpose: how to answer a question is what fine-tuning
teaches.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

UNKNOWN_WORDS = 0.08
"""Share of words that are made up on the spot."""


class Dice(random.Random):
    """A repeatable stream of choices; nothing secret depends on it."""

    def chance(self, share: float) -> bool:
        """Draw True in this share of the cases."""
        return self.random() < share

    def weighted(self, options: Sequence[str], weights: Sequence[float]) -> str:
        """Draw an option in proportion to its weight."""
        return self.choices(options, weights)[0]


@dataclass(frozen=True)
class Segment:
    """A piece of a row; only supervised pieces count in the loss."""

    text: str
    supervised: bool = False


@dataclass(frozen=True)
class Fact:
    """A sentence or line, the value in it, and the phrases that may be used to look it up."""

    sentence: str
    value: str
    queries: tuple[str, ...]


def read_words() -> dict[str, list[str]]:
    """Read the word lists that the practice text is made of, by section."""
    sections: dict[str, list[str]] = {}
    for line in (files(__package__) / "words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        else:
            current.extend(word.replace("_", " ") for word in line.split())
    return sections


class PracticeText:
    """Generator of practice rows.

    Parameters
    ----------
    seed : int
        Seed of the row stream; the same seed gives the same rows.

    Examples
    --------
    >>> rows = PracticeText(seed=0)
    >>> segments = rows.lookup_row()
    >>> any(segment.supervised for segment in segments)
    True
    """

    def __init__(self, seed: int) -> None:
        self.words = read_words()
        self.syllables = self.words.pop("syllables")
        self.rng = Dice(seed)

    # Values ----------------------------------------------------------------------------------------------------------

    def pick(self, section: str) -> str:
        """Draw one word of a section; now and then a word that does not exist, as every text has unknown words."""
        return self.name().lower() if self.rng.chance(UNKNOWN_WORDS) else self.rng.choice(self.words[section])

    def name(self) -> str:
        """Draw a capitalised name of two or three syllables."""
        return "".join(self.rng.choices(self.syllables, k=self.rng.choice((2, 2, 3)))).capitalize()

    def number(self) -> str:
        """Draw a number of one to four digits, sometimes with a decimal point or a thousands comma."""
        rng = self.rng
        kind = rng.weighted(("decimal", "thousands", "whole"), (15, 10, 75))
        if kind == "decimal":
            return f"{rng.randrange(1, 100)}.{rng.randrange(1, 10)}"
        if kind == "thousands":
            return f"{rng.randrange(1, 30)},{rng.randrange(0, 1000):03d}"
        return str(rng.randrange(2, 10 ** rng.choice((1, 2, 2, 3, 3, 4))))

    def measure(self) -> str:
        """Draw a number with a unit."""
        amount = self.pick("numbers") if self.rng.chance(0.2) else self.number()
        unit = self.rng.choice(self.words["units"])
        return f"{amount} {unit} per {self.pick('nouns')}" if self.rng.chance(0.1) else f"{amount} {unit}"

    def time(self) -> str:
        """Draw a time of day."""
        return f"{self.rng.randrange(24):02d}:{self.rng.randrange(0, 60, 5):02d}"

    def year(self) -> str:
        """Draw a year."""
        return str(self.rng.randrange(1850, 2030))

    def date(self) -> str:
        """Draw a date, with or without its day."""
        day = f"{self.rng.randrange(1, 29)} " if self.rng.chance(0.6) else ""
        return f"{day}{self.pick('months')} {self.year()}"

    def code(self) -> str:
        """Draw an identifier such as ``KR-204`` or ``channel 14``."""
        if self.rng.chance(0.4):
            return f"{self.pick('nouns')} {self.rng.randrange(1, 100)}"
        letters = "".join(self.rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=self.rng.choice((1, 2, 2, 3))))
        return f"{letters}{self.rng.choice(('-', ' ', ''))}{self.rng.randrange(1, 1000)}"

    def phrase(self) -> str:
        """Draw a noun phrase of one to three words."""
        rng = self.rng
        first = self.pick(rng.choice(("adjectives", "colours", "materials", "nouns", "participles")))
        return f"{first} {self.pick('nouns')}" if rng.chance(0.6) else first

    def proper_name(self) -> str:
        """Draw a name, alone or with a noun around it."""
        form = self.rng.choice(("house", "two", "the", "one"))
        if form == "house":
            return f"{self.name()} {self.pick('nouns').capitalize()}"
        if form == "two":
            return f"{self.name()} {self.name()}"
        return f"the {self.name()} {self.pick('nouns')}" if form == "the" else self.name()

    def value(self) -> str:
        """Draw a value of any kind."""
        kinds: tuple[Callable[[], str], ...] = (
            self.measure,
            self.measure,
            self.number,
            self.time,
            self.year,
            self.date,
            self.code,
            self.phrase,
            self.phrase,
            self.proper_name,
        )
        return self.rng.choice(kinds)()

    # Facts -----------------------------------------------------------------------------------------------------------

    def field(self) -> str:
        """Draw what a fact is about: one to three words."""
        rng = self.rng
        first = self.pick(rng.choice(("adjectives", "nouns", "nouns", "participles", "colours")))
        kind = rng.weighted(("noun", "of", "two", "three"), (35, 10, 45, 10))
        if kind == "noun":
            return self.pick("nouns")
        if kind == "of":
            return f"{self.pick('nouns')} of {self.pick('nouns')}"
        return f"{first} {self.pick('nouns')}" + (f" {self.pick('nouns')}" if kind == "three" else "")

    def attribute_fact(self, entity: str) -> Fact:
        """Make a fact of the form "the field is value"."""
        rng = self.rng
        field, value, adverb = self.field(), self.value(), self.pick("function")
        noun, preposition = self.pick("nouns"), self.pick("prepositions")
        before, after = rng.choice(
            (
                (f"The {field} is", "."),
                (f"The {field} of the {entity} is", "."),
                (f"Its {field} is", "."),
                (f"The {field} {preposition} the {noun} was", "."),
                (f"The {entity} has a {field} of", "."),
                (f"It has a {field} of", f" {preposition} the {noun}."),
                (f"The {entity}'s {field} is {adverb}", "."),
                (f"With a {field} of", f", it is {self.pick('adjectives')}."),
                (f"{self.pick('prepositions').capitalize()} the {noun} the {field} is", "."),
                (f"The {field} {self.pick('verbs')}s", f" {preposition} the {noun}."),
                (f"{field.capitalize()}:", ""),
                (f"- {field.capitalize()}:", ""),
                (f"| {field.capitalize()} |", " |"),
            )
        )
        queries = (field, f"{field} of the {entity}", self.with_filler(field), self.with_filler(field))
        return Fact(f"{before} {value}{after}", value, (*queries, f"{before.lstrip('-| ')} ____{after.rstrip(' |')}"))

    def verb_fact(self, entity: str) -> Fact:
        """Make a fact of the form "the subject does value" or "the subject was done in value"."""
        rng = self.rng
        value, preposition = self.value(), self.pick("prepositions")
        subject = rng.choice((entity, entity, f"{self.pick('adjectives')} {self.pick('nouns')}", self.pick("nouns")))
        opening = rng.choice((f"The {subject}", f"The {subject}", "It", f"Each {subject}"))
        verb, participle = self.pick("verbs"), self.pick("participles")
        join = rng.choice(("", f"{preposition} ", f"{preposition} "))
        key, before = rng.choice(
            (
                (verb, f"{opening} {verb}s {join}"),
                (verb, f"{opening} {self.pick('function')} {verb}s {join}"),
                (verb, f"{opening} can {verb} {join}"),
                (participle, f"{opening} was {participle} {join}"),
                (participle, f"{opening} is {participle} {join}"),
            )
        )
        after = rng.choice((".", ".", f" {self.pick('prepositions')} the {self.pick('nouns')}."))
        queries = (
            key,
            f"{subject} {key}",
            self.with_filler(f"{subject} {key}"),
            self.with_filler(f"{key} {join}".strip()),
        )
        return Fact(f"{before}{value}{after}", value, (*queries, f"{before}____{after}"))

    def with_filler(self, phrase: str) -> str:
        """Put words that carry no meaning around and inside a look-up phrase."""
        rng = self.rng
        words = [*rng.choices(self.words["function"], k=rng.randrange(3)), *phrase.split()]
        for _ in range(rng.randrange(3)):
            words.insert(rng.randrange(len(words) + 1), self.pick("function"))
        return " ".join(words)

    def distractor(self) -> str:
        """Make a sentence without a value."""
        pick = self.pick
        forms = (
            f"The {pick('nouns')} {pick('verbs')}s the {pick('adjectives')} {pick('nouns')}.",
            f"{pick('function').capitalize()} the {pick('nouns')} is {pick('participles')},"
            f" {pick('verbs')} the {pick('nouns')}.",
            f"{pick('verbs').capitalize()} the {pick('nouns')} {pick('prepositions')}"
            f" the {pick('adjectives')} {pick('nouns')}.",
        )
        return self.rng.choice(forms)

    # Rows ------------------------------------------------------------------------------------------------------------

    def lookup_row(self) -> list[Segment]:
        """Make a passage with two to six facts, then the notes that look them up."""
        rng = self.rng
        noun = self.pick("nouns")
        entity = rng.choice((noun, f"{self.pick('adjectives')} {noun}", f"{noun} {self.name()}", self.name()))
        facts: dict[str, Fact] = {}
        for _ in range(rng.randrange(2, 7)):
            fact = self.attribute_fact(entity) if rng.chance(0.6) else self.verb_fact(entity)
            facts.setdefault(fact.queries[0], fact)
        title = rng.choice((entity.capitalize(), f"{entity.capitalize()} {rng.choice(self.words['nouns'])}", ""))
        sentences = [fact.sentence for fact in facts.values()]
        for _ in range(rng.choice((0, 0, 1, 2))):
            sentences.insert(rng.randrange(len(sentences) + 1), self.distractor())
        lines = [title] if title else []
        for sentence in sentences:
            prose = sentence.endswith(".") and bool(lines) and lines[-1].endswith(".")
            if prose and rng.chance(0.8):
                lines[-1] += f" {sentence}"
            else:
                lines.append(sentence)
        asked = list(facts.values())
        rng.shuffle(asked)
        segments = [Segment("\n".join(lines) + "\n")]
        for fact in asked:
            segments += [Segment(f"{rng.choice(fact.queries)} ="), Segment(f"{fact.value}\n", supervised=True)]
        return segments

    def record_row(self) -> list[Segment]:
        """Make a list or a table of two to five entries, then look them up."""
        rng = self.rng
        entries = {self.field(): self.value() for _ in range(rng.randrange(2, 6))}
        left, right = rng.choice((("- ", ""), ("", ""), ("* ", "."), ("| ", " |")))
        between = " | " if right == " |" else ": "
        lines = [self.pick("nouns").capitalize()]
        if right == " |":
            lines += [f"| {self.pick('nouns').capitalize()} | {self.pick('nouns').capitalize()} |", "| --- | --- |"]
        lines += [f"{left}{field.capitalize()}{between}{value}{right}" for field, value in entries.items()]
        segments = [Segment("\n".join(lines) + "\n")]
        asked = list(entries)
        rng.shuffle(asked)
        for field in asked:
            query = self.with_filler(field) if rng.chance(0.6) else field
            segments += [Segment(f"{query} ="), Segment(f"{entries[field]}\n", supervised=True)]
        return segments

    def compact_row(self, tokens: list[str]) -> list[Segment]:
        """Make a list of random keys and values, then look each key up.

        Parameters
        ----------
        tokens : list of str
            Words or word pieces to draw keys and values from; with the whole vocabulary, no piece stays unpractised.
        """
        rng = self.rng
        pairs = {}
        for _ in range(rng.randrange(3, 9)):
            key = " ".join(rng.choices(tokens, k=rng.choice((1, 1, 2))))
            pairs[key] = " ".join(rng.choices(tokens, k=rng.choice((1, 2, 3))))
        mark = rng.choice((" is", ":", " |", "", " of"))
        segments = [Segment("\n".join(f"{key}{mark} {value}." for key, value in pairs.items()) + "\n")]
        keys = list(pairs)
        rng.shuffle(keys)
        for key in keys:
            query = self.with_filler(key) if rng.chance(0.5) else key
            segments += [Segment(f"{query} ="), Segment(f"{pairs[key]}\n", supervised=True)]
        return segments

    def repeat_row(self, tokens: list[str]) -> list[Segment]:
        """Make a run of random words and repeat it."""
        run = " ".join(self.rng.choices(tokens, k=self.rng.randrange(4, 14)))
        return [Segment(f"{run}\n"), Segment(f"{run}\n", supervised=True)]
