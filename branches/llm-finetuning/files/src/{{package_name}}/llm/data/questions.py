"""Rules that turn a sentence, a record or a table row into questions.

A rule is a pattern of a whole sentence with the named groups ``subject`` and ``value``, and a function that words the
question. Rules are tried in order and the first that fits wins; values that no rule asked for become cloze questions.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .values import find_values, kind_of

MAX_ANSWER_WORDS = 5
MAX_CLOZE_WORDS = 25
BLANK = "____"
CLOZE = "Fill in the blank: "

_PREPOSITIONS = (
    "about|above|across|after|against|along|among|around|as|at|before|behind|below|beneath|beside|between|by|during|for"
    "|from|in|inside|into|near|of|off|on|onto|over|through|to|towards|under|until|up to|with|within|without"
)
_IRREGULAR = (
    "born|bought|built|cast|chosen|cut|drawn|driven|fed|found|frozen|given|grown|held|hung|kept|known|laid|led|left|lit"
    "|lost|made|paid|put|read|run|seen|sent|set|shown|sold|spoken|taken|taught|thrown|told|won|worn|woven|written"
)
_SUBJECT = r"(?P<subject>[\w'-]+(?: [\w'-]+){0,7}?)"
_DETERMINERS = ("The", "A", "An", "Its", "His", "Her", "Their", "Our", "Each", "Every")
_NOUNS = rf"(?:(?:{'|'.join(_DETERMINERS)}) )?(?:(?!(?:{_PREPOSITIONS}) )[\w'-]+ ){{0,3}}?"
_BE = "(?P<verb>is|are|was|were)"
_PREP = rf"(?: (?P<prep>{_PREPOSITIONS}))?"
_VALUE = r"(?P<value>[^.]+(?:\.\d[^.]*)*)"
_ADVERB = "(?:(?:first|usually|always|now|still|mostly) )?"

_RECORD = re.compile(r"(?:[-*+]\s+|\d+[.)]\s+)?\**(?P<key>[^:|.*]{2,40}?)\**\s*:\**\s+(?P<value>\S.*?)[.;,]?")
_MARK = r"(?:#+|/+\*+|//+|\*+/?|--+|[\"']{3})"
_CONSTANT = re.compile(
    r"(?:(?:const|export|final|let|private|public|static|val|var)\s+)*(?:\w+\s+)?(?P<name>[A-Z][A-Z0-9_]{2,})"
    r"(?::\s*[\w\[\], .|]+?)?\s*:?=\s*(?P<value>[\"'][^\"']{1,60}[\"']|-?\d[\d_.]*(?:e-?\d+)?|[Tt]rue|[Ff]alse)"
    rf"\s*[;,]?\s*(?:{_MARK}.*)?"
)
_COMMENT = re.compile(rf"(?:{_MARK}\s*)?(?P<text>[A-Z][^=(){{}};]*\.)(?:\s*{_MARK})?")
_CLAUSE = re.compile(
    r"[,;:()\[\]|](?!\d)|\b(?:and|are|because|but|had|has|have|he|if|is|it|its|never|no|not|only|or|she|than|that|they"
    r"|was|we|were|when|where|which|while|who|you)\b"
)
_WHEN = frozenset({"date", "time", "year"})
_WHERE = frozenset({"above", "at", "behind", "below", "beside", "between", "in", "inside", "near", "on", "under"})
_TITLE_PRONOUNS = frozenset({"It", "She", "He", "They", "This"})
_OWN_PRONOUNS = ("Its ", "Her ", "His ", "Their ")
_NO_SUBJECT = frozenset({"Here", "How", "In", "On", "At", "That", "There", "What", "When", "Who", "You", "We", "I"})
_NO_VERB = frozenset({"always", "does", "has", "less", "perhaps", "plus", "this", "thus", "was"})


@dataclass(frozen=True)
class Asked:
    """A question with the half-open range of its answer in the line it was made from."""

    question: str
    start: int
    end: int
    rule: str


@dataclass(frozen=True)
class _Parts:
    """The parts of a matched sentence, ready to be put into a question.

    Attributes
    ----------
    subject, verb, extra, prep : str
        ``extra`` is the field, the participle or the adjective; ``prep`` the preposition before the value.
    kind : str
        Kind of the value.
    named : bool
        Whether the subject begins as one would: with a determiner, a pronoun or a word of the title.
    """

    subject: str
    verb: str
    extra: str
    prep: str
    kind: str
    named: bool

    @property
    def is_when(self) -> bool:
        return self.kind in _WHEN and self.prep in {"", "at", "in", "on"}

    @property
    def is_where(self) -> bool:
        return self.prep in _WHERE and self.kind in {"place", "name", "code"}


def _ask_quantity(parts: _Parts) -> str:
    return f"How {parts.extra} {parts.verb} {parts.subject}?"


def _ask_possession(parts: _Parts) -> str:
    return f"What {parts.extra} {_do(parts.verb)} {parts.subject} have?"


def _ask_has(parts: _Parts) -> str | None:
    return f"What {_do(parts.verb)} {parts.subject} have?" if parts.kind == "amount" else None


def _ask_passive(parts: _Parts) -> str:
    if parts.is_when:
        return f"When {parts.verb} {parts.subject} {parts.extra}?"
    if parts.is_where:
        return f"Where {parts.verb} {parts.subject} {parts.extra}?"
    if not parts.prep:
        return f"How {parts.verb} {parts.subject} {parts.extra}?"
    return f"What {parts.verb} {parts.subject} {parts.extra} {parts.prep}?"


def _ask_is(parts: _Parts) -> str:
    if not parts.prep:
        return f"What {parts.verb} {parts.subject}?"
    word = "When" if parts.kind in _WHEN else "Where"
    return f"{word} {parts.verb} {parts.subject}?"


def _ask_does(parts: _Parts) -> str | None:
    if parts.verb in _NO_VERB or not parts.named:
        return None
    plain = _plain_form(parts.verb)
    if parts.prep and parts.is_when:
        return f"When does {parts.subject} {plain}?"
    if parts.is_where:
        return f"Where does {parts.subject} {plain}?"
    return f"What does {parts.subject} {' '.join(filter(None, (plain, parts.prep)))}?"


@dataclass(frozen=True)
class _Rule:
    """A pattern of whole sentences, and the question about what it matches."""

    name: str
    pattern: re.Pattern[str]
    word: Callable[[_Parts], str | None]


_HAVE = "(?P<verb>has|have|had)"
_FIELD = r"(?P<extra>[a-z][\w-]*(?: [\w-]+){0,3}?)"
_DONE = rf"(?P<extra>\w+(?:ed|wn)|{_IRREGULAR})"
_DOER = rf"(?P<subject>{_NOUNS}[\w'-]+(?: of (?:the |a )?[\w'-]+)?)"
_RULES = (
    _Rule(
        "quantity", re.compile(rf"{_SUBJECT} {_BE} {_VALUE} (?P<extra>long|wide|high|deep|tall|old)\."), _ask_quantity
    ),
    _Rule("possession", re.compile(rf"{_SUBJECT} {_HAVE} an? {_FIELD} of {_VALUE}\."), _ask_possession),
    _Rule("has", re.compile(rf"{_SUBJECT} {_HAVE} {_VALUE}\."), _ask_has),
    _Rule("passive", re.compile(rf"{_SUBJECT} {_BE} {_ADVERB}{_DONE}{_PREP} {_VALUE}\."), _ask_passive),
    _Rule("is", re.compile(rf"{_SUBJECT} {_BE} (?:(?P<prep>at|behind|in|near|on) )?{_VALUE}\."), _ask_is),
    _Rule("does", re.compile(rf"{_DOER} (?P<verb>[a-z]+[^\Wsu]s){_PREP} {_VALUE}\."), _ask_does),
)


def ask_sentence(line: str, title: str, *, blanks: bool = False) -> Iterator[Asked]:
    """Yield the question of the first rule that fits a sentence or a list item, then a cloze for each value left over.

    Parameters
    ----------
    line : str
        A sentence, or a line of a list.
    title : str
        Title of the document: what "it" stands for.
    blanks : bool
        Whether what a rule asked for is left out of a cloze too.

    Examples
    --------
    >>> [asked.question for asked in ask_sentence("It opens at 08:30.", "Harbour museum")]
    ['When does Harbour museum open?']
    >>> [asked.question for asked in ask_sentence("In May 1911 a storm took the roof.", "Old mill")]
    ['Fill in the blank: In ____ a storm took the roof.']
    """
    record = _RECORD.fullmatch(line)
    if record:
        answer = _answer_range(record)
        if answer:
            yield Asked(f"What is the {_lower_first(record['key'])}?", *answer, "record")
        return
    taken = range(0)
    asked = _apply_rules(line, title)
    if asked:
        yield asked
        taken = range(asked.start, asked.end)
    if len(line.split()) > MAX_CLOZE_WORDS:
        return
    if asked and blanks:
        yield Asked(f"{CLOZE}{line[: asked.start]}{BLANK}{line[asked.end :]}", asked.start, asked.end, "cloze")
    for value in find_values(line):
        if value.start not in taken and value.kind != "number" and value.text not in title:
            question = f"{CLOZE}{line[: value.start]}{BLANK}{line[value.end :]}"
            yield Asked(question, value.start, value.end, "cloze")


def table_cells(line: str) -> list[str]:
    """Cut a line of a Markdown table into its cells."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def ask_row(line: str, header: list[str]) -> Iterator[Asked]:
    """Ask for the cells of a table row after the first: by its first cell, and by column where there are several.

    Examples
    --------
    >>> [asked.question for asked in ask_row("| Ant | 900 kg | Bay 3 |", ["Name", "Load", "Place"])]
    ['What is the load of Ant?', 'What is the place of Ant?']
    """
    cells = table_cells(line)
    position = line.find("|") + 1
    for column, cell in enumerate(cells):
        start = line.find(cell, position)
        position = start + len(cell)
        is_value = 0 < column < len(header) and cell.strip(":-") and len(cell.split()) <= MAX_ANSWER_WORDS
        if is_value and cells[0]:
            alone = len(header) == len(("name", "value"))
            key = _lower_first(cells[0]) if alone else f"{_lower_first(header[column])} of {cells[0]}"
            yield Asked(f"What is the {key}?", start, start + len(cell), "table")


