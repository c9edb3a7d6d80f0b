"""More rows for training from those that are there: typing errors, other words, and a language model's help.

Rows of validation and test are never changed, and none is made from them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .asking import Asked, ask_about, give_up_if_hopeless
from .chunks import Chunk, Span
from .duplicates import near_duplicates
from .examples import Row
from .language import language_of
from .language_model import LanguageModel, NonsenseError
from .normalisation import clean
from .pairs import Pair
from .quality import judge
from .spending import LimitReachedError

if TYPE_CHECKING:
    import numpy as np

    from .config import QualityConfig

_SHORTEST = 5  # letters of a word that a typing error leaves readable
_WORD = re.compile(rf"\b[a-z]{{{_SHORTEST},}}\b")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_BE = "(is|are|was|were)"
_WHOLE = r"(?!.* (?:about|at|by|called|for|from|in|like|named|of|on|to|used|with)\?)"  # else it ends in half a phrase
_WORDINGS = (
    (re.compile(rf"What {_BE} {_WHOLE}(the .+)\?"), "Tell me what {1} {0}."),
    (re.compile(rf"Where {_BE} {_WHOLE}(the .+)\?"), "In which place {0} {1}?"),
    (re.compile(r"When does (.+)\?"), "At what time does {0}?"),
    (re.compile(r"Fill in the blank: (.+)"), "Complete this: {0}"),
)
_PARAPHRASE = """\
Write the question in other words. Keep its meaning, its language, every number and every name. Do not answer it."""
_TRANSLATE = "Translate the question into the language {language}. Keep every number and every name. Do not answer it."
_SCHEMA = {
    "type": "object",
    "properties": {"question": {"type": "string"}},
    "required": ["question"],
    "additionalProperties": False,
}


def with_typos(rows: Sequence[Row], share: float, seed: int = 0) -> list[Pair]:
    """Make a second row with a typing error in its question of some pairs; numbers, names and answers stay right.

    Parameters
    ----------
    rows : sequence of Row
        Rows of the training split.
    share : float
        For how many of the pairs, between 0 and 1.
    seed : int
        Seed of which pairs, and which letters.
    """
    import numpy as np

    draw, made = np.random.default_rng(seed), []
    for row in rows:
        chosen = draw.random() < share
        words = list(_WORD.finditer(row.question))
        if chosen and words and isinstance(row, Pair):
            word = words[draw.integers(len(words))]
            wrong = _mistyped(word[0], draw)
            question = f"{row.question[: word.start()]}{wrong}{row.question[word.end() :]}"
            made.append(replace(row, question=question, rule="typo"))
    return made


def reworded(rows: Sequence[Row]) -> list[Pair]:
    """Make a second row with another wording of its question of each pair that a rule knows one for.

    Examples
    --------
    >>> pair = Pair("What is the depth of the basin?", "The depth is 9 m.", "9 m", "a.md", 0, 0, 3, "is")
    >>> [one.question for one in reworded([pair])]
    ['Tell me what the depth of the basin is.']
    """
    made = []
    for row in rows:
        for pattern, wording in _WORDINGS:
            match = pattern.fullmatch(row.question)
            if match and isinstance(row, Pair):
                made.append(replace(row, question=wording.format(*match.groups()), rule="reworded"))
                break
    return made


def paraphrased(rows: Sequence[Row], model: LanguageModel, languages: Sequence[str] = ()) -> tuple[list[Pair], str]:
    """Have a language model word the questions of pairs anew: directly, or there and back through other languages.

    A wording that has lost a number, or that says the same as before, is left out.

    Parameters
    ----------
    rows : sequence of Row
        Rows of the training split.
    model : LanguageModel
        Whom to ask.
    languages : sequence of str
        Languages to translate into and back from, such as ``de``; without any, the model paraphrases.

    Returns
    -------
    list of Pair
        The new rows.
    str
        Why not all could be asked about; empty otherwise.

    Raises
    ------
    ModelError
        If the endpoint can't be used, or gives nonsense for most questions.
    """
    pairs = [row for row in rows if isinstance(row, Pair)]
    asked: list[tuple[Pair, Callable[[str], str]]]
    if languages:
        asked = [
            (pair, _through(language, language_of(pair.context or pair.question) or "en", model))
            for pair in pairs
            for language in languages
        ]
    else:
        asked = [(pair, lambda question: _ask(_PARAPHRASE, question, model)) for pair in pairs]
    stopped: list[str] = []
    failed: list[str] = []
    succeeded: list[str] = []

    def check() -> None:
        if failed:
            give_up_if_hopeless("questions", len(failed), len(succeeded), failed[-1])

    def make(one: tuple[Pair, Callable[[str], str]]) -> Pair | None:
        pair, change = one
        check()
        if stopped:
            return None
        try:
            question = change(pair.question)
        except LimitReachedError as error:
            stopped.append(str(error))
            return None
        except NonsenseError as error:
            failed.append(error.message)
            return None
        succeeded.append(question)
        same = question.casefold() == pair.question.casefold()
        lost = sorted(_NUMBER.findall(question)) != sorted(_NUMBER.findall(pair.question))
        rule = "back-translation" if languages else "paraphrase"
        return None if same or lost or not question else replace(pair, question=question, rule=rule)

    with ThreadPoolExecutor(model.settings.concurrency) as pool:
        made = [pair for pair in pool.map(make, asked) if pair]
    check()
    return made, stopped[0] if stopped else ""


def asked_more(
    splits: Mapping[str, Sequence[Row]], model: LanguageModel, quality: QualityConfig
) -> tuple[list[Pair], Asked]:
    """Have a language model ask more about the passages of the training split.

    What is not good enough, or nearly the same as a row of any split, is left out.
    """
    passages: defaultdict[tuple[str, str], list[Pair]] = defaultdict(list)
    for row in splits["train"]:
        if isinstance(row, Pair) and row.context:
            passages[row.document, row.context].append(row)
    asked_before = {_passage(rows): [row.question for row in rows] for rows in passages.values()}
    asked = ask_about(list(asked_before), model, known=asked_before)
    known = [row for rows in splits.values() for row in rows if isinstance(row, Pair)]
    judged = judge([*known, *asked.pairs], quality)
    return [one.pair for one in judged[len(known) :] if one.accepted], asked


def unleaked(made: Sequence[Pair], splits: Mapping[str, Sequence[Row]], similarity: float) -> list[Pair]:
    """Leave out rows that are nearly the same as one of validation or test."""
    apart = [row for name in ("validation", "test") for row in splits[name]]
    matches = near_duplicates([f"{row.question}\n{row.answer}" for row in (*apart, *made)], similarity)
    out = {match.second - len(apart) for match in matches if match.first < len(apart) <= match.second}
    return [row for index, row in enumerate(made) if index not in out]


def _passage(rows: Sequence[Pair]) -> Chunk:
    """Give the passage of pairs, at its place in the document, which follows from where an answer stands in both."""
    first = rows[0]
    found = [(row.start, row.context.find(row.answer)) for row in rows if row.end - row.start == len(row.answer)]
    origins = [start - place for start, place in found if place >= 0]
    origin = max(origins, key=origins.count, default=0)
    span = Span(origin, origin + len(first.context))
    return Chunk(first.document, first.chunk, "", first.context, span, (), topic=first.topic, place=first.place)


def _mistyped(word: str, draw: np.random.Generator) -> str:
    place = int(draw.integers(1, len(word) - 1))
    match int(draw.integers(3)):
        case 0:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        case 1:
            return word[:place] + word[place + 1 :]
        case _:
            return word[:place] + word[place] + word[place:]


def _through(language: str, home: str, model: LanguageModel) -> Callable[[str], str]:
    def change(question: str) -> str:
        there = _ask(_TRANSLATE.format(language=language), question, model)
        return _ask(_TRANSLATE.format(language=home), there, model)

    return change


def _ask(instruction: str, question: str, model: LanguageModel) -> str:
    messages = [{"role": "system", "content": instruction}, {"role": "user", "content": question}]
    answer: dict[str, str] = model.ask(messages, _SCHEMA, _check)
    return clean(answer["question"])


def _check(answer: Any) -> None:
    if not isinstance(answer, dict) or not isinstance(answer.get("question"), str):
        raise ValueError("it has no text `question`")
