"""What texts say as numbers: their terms, how hard they are to read, their language and their mood.

Nothing is downloaded: the packages of the extra `text` carry what they know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from ...errors import first_line
from ..errors import FeatureError
from ..extras import bring
from .columns import ColumnDescriber, as_texts
from .readability import MEASURES, WORD, readability, sentences_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SCORES = ("neg", "neu", "pos", "compound")
_AT_ONCE = 200  # words of a sentence without an end


class TextTerms(ColumnDescriber):
    """The weight of words, and of pieces of words, in each text: TF-IDF, of terms that training had.

    Term frequency times inverse document frequency, Sparck Jones (1972), doi:10.1108/eb026526, each text of length 1.

    Parameters
    ----------
    words
        How many words and n-grams of words each column has at most, the most frequent of training; 0 for none.
    word_ngrams
        The fewest and the most words of an n-gram.
    characters
        How many n-grams of characters each column has at most; 0 for none. They outlive typing errors and inflection.
    character_ngrams
        The fewest and the most characters of an n-gram; it stays within a word.
    """

    def __init__(
        self,
        words: int = 200,
        word_ngrams: tuple[int, int] = (1, 2),
        characters: int = 0,
        character_ngrams: tuple[int, int] = (3, 5),
    ) -> None:
        self.words = words
        self.word_ngrams = word_ngrams
        self.characters = characters
        self.character_ngrams = character_ngrams

    def _learn(self, values: NDArray[np.object_]) -> list[tuple[str, Any]]:
        texts = as_texts(values)
        kinds = {
            "word": ("word", self.words, self.word_ngrams),
            "characters": ("char_wb", self.characters, self.character_ngrams),
        }
        learnt = []
        for kind, (analyzer, most, spans) in kinds.items():
            terms = TfidfVectorizer(analyzer=analyzer, ngram_range=tuple(spans), max_features=most or None)
            find = terms.build_analyzer()
            # A column that held nothing in training has no terms, and is no error.
            if most and any(find(text) for text in texts):
                learnt.append((kind, terms.fit(texts)))
        return learnt

    def _describe(self, values: NDArray[np.object_], learnt: list[tuple[str, Any]]) -> Any:
        texts = as_texts(values)
        found = [terms.transform(texts) for _, terms in learnt]
        return sparse.hstack([sparse.csr_matrix((len(texts), 0)), *found], format="csr")

    def _names(self, learnt: list[tuple[str, Any]]) -> list[str]:
        return [f"{kind}_{term}" for kind, terms in learnt for term in terms.get_feature_names_out()]


class TextReadability(ColumnDescriber):
    """How long each text is, and how hard to read, by the formulas in `readability`; they are made for English.

    A text without words has NaN for the formulas.
    """

    def _learn(self, values: NDArray[np.object_]) -> None:
        return None

    def _describe(self, values: NDArray[np.object_], learnt: None) -> NDArray[np.float64]:
        return np.asarray([readability(text) for text in as_texts(values)], dtype=float)

    def _names(self, learnt: None) -> list[str]:
        return list(MEASURES)


class TextLanguage(ColumnDescriber):
    """Which language each text is in, by the package py3langid: a column for each language that training had.

    There are also a column for all other languages, and the probability of the one found. A text without letters is
    in none, with probability 0.

    Parameters
    ----------
    languages
        Codes of ISO 639-1 that are looked for, such as en and de; all that the package knows if there are none. With
        few, short texts are told apart far better.
    share
        The share of training texts that a language has at least, for a column of its own.
    """

    def __init__(self, languages: Sequence[str] = (), share: float = 0.01) -> None:
        self.languages = languages
        self.share = share

    def _learn(self, values: NDArray[np.object_]) -> list[str]:
        found = Counter(code for code, _ in self._found(values) if code)
        return sorted(code for code, count in found.items() if count >= self.share * len(values))

    def _describe(self, values: NDArray[np.object_], learnt: list[str]) -> NDArray[np.float64]:
        places = {code: place for place, code in enumerate(learnt)}
        described = np.zeros((len(values), len(learnt) + 2))
        for row, (code, probability) in enumerate(self._found(values)):
            if code:
                described[row, places.get(code, len(learnt))] = 1.0
            described[row, -1] = probability
        return described

    def _names(self, learnt: list[str]) -> list[str]:
        return [*(f"language_{code}" for code in [*learnt, "other"]), "language_probability"]

    def _found(self, values: NDArray[np.object_]) -> list[tuple[str, float]]:
        identifier = _identifier(tuple(self.languages))
        return [identifier.classify(text) if WORD.search(text) else ("", 0.0) for text in as_texts(values)]


class TextSentiment(ColumnDescriber):
    """The mood of each text by a lexicon: shares of negative, neutral and positive words, and all of it from -1 to 1.

    VADER, Hutto and Gilbert (2014), doi:10.1609/icwsm.v8i1.14550: it knows negation, emphasis and emoji, in English. It
    is made for sentences, so a text has the mean of its own.

    Parameters
    ----------
    lexicon
        A file with a word and its valence from -4 to 4 on each line, with a tab between; the package's if it is empty.
    """

    def __init__(self, lexicon: str = "") -> None:
        self.lexicon = lexicon

    def _learn(self, values: NDArray[np.object_]) -> None:
        self._analyser()

    def _describe(self, values: NDArray[np.object_], learnt: None) -> NDArray[np.float64]:
        analyser = self._analyser()
        return np.asarray([_mood(analyser, text) for text in as_texts(values)], dtype=float)

    def _names(self, learnt: None) -> list[str]:
        return ["negative", "neutral", "positive", "sentiment"]

    def _analyser(self) -> Any:
        return _analyser(str(Path(self.lexicon).resolve()) if self.lexicon else "")


def _mood(analyser: Any, text: str) -> NDArray[np.float64]:
    # What it takes grows with the square of the words: 14 s for 16,000 at once.
    lines = (sentence.split() for sentence in sentences_of(text) or [text])
    pieces = [line[start : start + _AT_ONCE] for line in lines for start in range(0, max(len(line), 1), _AT_ONCE)]
    scores = [analyser.polarity_scores(" ".join(piece)) for piece in pieces]
    mean: NDArray[np.float64] = np.mean([[score[name] for name in _SCORES] for score in scores], axis=0)
    return mean


@lru_cache(maxsize=4)
def _identifier(languages: tuple[str, ...]) -> Any:
    identifier = copy(_all_languages())
    if unknown := sorted(set(languages) - set(identifier.labels)):
        hint = f"codes of ISO 639-1 are known: {', '.join(sorted(identifier.labels))}"
        raise FeatureError(f"no language has the code {', '.join(unknown)}", hint=hint)
    identifier.set_languages(list(languages) or None)
    return identifier


@lru_cache(maxsize=1)
def _all_languages() -> Any:
    langid = bring("py3langid.langid", "text", "languages of texts")
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


@lru_cache(maxsize=4)
def _analyser(lexicon: str) -> Any:
    vader = bring("vaderSentiment.vaderSentiment", "text", "moods of texts")
    if not lexicon:
        return vader.SentimentIntensityAnalyzer()
    try:
        return vader.SentimentIntensityAnalyzer(lexicon_file=lexicon)
    except (OSError, ValueError) as error:
        hint = "each line is a word, a tab and its valence, such as: superb<tab>3.1"
        raise FeatureError(f"{lexicon} is no lexicon: {first_line(error)}", hint=hint) from error
