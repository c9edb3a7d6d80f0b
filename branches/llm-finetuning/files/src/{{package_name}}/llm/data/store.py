"""Versions of datasets: each is a folder that is named after its content, and knows which one it was made from.

datasets/<name>/<version>/{train,validation,test}.jsonl and card.json
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from ...disk import room_for
from ..errors import DataError
from ..training.checkpoint_files import sync_tree
from .examples import Row, row_of
from .pairs import Pair
from .splits import Splits

CARD = "card.json"
SPLITS = ("train", "validation", "test")
Identity = tuple[str, str]
ONE_TURN = 2  # messages: a question and its answer
_LENGTH = 12  # hexadecimal digits of a version
_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


@dataclass(frozen=True)
class Version:
    """A version of a dataset.

    Attributes
    ----------
    name, version : str
        What it is called, and the SHA-256 of its content, cut to 12 digits.
    folder : Path
        Where it is.
    card : mapping
        What is known about it.
    """

    name: str
    version: str
    folder: Path
    card: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def splits(self) -> Splits[Row]:
        """Read the rows.

        Raises
        ------
        DataError
            If they are not what they were when the version was made.
        """
        contents = {}
        for name in SPLITS:
            path = self.folder / f"{name}.jsonl"
            if not path.is_file():
                raise DataError(f"{self} has no {path.name}", hint="build the dataset again")
            contents[name] = path.read_text(encoding="utf-8")
        if _digest(contents) != self.version:
            raise DataError(f"{self} was changed after it was made", hint="build the dataset again")
        lines = {name: filter(None, text.split("\n")) for name, text in contents.items()}
        return Splits(**{name: tuple(row_of(json.loads(line)) for line in lines[name]) for name in SPLITS})

    def questions(self) -> list[Row]:
        """Give the rows of the test split that ask one question.

        Raises
        ------
        DataError
            If there are longer conversations alone.
        """
        found = [row for row in self.splits().test if isinstance(row, Pair) or len(row.messages) == ONE_TURN]
        if not found:
            raise DataError(f"{self} has no questions with single answers to score", hint="name a dataset of pairs")
        return found


class Difference(NamedTuple):
    """How the rows of two datasets differ.

    Attributes
    ----------
    added, removed : list of Row
        Rows that the second has and the first lacks, and the other way round.
    changed : list of (Row, Row)
        Rows with the same question about the same document, and another answer.
    moved : list of (Row, str, str)
        Rows of both, with their split in each.
    """

    added: list[Row]
    removed: list[Row]
    changed: list[tuple[Row, Row]]
    moved: list[tuple[Row, str, str]]


class DatasetStore:
    """The datasets in a folder.

    Parameters
    ----------
    root : Path
        The folder.
    """

    def __init__(self, root: Path = Path("datasets")) -> None:
        self.root = root

    def save(self, name: str, splits: Mapping[str, Sequence[Row]], card: Mapping[str, Any]) -> Version:
        """Keep a dataset as a version, with the newest one as its parent unless the card names another.

        What is there already is not written again.

        Raises
        ------
        DataError
            If the name can't be that of a folder, or the disk is full.
        """
        if not _is_name(name):
            raise DataError(f"{name!r} is no name for a dataset", hint="use letters, digits, dots, dashes, underscores")
        contents = {one: _lines(splits.get(one, ())) for one in SPLITS}
        version = _digest(contents)
        target = self.root / name / version
        if not target.exists():
            known = self.versions(name)
            parents = card.get("parents") or [str(known[-1])] if known else card.get("parents", [])
            facts = {
                **card,
                "name": name,
                "version": version,
                "created": datetime.now(UTC).isoformat(timespec="microseconds"),
                "parents": parents,
                "rows": {one: len(splits.get(one, ())) for one in SPLITS},
            }
            with room_for(f"the dataset {name}", DataError):
                self._write(target, contents, facts)
        return self.get(f"{name}@{version}")

    def get(self, reference: str) -> Version:
        """Find a version: `name` is the newest, `name@a1b2` the one that begins so.

        Raises
        ------
        DataError
            If there is none, or more than one.
        """
        name, _, start = reference.partition("@")
        known = self.versions(name)
        found = known[-1:] if start in {"", "latest"} else [one for one in known if one.version.startswith(start)]
        if len(found) != 1:
            names = ", ".join(map(str, known)) if known else ", ".join(sorted({one.name for one in self.versions()}))
            what = "more than one version" if found else "no dataset"
            hint = f"there are: {names}" if names else "make one with `datasets build`"
            raise DataError(f"{what} {reference} in {self.root}", hint=hint)
        return found[0]

    def versions(self, name: str = "*") -> list[Version]:
        """List the versions, by name and then the oldest first."""
        if name != "*" and not _is_name(name):
            return []
        found = [_read(path.parent) for path in self.root.glob(f"{name}/*/{CARD}")]
        return sorted(found, key=lambda one: (one.name, one.card["created"]))

    def lineage(self, reference: str) -> list[Version]:
        """Follow the parents of a version, itself first."""
        found, waiting = {}, [self.get(reference)]
        while waiting:
            one = waiting.pop(0)
            if str(one) not in found:
                found[str(one)] = one
                waiting += [self.get(parent) for parent in one.card["parents"]]
        return list(found.values())

    def _write(self, target: Path, contents: Mapping[str, str], card: Mapping[str, Any]) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (self.root / ".gitignore").exists():
            (self.root / ".gitignore").write_text("*\n", encoding="utf-8")
        scratch = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=self.root))
        try:
            for name, text in contents.items():
                (scratch / f"{name}.jsonl").write_text(text, encoding="utf-8")
            text = json.dumps(card, indent=2, ensure_ascii=False, default=str)
            (scratch / CARD).write_text(f"{text}\n", encoding="utf-8")
            scratch.chmod(0o755)
            sync_tree(scratch)
            try:
                scratch.rename(target)
            except OSError:
                if not (target / CARD).exists():  # else another process was faster
                    raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def difference(one: Mapping[str, Sequence[Row]], other: Mapping[str, Sequence[Row]]) -> Difference:
    """Compare the rows of two datasets, given by their splits."""
    (before, homes), (after, new_homes) = _by_identity(one), _by_identity(other)
    added = {key: row for key, row in after.items() if key not in before}
    removed = {key: row for key, row in before.items() if key not in after}
    asked = {(row.question, row.document): key for key, row in removed.items()}
    changed = []
    for key, row in list(added.items()):
        former = asked.pop((row.question, row.document), None)
        if former is not None:
            changed.append((removed.pop(former), added.pop(key)))
    moved = [
        (row, homes[key], new_homes[key])
        for key, row in after.items()
        if homes.get(key, new_homes[key]) != new_homes[key]
    ]
    return Difference(list(added.values()), list(removed.values()), changed, moved)


def _by_identity(splits: Mapping[str, Sequence[Row]]) -> tuple[dict[Identity, Row], dict[Identity, str]]:
    """Give rows, and the split of each, by what they say."""
    rows = {row.identity: (row, name) for name, part in splits.items() for row in part}
    return {key: row for key, (row, _) in rows.items()}, {key: name for key, (_, name) in rows.items()}


def _is_name(name: str) -> bool:
    return bool(name) and set(name) <= _ALLOWED and not name.startswith(".")


def _lines(rows: Sequence[Row]) -> str:
    return "".join(json.dumps(row.as_record(), ensure_ascii=False, sort_keys=True) + "\n" for row in rows)


def _digest(contents: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for name in SPLITS:
        digest.update(f"{name} {len(contents[name].encode())}\n{contents[name]}".encode())
    return digest.hexdigest()[:_LENGTH]


def _read(folder: Path) -> Version:
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        return Version(card["name"], card["version"], folder, card)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder / CARD} is no card of a dataset: {error}", hint=f"remove {folder}") from error
