"""Texts for training: an alias of a category in a frame, with both kept out of the other splits.

aliases, frames → one split each → texts → a check for near-duplicates across splits
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import cycle
from random import Random

from ..config import DataConfig
from ..data.examples import Example, Message
from ..data.splits import Splits, check_splits, split_rows
from ..errors import DataError, TooFewRowsError
from .taxonomy import ALIAS, Taxonomy, answer_of, fill

_TRIES = 20


class _Dice(Random):
    """A repeatable stream of choices; nothing secret depends on it."""


def write_texts(
    taxonomy: Taxonomy, settings: DataConfig, *, size: int, seed: int, similarity: float
) -> Splits[Example]:
    """Write texts for each split from aliases and frames of its own.

    Parameters
    ----------
    taxonomy : Taxonomy
        Categories, aliases and frames.
    settings : DataConfig
        Shares of validation and test: of the texts, of each category's aliases, and of the frames.
    size : int
        How many texts, in all splits together, about as many of each category.
    seed : int
        Seed of the splits and texts.
    similarity : float
        From where two texts are near-duplicates.

    Raises
    ------
    DataError
        If the file gives fewer different texts, or a text of one split gives away another.
    """
    if settings.split_by != "document":
        raise DataError(
            f"llm.data.split_by={settings.split_by} would keep all texts of some categories from training",
            hint="leave it at document: what stays in one split is an alias then, not a category",
        )
    named = _aliases(taxonomy)
    try:
        aliases = split_rows(named, settings, seed=seed, similarity=similarity)
    except TooFewRowsError as error:
        fault = f"{len(named)} aliases in {len(taxonomy.codes)} categories are too few to split, none in two splits"
        raise DataError(fault, hint="add aliases to the taxonomy, several for each category") from error
    frames = _deal_frames(taxonomy.frames, settings, seed)
    counts = {"test": round(size * settings.test), "validation": round(size * settings.validation)}
    counts["train"] = size - sum(counts.values())
    splits = Splits(
        **{
            name: tuple(_write(taxonomy, aliases[name], frames[name], counts[name], _Dice(f"{seed}:{name}")))
            for name in aliases
        }
    )
    check_splits(splits, similarity)
    return splits


def example(text: str, code: str, alias: str, rule: str) -> Example:
    """Make a row of a text; the alias that it was made from is what stays in one split."""
    messages = (Message("user", text), Message("assistant", answer_of(code)))
    return Example(messages, document=f"{code}: {alias}", topic=code, rule=rule)


def _aliases(taxonomy: Taxonomy) -> list[Example]:
    return [
        example(alias, code, alias, "alias") for code in taxonomy.codes for alias in taxonomy.categories[code].aliases
    ]


def _deal_frames(frames: Sequence[str], settings: DataConfig, seed: int) -> dict[str, list[str]]:
    drawn = sorted(frames, key=lambda frame: hashlib.sha256(f"{seed}:{frame}".encode()).digest())
    validation, test = (max(1, round(len(drawn) * share)) for share in (settings.validation, settings.test))
    held = validation + test
    return {"validation": drawn[:validation], "test": drawn[validation:held], "train": drawn[held:]}


def _write(
    taxonomy: Taxonomy, aliases: Sequence[Example], frames: Sequence[str], count: int, dice: _Dice
) -> list[Example]:
    """Write different texts, in turn of each category, with each alias and each frame about as often."""
    of_code = {code: [row for row in aliases if row.topic == code] for code in taxonomy.codes}
    turns = {code: cycle(dice.sample(rows, len(rows))) for code, rows in of_code.items() if rows}
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
        alias = next(turns[code])
        values = {name: dice.choice(options) for name, options in taxonomy.slots.items()}
        text = fill(next(shuffled), {**values, ALIAS: alias.question})
        row = example(text[:1].upper() + text[1:], code, alias.question, "frame")
        written.setdefault(row.identity, row)
    return list(written.values())
