"""What people decided about the rows of a dataset: each decision is on the disk before the next row is shown.

Decisions are added and never changed, and the last about a row counts. They hold for a row wherever it is, so a new
version of a dataset begins with what was decided about the old one.
"""

from __future__ import annotations

import csv
import hashlib
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from ...sqlite import connected, make_tables
from ..errors import DataError
from .examples import Example, Message, Row, conversation
from .formats import read_csv
from .normalisation import clean
from .pairs import Pair
from .splits import Splits
from .store import Version

Verdict = Literal["accept", "edit", "reject", "open"]

FIELDS = ("id", "split", "document", "context", "question", "answer", "decision", "new_question", "new_answer")

_CLAIM = 600.0  # seconds for which a row that one person has been shown is not shown to others
_TABLES = """
CREATE TABLE IF NOT EXISTS decisions (
    number INTEGER PRIMARY KEY, dataset TEXT NOT NULL, row TEXT NOT NULL, reviewer TEXT NOT NULL, verdict TEXT NOT NULL,
    question TEXT NOT NULL, answer TEXT NOT NULL, time REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS decisions_of_a_row ON decisions (dataset, row, number);
CREATE TABLE IF NOT EXISTS claims (
    dataset TEXT NOT NULL, row TEXT NOT NULL, reviewer TEXT NOT NULL, time REAL NOT NULL, PRIMARY KEY (dataset, row)
);
"""
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about a row; question and answer are set where the verdict is ``edit``."""

    row: str
    reviewer: str
    verdict: Verdict
    question: str = ""
    answer: str = ""


class Reviews:
    """The decisions about datasets, in a file that several people may use at once.

    Parameters
    ----------
    path : Path
        An SQLite database, which is made where it is missing.

    Raises
    ------
    DataError
        If it can't be read or written, now or by any of the methods.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        make_tables(path, _TABLES, "decisions", DataError)

    def decide(self, dataset: str, *decisions: Decision) -> None:
        """Keep decisions: all of them, or none where the disk is full.

        Raises
        ------
        DataError
            If an edited row has no question or no answer, or there is no room.
        """
        now = time.time()
        for one in decisions:
            if one.verdict == "edit" and not (one.question.strip() and one.answer.strip()):
                raise DataError("an edited row needs a question and an answer", hint="reject it to leave it out")
        rows = [(dataset, one.row, one.reviewer, one.verdict, one.question, one.answer, now) for one in decisions]
        with self._open() as database:
            database.executemany(
                "INSERT INTO decisions (dataset, row, reviewer, verdict, question, answer, time)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def latest(self, dataset: str) -> dict[str, Decision]:
        """Give the last decision about each row that is decided."""
        with self._open() as database:
            found = database.execute(
                "SELECT row, reviewer, verdict, question, answer FROM decisions WHERE number IN"
                " (SELECT max(number) FROM decisions WHERE dataset = ? GROUP BY row) AND verdict <> 'open'",
                (dataset,),
            )
            return {row[0]: Decision(*row) for row in found}

    def take_back(self, dataset: str, reviewer: str) -> str | None:
        """Open the row again that a person decided last, and say which it is."""
        with self._open() as database:
            found = database.execute(
                "SELECT row FROM decisions AS one WHERE dataset = ? AND reviewer = ? AND verdict <> 'open' AND number ="
                " (SELECT max(number) FROM decisions WHERE dataset = one.dataset AND row = one.row)"
                " ORDER BY number DESC LIMIT 1",
                (dataset, reviewer),
            ).fetchone()
        if found is None:
            return None
        self.decide(dataset, Decision(found[0], reviewer, "open"))
        return str(found[0])

    def claim(self, dataset: str, rows: Sequence[str], reviewer: str) -> int | None:
        """Choose the first row that is open and that nobody else is looking at, and keep others from it for a while.

        Returns
        -------
        int or None
            Its position; None where there is none left.
        """
        decided, now = self.latest(dataset), time.time()
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("DELETE FROM claims WHERE reviewer = ? AND dataset = ?", (reviewer, dataset))
            taken = database.execute("SELECT row FROM claims WHERE dataset = ? AND time > ?", (dataset, now - _CLAIM))
            others = {row for (row,) in taken}
            for position, row in enumerate(rows):
                if row not in decided and row not in others:
                    database.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?)", (dataset, row, reviewer, now))
                    return position
        return None

    def _open(self) -> AbstractContextManager[sqlite3.Connection]:
        return connected(self._path, "the decision", DataError)


