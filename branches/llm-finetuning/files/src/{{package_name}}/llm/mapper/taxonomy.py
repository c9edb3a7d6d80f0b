"""The taxonomy: categories with the names that people have for them, and what texts are written from."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import DataError
from ..evaluation.metrics import normalise

ALIAS = "alias"
KNOWN = "mapper"
"""Key of a checkpoint's metadata for what a mapper has to know beside its weights."""
UNCALIBRATED = 0.5
"""Threshold where there were no validation texts to find one with."""
FEWEST_CODES = 2
FEWEST_ALIASES, FEWEST_FRAMES = 5, 10
"""Fewest of a category and in all of which some can be kept from training, for validation and for the test."""

_SLOT = re.compile(r"\{([^{}]*)\}")
Place = tuple[str | int, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Category(_Strict):
    """What a text can be about."""

    title: str = Field(min_length=1)
    parent: str | None = None
    aliases: tuple[str, ...] = ()


class Taxonomy(_Strict):
    """All categories by their codes.

    Attributes
    ----------
    fallback : str
        Code for a text that nothing else fits.
    categories : dict of str to Category
        Those with aliases are what a text can be mapped to, the others group them.
    frames : tuple of str
        Texts with ``{alias}`` and the names of slots in them.
    slots : dict of str to tuple of str
        What stands in a frame for a name.
    """

    fallback: str
    categories: dict[str, Category]
    frames: tuple[str, ...] = ()
    slots: dict[str, tuple[str, ...]] = {}

    @property
    def codes(self) -> tuple[str, ...]:
        """What a text can be mapped to, in the order of the file."""
        return tuple(code for code, category in self.categories.items() if category.aliases)

    def path(self, code: str) -> tuple[str, ...]:
        """Give the codes from the top down to a category."""
        parent = self.categories[code].parent
        return (*self.path(parent), code) if parent else (code,)


@dataclass(frozen=True)
class Fault:
    """What is wrong, and at which key."""

    at: Place
    message: str


def read_taxonomy(path: Path) -> Taxonomy:
    """Read a file and check it.

    Raises
    ------
    DataError
        If there is no such file, or something in it is wrong: every fault is named, with its line and key.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
        lines, faults = _lines(root)
    except OSError as error:
        hint = "set llm.use_case.settings.taxonomy to a YAML file"
        raise DataError(f"the taxonomy {path} can't be read: {error.strerror}", hint=hint) from error
    except RecursionError as error:
        raise DataError(f"the taxonomy {path} is nested too deeply, or in itself", hint="nest it less") from error
    except UnicodeDecodeError as error:
        raise DataError(f"the taxonomy {path} is not UTF-8", hint="save it as UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        reason = getattr(error, "problem", None) or getattr(error, "reason", "it can't be read")
        raise DataError(f"{where} is not valid YAML: {reason}", hint="look for a tab, a quote or a colon") from error
    if not isinstance(root, yaml.MappingNode):
        what = "is empty" if root is None else "has no keys"
        raise DataError(f"the taxonomy {path} {what}", hint="write `fallback:` and `categories:`")
    taxonomy = None
    try:
        taxonomy = Taxonomy.model_validate(content)
    except ValidationError as error:
        faults += [Fault(one["loc"], one["msg"].lower()) for one in error.errors()]
    if taxonomy:
        faults += [fault for rule in RULES for fault in rule(taxonomy)]
    if taxonomy is None or faults:
        shown = "\n".join(f"  {path.name}:{_line(lines, one.at)}: {_dotted(one.at)}{one.message}" for one in faults)
        count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        raise DataError(f"the taxonomy {path} has {count}:\n{shown}", hint="edit these lines")
    return taxonomy


def _lines(root: yaml.Node | None) -> tuple[dict[Place, int], list[Fault]]:
    """Give the line of each key, and the keys that are there twice: YAML would keep the last in silence."""
    lines: dict[Place, int] = {}
    faults: list[Fault] = []

    def walk(node: yaml.Node | None, at: Place) -> None:
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                lines[*at, index] = item.start_mark.line + 1
                walk(item, (*at, index))
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                place = (*at, str(key.value))
                if place in lines:
                    faults.append(Fault(place, f"stands there twice, the first time in line {lines[place]}"))
                lines[place] = key.start_mark.line + 1
                walk(value, place)

    walk(root, ())
    return lines, faults


def _line(lines: Mapping[Place, int], at: Place) -> int:
    """Find the line of a key, or that of what it is missing in."""
    return lines[at] if at in lines else _line(lines, at[:-1]) if at else 1


def _dotted(at: Place) -> str:
    return f"{'.'.join(map(str, at))}: " if at else ""


def _codes_are_plain(taxonomy: Taxonomy) -> Iterator[Fault]:
    for code in taxonomy.categories:
        if not re.fullmatch(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", code):
            yield Fault(("categories", code), "a code is of small letters, digits and hyphens")


def _parents_are_there(taxonomy: Taxonomy) -> Iterator[Fault]:
    for code, category in taxonomy.categories.items():
        above, parent = {code}, category.parent
        while parent is not None:
            at: Place = ("categories", code, "parent")
            if parent not in taxonomy.categories:
                yield Fault(at, f"there is no category {parent!r}")
                break
            if parent in above:
                yield Fault(at, f"{parent!r} stands below itself")
                break
            above.add(parent)
            parent = taxonomy.categories[parent].parent


def _categories_can_be_told(taxonomy: Taxonomy) -> Iterator[Fault]:
    parents = {category.parent for category in taxonomy.categories.values()}
    for code, category in taxonomy.categories.items():
        at: Place = ("categories", code)
        if code in parents and category.aliases:
            yield Fault((*at, "aliases"), "a category with others below it has no aliases of its own")
        elif code not in parents and len(category.aliases) < FEWEST_ALIASES:
            yield Fault(at, f"has {len(category.aliases)} aliases, at least {FEWEST_ALIASES} are needed")
    if len(taxonomy.codes) < FEWEST_CODES:
        yield Fault(("categories",), "there must be two categories or more")


def _aliases_name_one_category(taxonomy: Taxonomy) -> Iterator[Fault]:
    homes: dict[tuple[str, ...], str] = {}
    for code, category in taxonomy.categories.items():
        for index, alias in enumerate(category.aliases):
            words, at = tuple(words_of(alias)), ("categories", code, "aliases", index)
            if not words:
                yield Fault(at, "the alias is empty")
            elif words in homes:
                yield Fault(at, f"{alias!r} is an alias of {homes[words]!r} already")
            else:
                homes[words] = code


def _fallback_is_there(taxonomy: Taxonomy) -> Iterator[Fault]:
    if taxonomy.fallback not in taxonomy.codes:
        yield Fault(("fallback",), f"{taxonomy.fallback!r} is no category with aliases")


def _frames_can_be_filled(taxonomy: Taxonomy) -> Iterator[Fault]:
    if len(taxonomy.frames) < FEWEST_FRAMES:
        yield Fault(("frames",), f"there are {len(taxonomy.frames)}, at least {FEWEST_FRAMES} are needed")
    known: dict[str, int] = {}
    for index, frame in enumerate(taxonomy.frames):
        names = Counter(_SLOT.findall(frame))
        if names.pop(ALIAS, 0) != 1:
            yield Fault(("frames", index), "{alias} must stand in it once")
        if set("{}") & set(_SLOT.sub("", frame)):
            yield Fault(("frames", index), "a brace stands alone")
        for name in sorted(set(names) - set(taxonomy.slots)):
            yield Fault(("frames", index), f"there is no slot {name!r}")
        first = known.setdefault(frame, index)
        if first != index:
            yield Fault(("frames", index), "stands there twice")
    for name, values in taxonomy.slots.items():
        if not values:
            yield Fault(("slots", name), "has no values")
        for index, value in enumerate(values):
            if not value.strip():
                yield Fault(("slots", name, index), "the value is empty")


RULES: tuple[Callable[[Taxonomy], Iterator[Fault]], ...] = (
    _codes_are_plain,
    _parents_are_there,
    _categories_can_be_told,
    _aliases_name_one_category,
    _fallback_is_there,
    _frames_can_be_filled,
)


def fill(frame: str, values: Mapping[str, str]) -> str:
    """Put values where a frame names them.

    Examples
    --------
    >>> fill("{alias} for the {ship}", {"alias": "a tug", "ship": "Tern"})
    'a tug for the Tern'
    """
    return _SLOT.sub(lambda match: values[match[1]], frame)


def words_of(text: str) -> list[str]:
    """Give the words of a text, whichever apostrophe it is written with."""
    return normalise(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


class AliasRules:
    """Finds the category by the aliases that stand in a text.

    Parameters
    ----------
    taxonomy : Taxonomy
        Whose aliases to look for.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._homes: defaultdict[int, dict[tuple[str, ...], str]] = defaultdict(dict)
        for code in taxonomy.codes:
            for alias in taxonomy.categories[code].aliases:
                words = tuple(words_of(alias))
                self._homes[len(words)][words] = code

    def find(self, text: str) -> tuple[str, str] | None:
        """Give the category of the longest alias in a text, and the alias.

        Nothing is found where no alias stands in it, or the longest are of two categories.
        """
        words = words_of(text)
        for length in sorted(self._homes, reverse=True):
            runs = [tuple(words[start : start + length]) for start in range(len(words) - length + 1)]
            found = {run: self._homes[length][run] for run in runs if run in self._homes[length]}
            if found:
                (alias, code), *_ = found.items()
                return (code, " ".join(alias)) if len(set(found.values())) == 1 else None
        return None


def answer_of(code: str) -> str:
    """Write the answer for a category, as the model learns it.

    Examples
    --------
    >>> answer_of("tug")
    '{"category": "tug"}'
    """
    return f'{{"category": "{code}"}}'


class Answer(_Strict):
    """What the model has to answer: one key, and nothing else."""

    category: str


def parse_answer(text: str, codes: Collection[str] | None = None) -> tuple[str | None, str]:
    """Read an answer; give its category, or none and what is wrong with it.

    Examples
    --------
    >>> parse_answer('{"category": "tug"}', ["berth"])
    (None, "the model's answer 'tug' is no category that it was trained on")
    """
    try:
        category = Answer.model_validate_json(text).category
    except ValidationError as error:
        return None, f"the model's answer is no valid JSON of a category: {error.errors()[0]['msg'].lower()}"
    if codes is not None and category not in codes:
        return None, f"the model's answer {category!r} is no category that it was trained on"
    return category, ""
