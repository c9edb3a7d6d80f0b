"""Spotting what can be an answer: dates, times, measures, counts, codes, names."""

import re
from dataclasses import dataclass

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_COUNTING = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen"
    "|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|dozen"
)
_YEAR = r"(?:1[0-9]|20)\d\d"
_NUMBER = rf"(?:\d+(?:[.,]\d+)*|\b(?:{_COUNTING}))"
_OPENERS = "A|After|An|As|At|Before|By|During|For|From|In|Of|On|Since|The|To|Until|When|While|With"
_UNIT = "(?!(?:does|has|is|was)\\b)(?:[a-z]+s|percent|people|feet|[ckm]?m²?|k?g|[cm]?l|[kM]?Wh?|V|A|Hz|h|min|km/h)"
_KINDS = (
    ("date", rf"\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTHS})(?: {_YEAR})?"),
    ("date", rf"(?:{_MONTHS}) \d{{1,2}}(?:st|nd|rd|th)?(?:, {_YEAR})?\b"),
    ("date", rf"\d{{4}}-\d\d-\d\d\b|(?:{_MONTHS})(?: {_YEAR})?\b"),
    ("date", rf"(?:{_DAYS})s?\b"),
    ("time", r"\d{1,2}:\d\d(?: ?[ap]\.?m\.?)?(?![\d:])|\d{1,2} ?[ap]\.?m\b"),
    ("amount", r"[€$£] ?\d+(?:[.,]\d+)*(?: (?:million|billion))?"),
    ("amount", rf"{_NUMBER} ?(?:%|°C?)"),
    ("year", rf"{_YEAR}(?![\d.,-]*\d|[ -](?!(?:and|or|by|to|with|for|on|in|at|from|after|when|as|but|until)\b)[a-z])"),
    ("amount", rf"{_NUMBER} (?:(?:square|cubic|nautical) )?{_UNIT}\b(?: per (?:(?:square|cubic) )?[a-z]+)?"),
    ("code", r"[A-Z]{1,5}[- ]?\d+[A-Z0-9-]*\b|[A-Z0-9]{2,}\d[A-Z0-9-]*\b"),
    ("name", rf"(?!\A(?:{_OPENERS})\b)[A-Z][\w'-]+(?: (?:of the |of |de |van |von )?(?:[A-Z][\w'-]+|\d+\b))*"),
    ("number", r"\d+(?:[.,]\d+)*"),
)
_PATTERN = re.compile("|".join(rf"(?P<k{index}>(?<![\w.,:-]){pattern})" for index, (_, pattern) in enumerate(_KINDS)))


@dataclass(frozen=True)
class Value:
    """A typed piece of a sentence; ``start`` and ``end`` are positions in it."""

    kind: str
    text: str
    start: int
    end: int


def find_values(sentence: str) -> list[Value]:
    """Find the values in a sentence from left to right, without overlap.

    A capitalised word that merely begins the sentence is no name.

    Examples
    --------
    >>> [(value.kind, value.text) for value in find_values("The mill has two stones and was built in 1875.")]
    [('amount', 'two stones'), ('year', '1875')]
    """
    found = []
    for match in _PATTERN.finditer(sentence):
        kind = _KINDS[int((match.lastgroup or "k0")[1:])][0]
        if kind == "name" and not sentence[: match.start()].strip("\"'([*_ "):
            continue
        found.append(Value(kind, match.group(), match.start(), match.end()))
    return found


def kind_of(text: str) -> str:
    """Name the kind of a whole value, or ``phrase`` where it is of no particular kind."""
    match = _PATTERN.fullmatch(f" {text}", 1)  # as if in the middle of a sentence
    if match is None:
        return "phrase"
    return _KINDS[int((match.lastgroup or "k0")[1:])][0]
