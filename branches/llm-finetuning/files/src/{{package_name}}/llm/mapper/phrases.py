"""Phrases that people use for a category: which of their words tell it, which belong together, new ones of several."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from random import Random

from .taxonomy import Taxonomy, fill, words_of

_KEPT, _OWN = 0.6, 0.5  # shares of an alias's words that stay: where words are left out, and where they are changed
_FEW, _SHARE = 2, 4  # a word tells a category if it stands in aliases of two, or of a quarter of all, at most

Words = frozenset[str]


@lru_cache(maxsize=1 << 16)
def _words(phrase: str) -> tuple[str, ...]:
    """Give the words of a phrase; each is held against many others."""
    return tuple(words_of(phrase))


class Telling:
    """Tells the words of a phrase that point at a category from those, such as “of”, that stand in many, or in frames.

    Parameters
    ----------
    taxonomy : Taxonomy
        Whose aliases are counted, and whose frames are read.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        homes: defaultdict[str, set[str]] = defaultdict(set)
        for code in taxonomy.codes:
            for alias in taxonomy.categories[code].aliases:
                for word in words_of(alias):
                    homes[word].add(code)
        most = max(_FEW, len(taxonomy.codes) // _SHARE)
        framed = {word for frame in taxonomy.frames for word in words_of(fill(frame, defaultdict(str)))}
        self._common = framed | {word for word, codes in homes.items() if len(codes) > most}

    def words(self, phrase: str) -> Words:
        """Give the telling words of a phrase; none if there are none."""
        return frozenset(_words(phrase)) - self._common

    def gives_away(self, phrase: str, other: str) -> bool:
        """Say whether a phrase has all telling words of another, if these are several, or the other stands in it."""
        wanted = self.words(other)
        if len(wanted) > 1 and wanted <= self.words(phrase):
            return True
        return f" {' '.join(_words(other))} " in f" {' '.join(_words(phrase))} "


def dealt_together(phrases: Sequence[str], telling: Telling) -> dict[str, str]:
    """Name for each phrase one of those that it must be in one split with, the same for all of them.

    These are phrases of which one gives away another, as “the barrier of the car park” does “the car park”.
    """
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for phrase in phrases:
        for word in words_of(phrase):
            holders[word].append(phrase)
    homes = {phrase: phrase for phrase in phrases}
    for phrase in phrases:
        rarest = min((holders[word] for word in telling.words(phrase) or words_of(phrase)), key=len)
        for other in rarest:
            home, gone = homes[phrase], homes[other]
            if home != gone and telling.gives_away(other, phrase):
                homes.update({one: home for one in phrases if homes[one] == gone})
    return homes


class Mixer:
    """Makes phrases of the aliases of a category, so that its words are learned, and not the aliases by heart.

    Parameters
    ----------
    aliases : sequence of str
        All that may be used of one category.
    withheld : iterable of str
        Aliases of other splits and of other categories: no phrase gives one away.
    telling : Telling
        What words point at a category.
    dice : Random
        What is drawn with.
    """

    def __init__(self, aliases: Sequence[str], withheld: Iterable[str], telling: Telling, dice: Random) -> None:
        self._telling, self._dice = telling, dice
        self._withheld = tuple(withheld)
        self._words = [word for alias in aliases for word in alias.split() if telling.words(word)]

    def mix(self, alias: str) -> str:
        """Leave words of an alias out, or put others of its category in their place.

        The alias itself comes back where nothing that tells the category is left, or a withheld alias comes out.
        """
        words, dice = alias.split(), self._dice
        if self._words and dice.random() < _OWN:
            drawn = [word if dice.random() < _OWN else self._other(word) for word in words]
        else:
            drawn = [word for word in words if dice.random() < _KEPT]
        phrase = " ".join(drawn)
        if not self._telling.words(phrase) or any(self._telling.gives_away(phrase, one) for one in self._withheld):
            return alias
        return phrase

    def _other(self, word: str) -> str:
        return self._dice.choice(self._words) if self._telling.words(word) else word