def ask_code(line: str) -> Iterator[Asked]:
    """Ask for the value of a constant, and about the sentence of a comment.

    Examples
    --------
    >>> [asked.question for asked in ask_code("TIMEOUT: float = 30.0  # seconds")]
    ['What is the value of TIMEOUT?']
    >>> [asked.question for asked in ask_code("// The buffer holds 64 entries.")]
    ['What does the buffer hold?']
    """
    constant = _CONSTANT.fullmatch(line)
    if constant:
        yield Asked(f"What is the value of {constant['name']}?", *constant.span("value"), "constant")
        return
    comment = _COMMENT.fullmatch(line)
    if comment:
        offset = comment.start("text")
        asked = _apply_rules(comment["text"], "")
        if asked:
            yield Asked(asked.question, asked.start + offset, asked.end + offset, asked.rule)


def _apply_rules(line: str, title: str) -> Asked | None:
    sentence = line if line.endswith(".") else f"{line}."
    for rule in _RULES:
        match = rule.pattern.fullmatch(sentence)
        if match is None:
            continue
        answer = _answer_range(match)
        subject = _subject(match["subject"], title)
        if answer is None or subject is None:
            continue
        question = rule.word(_parts(match, subject, sentence[answer[0] : answer[1]], title))
        if question:
            return Asked(question, *answer, rule.name)
    return None


