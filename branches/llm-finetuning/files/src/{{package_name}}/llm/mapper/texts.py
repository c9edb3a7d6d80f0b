"""Texts for training: an alias of a category in a frame, with both kept out of the other splits.

aliases, frames → one split each → in training, phrases of several aliases → texts → a check for near-duplicates
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from random import Random

from ..config import LLMConfig
from ..data.config import DataConfig
from ..data.examples import Example, Message
from ..data.splits import Splits, check_splits, split_rows
from ..errors import DataError, TooFewRowsError
from .phrases import Mixer, Telling, dealt_together
from .taxonomy import ALIAS, Taxonomy, answer_of, fill

_TRIES = 20


class _Dice(Random):
    """A repeatable stream of choices; nothing secret depends on it."""


def write_texts(taxonomy: Taxonomy, config: LLMConfig, *, size: int, mixed: float, seed: int) -> Splits[Example]:
    """Write texts for each split from aliases and frames of its own.

    Parameters
    ----------
    taxonomy : Taxonomy
        Categories, aliases and frames.
    config : LLMConfig
        Shares of validation and test: of the texts, of each category's aliases, and of the frames; and from where two
        texts are near-duplicates.
    size : int
        How many texts, in all splits together, about as many of each category.
    mixed : float
        Share of the training texts whose phrase is made of several aliases.
    seed : int
        Seed of the splits and texts.

    Raises
    ------
    DataError
        If the file gives fewer different texts, or a text of one split gives away another.
    """
    settings, similarity = config.data, config.quality.similarity
    if settings.split_by != "document":
        raise DataError(
            f"llm.data.split_by={settings.split_by} would keep all texts of some categories from training",
            hint="leave it at document: what stays in one split is an alias then, not a category",
        )
    telling = Telling(taxonomy)
    named = _aliases(taxonomy, telling)
    try:
        dealt = split_rows(named, settings, seed=seed, similarity=similarity)
    except TooFewRowsError as error:
        fault = f"{len(named)} aliases in {len(taxonomy.codes)} categories are too few to split, none in two splits"
        raise DataError(fault, hint="add aliases to the taxonomy, several for each category") from error
    frames = _deal_frames(taxonomy.frames, settings, seed)
    counts = {"test": round(size * settings.test), "validation": round(size * settings.validation)}
    counts["train"] = size - sum(counts.values())
    withheld = [row.question for name in ("validation", "test") for row in dealt[name]]
    written = {}
    for name, rows in dealt.items():
        dice = _Dice(f"{seed}:{name}")
        aliases = {code: [row.question for row in rows if row.topic == code] for code in taxonomy.codes}
        every = [(code, alias) for code, some in aliases.items() for alias in some]
        foreign = {code: [alias for home, alias in every if home != code] for code in aliases}
        mixers = {code: Mixer(some, [*withheld, *foreign[code]], telling, dice) for code, some in aliases.items()}
        phrases = Phrases(aliases, mixers, mixed if name == "train" else 0.0, dice)
        written[name] = tuple(_write(taxonomy, phrases, frames[name], counts[name]))
    splits = Splits(**written)
    check_splits(splits, similarity)
    return splits


def example(text: str, code: str, alias: str, rule: str) -> Example:
    """Make a row of a text; the alias that it was made from is what stays in one split."""
    messages = (Message("user", text), Message("assistant", answer_of(code)))
    return Example(messages, document=f"{code}: {alias}", topic=code, rule=rule)


@dataclass(frozen=True)
class Phrases:
    """What texts of one split are made of: aliases by category, and how new phrases come of them."""

    aliases: Mapping[str, Sequence[str]]
    mixers: Mapping[str, Mixer]
    mixed: float
    dice: Random

    def of(self, code: str) -> Iterator[tuple[str, str]]:
        """Give aliases of a category in turn without end, each with the phrase that stands for it."""
        for alias in cycle(self.dice.sample(self.aliases[code], len(self.aliases[code]))):
            yield alias, self.mixers[code].mix(alias) if self.dice.random() < self.mixed else alias


def _aliases(taxonomy: Taxonomy, telling: Telling) -> list[Example]:
    """Give the aliases, each as of the document that it must not be parted from."""
    homes = dealt_together([alias for code in taxonomy.codes for alias in taxonomy.categories[code].aliases], telling)
    return [
        replace(example(alias, code, alias, "alias"), document=homes[alias])
        for code in taxonomy.codes
        for alias in taxonomy.categories[code].aliases
    ]


def _deal_frames(frames: Sequence[str], settings: DataConfig, seed: int) -> dict[str, list[str]]:
    drawn = sorted(frames, key=lambda frame: hashlib.sha256(f"{seed}:{frame}".encode()).digest())
    validation, test = (max(1, round(len(drawn) * share)) for share in (settings.validation, settings.test))
    held = validation + test
    return {"validation": drawn[:validation], "test": drawn[validation:held], "train": drawn[held:]}


def _write(taxonomy: Taxonomy, phrases: Phrases, frames: Sequence[str], count: int) -> list[Example]:
    """Write different texts, in turn of each category, with each alias and each frame about as often."""
    dice, turns = phrases.dice, {code: phrases.of(code) for code, aliases in phrases.aliases.items() if aliases}
    written: dict[tuple[str, str], Example] = {}
    shuffled = cycle(frames)
    for number, code in enumerate(cycle(turns)):
        if len(written) == count:
            break
        if number == _TRIES * count:
            raise DataError(
                f"the taxonomy gives {len(written)} different texts for a split that needs {count}",
                hint="add aliases, frames or values of slots, or ask for a smaller size",
            )
        if number % len(frames) == 0:
            shuffled = cycle(dice.sample(frames, len(frames)))
        alias, phrase = next(turns[code])
        values = {name: dice.choice(options) for name, options in taxonomy.slots.items()}
        text = fill(next(shuffled), {**values, ALIAS: phrase})
        row = example(text[:1].upper() + text[1:], code, alias, "frame" if phrase == alias else "mixed")
        written.setdefault(row.identity, row)
    return list(written.values())