def row_id(row: Row) -> str:
    """Name a row after what it says."""
    told = "\n".join(f"{one['role']}: {one['content']}" for one in conversation(row))
    return hashlib.sha256(f"{row.document}\n{told}".encode()).hexdigest()[:16]


def edited(row: Row, question: str, answer: str) -> Row:
    """Give a row with another question and answer; of a conversation of several messages, with another answer."""
    if isinstance(row, Example):
        return replace(row, messages=(*row.messages[:-1], Message("assistant", answer)))
    moved = row.start + answer.find(row.answer) if row.answer in answer else row.start
    return replace(row, question=question, answer=answer, start=moved, end=moved + len(answer))


def apply(version: Version, reviews: Reviews, *, reviewed_only: bool = False) -> tuple[Splits[Row], Counter[str]]:
    """Make the rows that people have decided for: edits are in, rejected rows are out.

    An edited row has a name of its own, under which it is accepted from then on.

    Parameters
    ----------
    version : Version
        The dataset.
    reviews : Reviews
        The decisions.
    reviewed_only : bool
        Whether rows about which nobody has decided are out too.

    Returns
    -------
    Splits of Row
        The rows; each stays in its split.
    Counter of str
        How many rows of each verdict there were.
    """
    decided, counts = reviews.latest(version.name), Counter[str]()
    kept: dict[str, list[Row]] = {}
    accepted: dict[str, Decision] = {}
    for name, rows in version.splits().items():
        kept[name] = []
        for row in rows:
            decision = decided.get(row_id(row))
            verdict = decision.verdict if decision else "open"
            counts[verdict] += 1
            if decision and verdict == "edit":
                new = edited(row, decision.question, decision.answer)
                kept[name].append(new)
                accepted[row_id(new)] = Decision(row_id(new), decision.reviewer, "accept")
            elif verdict == "accept" or (verdict == "open" and not reviewed_only):
                kept[name].append(row)
    reviews.decide(version.name, *(one for row, one in accepted.items() if row not in decided))
    return Splits(**{name: tuple(rows) for name, rows in kept.items()}), counts


def write_sheet(version: Version, reviews: Reviews, path: Path) -> int:
    """Write a CSV file to review in a spreadsheet, and say how many rows it has.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    decided = reviews.latest(version.name)
    rows = [(name, row) for name, part in version.splits().items() for row in part]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(FIELDS)
        for name, row in rows:
            one = decided.get(row_id(row))
            cells = [row_id(row), name, row.document, row.context if isinstance(row, Pair) else "", row.question]
            cells += [row.answer, *((one.verdict, one.question, one.answer) if one else ("", "", ""))]
            sheet.writerow([f"'{cell}" if cell.startswith(_FORMULAS) else cell for cell in cells])
    return len(rows)


def read_sheet(version: Version, path: Path, reviewer: str) -> list[Decision]:
    """Read the decisions of a CSV file that `write_sheet` wrote and somebody filled in.

    Raises
    ------
    DataError
        If the file is no such sheet, or a decision in it can't be used; then none is taken over.
    """
    known = {row_id(row) for part in version.splits().values() for row in part}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} can't be read: {error}", hint="save it as CSV in UTF-8") from error
    sheet = read_csv(text)
    missing = {"id", "decision"} - set(sheet.fieldnames or ())
    if missing:
        names = ", ".join(sorted(missing))
        raise DataError(f"{path} has no column {names}", hint="begin with `datasets review export`")
    found, faults = [], []
    for number, cells in enumerate(sheet, start=2):
        values = {name: clean((cells.get(name) or "").removeprefix("'")) for name in FIELDS}
        verdict = values["decision"].lower()
        if not verdict:
            continue
        decision = _decision(values, verdict, reviewer)
        if decision is None:
            faults.append(f"row {number}: the decision {verdict!r} is none of {', '.join(get_args(Verdict))}")
        elif decision.row not in known:
            faults.append(f"row {number}: {version} has no row {decision.row!r}")
        elif decision.verdict == "edit" and not (decision.question and decision.answer):
            faults.append(f"row {number}: an edited row needs a new_question and a new_answer")
        else:
            found.append(decision)
    if faults:
        shown = "\n".join(f"  {fault}" for fault in faults[:10])
        raise DataError(f"{len(faults)} decisions of {path} can't be used:\n{shown}", hint="mend them; none was taken")
    return found


def _decision(values: dict[str, str], verdict: str, reviewer: str) -> Decision | None:
    for known in get_args(Verdict):
        if verdict == known:
            question = values["new_question"] or values["question"] if known == "edit" else ""
            answer = values["new_answer"] or values["answer"] if known == "edit" else ""
            return Decision(values["id"], reviewer, known, question, answer)
    return None