def _parts(match: re.Match[str], subject: str, value: str, title: str) -> _Parts:
    found = match.groupdict()
    return _Parts(
        subject=subject,
        verb=found["verb"],
        extra=found.get("extra") or "",
        prep=found.get("prep") or "",
        kind="place" if value.startswith(("a ", "an ", "the ")) else kind_of(value),
        named=match["subject"].split(maxsplit=1)[0] in {*title.split(), *_DETERMINERS, *_TITLE_PRONOUNS},
    )


def _answer_range(match: re.Match[str]) -> tuple[int, int] | None:
    """Trim the matched value to an answer; None where it is too long or runs on into another clause."""
    core = match["value"].strip("*_`\"' ")
    if not core or len(core.split()) > MAX_ANSWER_WORDS or _CLAUSE.search(core):
        return None
    start = match.start("value") + match["value"].index(core)
    return start, start + len(core)


def _subject(text: str, title: str) -> str | None:
    """Word a subject for the middle of a question, with the title for a pronoun; None where it is no plain subject."""
    if text in _TITLE_PRONOUNS:
        return title
    for pronoun in _OWN_PRONOUNS:
        if text.startswith(pronoun):
            return f"the {text.removeprefix(pronoun)} of {title}"
    first = text.split(maxsplit=1)[0]
    if _CLAUSE.search(text) or first in _NO_SUBJECT or text in _DETERMINERS:
        return None
    return text if first in title.split() else _lower_first(text)


def _lower_first(text: str) -> str:
    """Lower the first letter, unless the first word is an abbreviation or carries a number."""
    first = text.split(maxsplit=1)[0]
    is_name = (len(first) > 1 and first.isupper()) or any(character.isdigit() for character in text)
    return text if is_name else text[0].lower() + text[1:]


def _do(verb: str) -> str:
    return {"has": "does", "have": "do"}.get(verb, "did")


def _plain_form(verb: str) -> str:
    """Turn the third person of a regular verb into its plain form."""
    if verb.endswith("ies") and verb not in {"dies", "lies", "ties"}:
        return f"{verb[:-3]}y"
    return verb[:-2] if verb.endswith(("sses", "shes", "ches", "xes", "zes", "oes")) else verb[:-1]
