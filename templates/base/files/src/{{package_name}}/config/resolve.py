"""From what was read to values: keys are checked, `${VAR}` is filled in, text becomes what its key takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from .errors import Problem
from .keys import Key, Models, dotted, is_model, nearest, takes_container, takes_text, types_at
from .sources import Entry

_REFERENCE = re.compile(
    r"\$\$(?=\{)"  # $${ is how a file writes ${ itself
    r"|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<fallback>:-(?P<default>[^}]*))?\}"
    r"|(?P<broken>\$\{[^}]*\}?)"
)


@dataclass(slots=True)
class Filler:
    """Fills in `${VAR}` and `${VAR:-default}`, and remembers what it met.

    An empty variable counts as missing, as `:-` has it in a shell: an `.env` made from `.env.example` is full of them.

    Examples
    --------
    >>> Filler({"PORT": "8000"}).fill("localhost:${PORT}/${PATH_PREFIX:-v1}")
    'localhost:8000/v1'
    """

    variables: Mapping[str, str]
    used: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def fill(self, value: Any) -> Any:
        """Fill in a text, or every text of a list."""
        if isinstance(value, str):
            return _REFERENCE.sub(self._replace, value)
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, dict):
            return {key: self.fill(item) for key, item in value.items()}
        return value

    def problems(self, where: str, key: str) -> list[Problem]:
        """Say what is wrong with the references of a value."""
        return [
            Problem(where, key, f"the variable {name} is not set", f"set {name} in .env or the environment")
            for name in self.missing
        ] + [
            Problem(where, key, f"{text} names no variable", "write ${NAME}, ${NAME:-default}, or $${ for ${ itself")
            for text in self.broken
        ]

    def _replace(self, match: re.Match[str]) -> str:
        if match["broken"]:
            self.broken.append(match["broken"])
            return ""
        name = match["name"]
        if not name:
            return "$"
        self.used.append(name)
        value = self.variables.get(name, "")
        if not value and match["fallback"] is None:
            self.missing.append(name)
        return value or match["default"] or ""


@dataclass(slots=True)
class Resolver:
    """Resolves the entries of all layers, and collects every problem on the way.

    Attributes
    ----------
    models
        The models of the groups.
    skipped
        Groups whose plugin is broken: their entries can't be checked, and are left out.
    variables
        What `${VAR}` stands for.
    """

    models: Models
    skipped: frozenset[str]
    variables: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)

    def resolve_layers(self, layers: Sequence[Sequence[Entry]]) -> list[list[Entry]]:
        """Give the values of layers of which later ones win.

        A variable may be missing where a later layer sets the key: in development, a file stands for a server.
        """
        resolved: list[list[Entry]] = []
        later: set[Key] = set()
        for layer in reversed(layers):
            known, self.problems = self.problems, []
            values = [value for entry in layer for value in self.resolve(entry, settled=entry.key in later)]
            resolved.insert(0, values)
            later.update(value.key for value in values)
            self.problems += known  # as a person reads them: the files first
        return resolved

    def resolve(self, entry: Entry, *, settled: bool = False) -> Iterator[Entry]:
        """Give the entry's values: several where text stands for a mapping, none where it has a problem.

        What a later layer has `settled` needs none of its variables, and has no value here.
        """
        if entry.key[0] in self.skipped:
            return
        kinds = types_at(self.models, entry.key)
        if kinds is None:
            self.problems.append(unknown_key(self.models, entry))
        elif entry.value is None and any(map(is_model, kinds)) and type(None) not in kinds:
            return  # a group or section with nothing below it
        elif not settled:
            yield from _spread(self._filled(entry, kinds))

    def _filled(self, entry: Entry, kinds: list[Any]) -> Entry:
        filler = Filler(self.variables)
        value = filler.fill(entry.value)
        self.problems += filler.problems(entry.origin, dotted(entry.key))
        if entry.text or filler.used:
            value = decode(value, kinds)
        return replace(entry, value=value, origin=" ".join([entry.origin, *(f"${{{name}}}" for name in filler.used)]))


def unknown_key(models: Models, entry: Entry) -> Problem:
    """Say that no model has a key, and which one comes close."""
    close = nearest(models, entry.key)
    hint = f"did you mean {close}?" if close else f"the groups are: {', '.join(sorted(models))}"
    return Problem(entry.origin, dotted(entry.key), "unknown key", hint)


def decode(value: object, kinds: list[Any]) -> object:
    """Read text as a list, a mapping or nothing, where its key takes that and not the text itself."""
    if not isinstance(value, str):
        return value
    if type(None) in kinds and value in {"", "null"} and (value or str not in kinds):
        return None
    if any(map(takes_text, kinds)) or not any(map(takes_container, kinds)):
        return value
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        return value  # the model says what it expected instead


def _spread(entry: Entry) -> Iterator[Entry]:
    if isinstance(entry.value, dict) and entry.value:
        for part, inner in entry.value.items():
            yield from _spread(replace(entry, key=(*entry.key, str(part)), value=inner))
    else:
        yield entry
