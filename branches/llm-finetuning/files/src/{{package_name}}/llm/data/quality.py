"""How good a pair is for training: a score between 0 and 1, and a reason for whatever it lacks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...data.privacy import MASK
from .config import QualityConfig
from .duplicates import repeated
from .language import language_of
from .pairs import Pair
from .questions import BLANK

_WORD = re.compile(r"\w+")
_LAYOUT = re.compile(
    r"\b(?:above|below|following|previous|preceding)\b(?= (?:figure|list|passage|section|sentence|table|text))"
    r"|\b(?:figure|table|section|chapter|page|appendix|listing) (?:\d+|[A-Z])\b"
    r"|\b(?:the|this|that|given) (?:article|author|chunk|context|document|excerpt|figure|paragraph|passage|snippet"
    r"|table|text)\b|\b(?:as )?(?:mentioned|described|shown|listed|stated) (?:above|below|here)\b",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"(?:what|which|who|whom|whose|when|where|why|how(?: \w+)?) (?:is|are|was|were|do|does|did|has|have|can|will)"
    r" (?:he|it|she|that|these|they|this|those)\b",
    re.IGNORECASE,
)
_STUTTER = re.compile(r"\b(\w+)(?:\W+\1\b){3,}", re.IGNORECASE)
_SMALL_WORDS = "a an and are as at by for from in is it its of on or that the this to was were with"
_SMALL = frozenset(_SMALL_WORDS.split())
_FEWEST_WORDS = 3
_MOST_QUESTION_WORDS = 60
_GROUNDED = 0.6


@dataclass(frozen=True)
class Judged:
    """A pair with its score and the reasons for what it lacks.

    Attributes
    ----------
    pair : Pair
        The pair.
    score : float
        1 where nothing is lacking.
    reasons : tuple of str
        What is lacking.
    accepted : bool
        Whether it is good enough for training.
    """

    pair: Pair
    score: float
    reasons: tuple[str, ...] = field(default=())
    accepted: bool = True

    def as_record(self) -> dict[str, Any]:
        """Give the pair with its score as plain data."""
        return {**self.pair.as_record(), "score": self.score, "reasons": list(self.reasons)}


def judge(pairs: Sequence[Pair], settings: QualityConfig | None = None) -> list[Judged]:
    """Score pairs, each by itself, and then look for those that say what an earlier one says.

    Parameters
    ----------
    pairs : sequence of Pair
        The pairs.
    settings : QualityConfig, optional
        What is asked of them; the defaults without.

    Returns
    -------
    list of Judged
        One for each pair, in their order.
    """
    wanted = settings or QualityConfig()
    judged = [_judge(pair, wanted) for pair in pairs]
    accepted = [index for index, one in enumerate(judged) if one.accepted]
    out = repeated([text_of(pairs[index]) for index in accepted], wanted.similarity)
    for later, earlier in out.items():
        pair, other = pairs[accepted[later]], pairs[accepted[earlier]]
        reason = f"nearly the same as {other.question!r} of {other.document}"
        judged[accepted[later]] = Judged(pair, 0.0, (reason,), accepted=False)
    return judged


def text_of(pair: Pair) -> str:
    """Give what is compared when near-duplicates are looked for."""
    return f"{pair.question}\n{pair.answer}"


def grounding(answer: str, context: str) -> float:
    """Give the share of an answer's words that stand in its context; 0 where a number does not.

    Examples
    --------
    >>> grounding("dark green", "The hull is dark green."), grounding("in 1875", "It was built in 1975.")
    (1.0, 0.0)
    """
    if answer.casefold() in context.casefold():
        return 1.0
    known = set(_WORD.findall(context.casefold()))
    words = set(_WORD.findall(answer.casefold()))
    if any(word not in known for word in words if any(character.isdigit() for character in word)):
        return 0.0
    telling = words - _SMALL or words
    return len(telling & known) / len(telling) if telling else 0.0


def _judge(pair: Pair, settings: QualityConfig) -> Judged:
    found = [(cost, reason) for cost, rule in _RULES if (reason := rule(pair, settings))]
    score = max(0.0, 1.0 - sum(cost for cost, _ in found))
    return Judged(pair, round(score, 2), tuple(reason for _, reason in found), accepted=score >= settings.min_score)


def _ungrounded(pair: Pair, _settings: QualityConfig) -> str:
    if not pair.context:
        return ""
    share = grounding(pair.answer, pair.context)
    return "" if share >= _GROUNDED else f"only {share:.0%} of the answer stands in its context"


def _masked(pair: Pair, _settings: QualityConfig) -> str:
    return "the answer is personal data or a secret" if MASK.search(pair.answer) else ""


def _given_away(pair: Pair, _settings: QualityConfig) -> str:
    return "the question gives its answer away" if pair.answer.casefold() in pair.question.casefold() else ""


def _no_question(pair: Pair, _settings: QualityConfig) -> str:
    words = len(pair.question.split())
    if not _FEWEST_WORDS <= words <= _MOST_QUESTION_WORDS:
        return f"the question has {words} words"
    is_one = pair.question.rstrip().endswith(("?", "\uff1f", "\u061f")) or BLANK in pair.question
    return "" if is_one else "the question is none"


def _layout(pair: Pair, _settings: QualityConfig) -> str:
    found = _LAYOUT.search(pair.question)
    return f"the question speaks of its source: {found[0]!r}" if found else ""


def _vague(pair: Pair, _settings: QualityConfig) -> str:
    found = _VAGUE.match(pair.question)
    return f"the question leaves open what is meant: {found[0]!r}" if found else ""


def _length(pair: Pair, settings: QualityConfig) -> str:
    words = len(pair.answer.split())
    return "" if 1 <= words <= settings.max_answer_words else f"the answer has {words} words"


def _stutter(pair: Pair, _settings: QualityConfig) -> str:
    return "a word is repeated over and over" if _STUTTER.search(text_of(pair)) else ""


def _language(pair: Pair, settings: QualityConfig) -> str:
    if not settings.language:
        return ""
    found = language_of(pair.context or text_of(pair))
    return "" if found in {"", settings.language} else f"the language is {found}, not {settings.language}"


_RULES: tuple[tuple[float, Callable[[Pair, QualityConfig], str]], ...] = (
    (1.0, _ungrounded),
    (1.0, _masked),
    (1.0, _length),
    (1.0, _language),
    (0.6, _given_away),
    (0.6, _no_question),
    (0.6, _layout),
    (0.6, _stutter),
    (0.4, _vague),
)
"""What each fault costs, the gravest first."""
