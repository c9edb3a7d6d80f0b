"""Experiments, answers and feedback, in an SQLite file that the service and the command line share."""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from ...errors import ProjectError
from ...sqlite import connected, make_tables
from ..training.checkpoint_names import is_name
from .assignment import anonymous
from .config import ExperimentConfig
from .records import Experiment, Feedback, State
from .rows import Answer, Judged, Preference

_FORGET = (
    "DELETE FROM feedback WHERE response IN (SELECT response FROM answers WHERE experiment = ?)",
    "DELETE FROM answers WHERE experiment = ?",
    "DELETE FROM stopped WHERE experiment = ?",
    "DELETE FROM events WHERE experiment = ?",
    "DELETE FROM dropped WHERE experiment = ?",
    "DELETE FROM changes WHERE experiment = ?",
)
_JUDGE = """
INSERT INTO feedback VALUES (:id, :time, :score, :thumb, :preferred_to, :tied_with, :expected, :comment)
ON CONFLICT (response) DO UPDATE SET
    time = :time, score = coalesce(:score, score), thumb = coalesce(:thumb, thumb),
    preferred_to = iif(coalesce(:preferred_to, :tied_with) IS NULL, preferred_to, :preferred_to),
    tied_with = iif(coalesce(:preferred_to, :tied_with) IS NULL, tied_with, :tied_with),
    expected = coalesce(:expected, expected), comment = coalesce(nullif(:comment, ''), comment)
"""
_PLACE = "SELECT experiment, variant FROM answers WHERE response = ?"
_FORGET_UNIT = (
    "DELETE FROM feedback WHERE response IN (SELECT response FROM answers WHERE experiment = ? AND unit = ?)",
    "DELETE FROM answers WHERE experiment = ? AND unit = ?",
)
_TABLES = """
CREATE TABLE IF NOT EXISTS experiments (
    name TEXT PRIMARY KEY, config TEXT NOT NULL, salt TEXT NOT NULL, state TEXT NOT NULL, started REAL NOT NULL,
    ended REAL, winner TEXT NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS stopped (
    experiment TEXT NOT NULL, variant TEXT NOT NULL, time REAL NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (experiment, variant)
);
CREATE TABLE IF NOT EXISTS changes (experiment TEXT NOT NULL, time REAL NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY, experiment TEXT NOT NULL, time REAL NOT NULL, event TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS answers (
    number INTEGER PRIMARY KEY, experiment TEXT NOT NULL, variant TEXT NOT NULL, unit TEXT NOT NULL, time REAL NOT NULL,
    seconds REAL NOT NULL, first_seconds REAL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    failed INTEGER NOT NULL, refused INTEGER NOT NULL, response TEXT NOT NULL, pair TEXT NOT NULL, text TEXT,
    agreement REAL
);
CREATE INDEX IF NOT EXISTS answers_of_an_experiment ON answers (experiment, number);
CREATE INDEX IF NOT EXISTS answers_by_response ON answers (response);
CREATE TABLE IF NOT EXISTS feedback (
    response TEXT PRIMARY KEY, time REAL NOT NULL, score REAL, thumb TEXT, preferred_to TEXT, tied_with TEXT,
    expected TEXT, comment TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS dropped (experiment TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""


Place = tuple[str, str]
"""An experiment, and one of its variants."""


class ExperimentError(ProjectError):
    """An experiment that can't be found, begun or changed."""


class UnknownExperimentError(ExperimentError):
    """An experiment that there is not."""


class ExperimentStore:
    """All that is kept of experiments.

    Parameters
    ----------
    path : Path
        An SQLite database, which is made where it is missing.

    Raises
    ------
    ExperimentError
        If it can't be read or written, now or by any of the methods.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        make_tables(path, _TABLES, "experiments", ExperimentError)

    def open(self) -> AbstractContextManager[sqlite3.Connection]:
        """Give a connection; what is done with it is kept together, or not at all."""
        return connected(self._path, "the experiment", ExperimentError, durable=False)

    def start(self, name: str, config: ExperimentConfig) -> Experiment:
        """Begin an experiment; one of this name that has ended begins anew, and what it has gathered is gone.

        Raises
        ------
        ExperimentError
            If there is one of this name that runs, or one that takes the same requests.
        """
        if not is_name(name):
            fault = f"{name!r} is no name of an experiment"
            raise ExperimentError(fault, hint="use at most 64 letters, digits, '.', '_' and '-'")
        for one in self.experiments():
            if one.state == "running" and one.name == name:
                raise ExperimentError(f"the experiment {name} runs already", hint="stop it first, or take another name")
            if one.state == "running" and one.config.takes and one.config.takes == config.takes:
                raise ExperimentError(f"{one.name} takes the requests of {config.takes}", hint="stop it first")
        made = Experiment(name, config, secrets.token_hex(8))
        with self.open() as database:
            for forget in _FORGET:
                database.execute(forget, (name,))
            row = (name, config.model_dump_json(), made.salt, made.state, made.started, None, "", "")
            database.execute("INSERT OR REPLACE INTO experiments VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            _tell(database, name, "started")
        return made

    def experiments(self) -> list[Experiment]:
        """Give all, those that began last first."""
        with self.open() as database:
            stopped: dict[str, dict[str, str]] = {}
            for name, variant, reason in database.execute("SELECT experiment, variant, reason FROM stopped"):
                stopped.setdefault(name, {})[variant] = reason
            changed: dict[str, tuple[float, ...]] = {}
            for name, when in database.execute("SELECT experiment, time FROM changes ORDER BY time"):
                changed[name] = (*changed.get(name, ()), when)
            rows = database.execute("SELECT * FROM experiments ORDER BY started DESC").fetchall()
        return [
            replace(
                Experiment(name, ExperimentConfig.model_validate_json(config), *rest),
                stopped=stopped.get(name, {}),
                changed=changed.get(name, ()),
            )
            for name, config, *rest in rows
        ]

    def get(self, name: str) -> Experiment:
        """Give one.

        Raises
        ------
        UnknownExperimentError
            If there is none of this name.
        """
        known = self.experiments()
        found = next((one for one in known if one.name == name), None)
        if found is None:
            names = ", ".join(one.name for one in known) or "none yet"
            raise UnknownExperimentError(f"there is no experiment {name!r}", hint=f"there are: {names}")
        return found

    def end(self, name: str, state: State, *, winner: str = "", reason: str = "") -> None:
        """Set how an experiment has ended."""
        with self.open() as database:
            database.execute(
                "UPDATE experiments SET state = ?, ended = ?, winner = ?, reason = ? WHERE name = ?",
                (state, time.time(), winner, reason, name),
            )
            _tell(database, name, f"{state}{f', winner {winner}' if winner else ''}: {reason}")

    def reshare(self, name: str, config: ExperimentConfig, event: str) -> None:
        """Change the shares of an experiment that runs; what is asked from now on is compared."""
        with self.open() as database:
            database.execute("INSERT INTO changes VALUES (?, ?)", (name, time.time()))
            database.execute("UPDATE experiments SET config = ? WHERE name = ?", (config.model_dump_json(), name))
            _tell(database, name, event)

    def stop_variant(self, name: str, variant: str, reason: str) -> None:
        """Keep that a guardrail has stopped a variant."""
        with self.open() as database:
            row = (name, variant, time.time(), reason)
            database.execute("INSERT OR IGNORE INTO stopped VALUES (?, ?, ?, ?)", row)
            _tell(database, name, f"{variant} stopped: {reason}")

    def add(self, answers: Sequence[Answer], dropped: Sequence[str] = ()) -> None:
        """Keep answers, and count the requests to shadows that were dropped."""
        with self.open() as database:
            database.executemany("INSERT INTO answers VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", answers)
            database.executemany(
                "INSERT INTO dropped VALUES (?, 1) ON CONFLICT (experiment) DO UPDATE SET count = count + 1",
                [(name,) for name in dropped],
            )

    def judge(self, *given: Feedback) -> list[Place]:
        """Keep feedback; what it says takes the place of what was said before, and what it does not say stays.

        Returns
        -------
        list of tuple of str
            Experiment and variant of each response. None where any that is named is not known; then nothing is kept.
        """
        places: list[Place] = []
        with self.open() as database:
            for one in given:
                names = (one.id, one.preferred_to or one.id, one.tied_with or one.id)
                found = [database.execute(_PLACE, (name,)).fetchone() for name in names]
                if None in found:
                    return []
                places.append(found[0])
            database.executemany(_JUDGE, [{**one.model_dump(), "time": time.time()} for one in given])
        return places

    def forget(self, user: str) -> int:
        """Drop all answers to a user with their feedback, and say how many there were.

        Parameters
        ----------
        user : str
            As requests named who asks. Only hashes are kept: without the name, nobody is found.
        """
        count = 0
        with self.open() as database:
            database.execute("PRAGMA secure_delete = ON")  # the place in the file is overwritten
            for name, salt in database.execute("SELECT name, salt FROM experiments").fetchall():
                _, dropped = [database.execute(one, (name, anonymous(salt, user))) for one in _FORGET_UNIT]
                count += dropped.rowcount
        return count

    def answers(self, name: str) -> list[Judged]:
        """Give the answers of an experiment in their order, with what was said of them.

        What an answer should have been holds for the answers of its shadows too.
        """
        size = len(Answer._fields)
        with self.open() as database:
            rows = database.execute(
                "SELECT feedback.score, feedback.thumb, given.expected, answers.* FROM answers"
                " LEFT JOIN feedback ON feedback.response = answers.response"
                " LEFT JOIN feedback AS given ON given.response = answers.pair"
                " WHERE answers.experiment = ? ORDER BY answers.number",
                (name,),
            ).fetchall()
        return [Judged(Answer(*row[-size:]), *row[:3]) for row in rows]

    def preferences(self, name: str) -> list[Preference]:
        """Give which variant was preferred to which, and whether they were as good as each other."""
        with self.open() as database:
            rows = database.execute(
                "SELECT one.variant, other.variant, one.response, other.response, one.unit, other.unit,"
                " min(one.time - one.seconds, other.time - other.seconds), feedback.time,"
                " feedback.preferred_to IS NULL FROM feedback"
                " JOIN answers AS one ON one.response = feedback.response"
                " JOIN answers AS other ON other.response = coalesce(feedback.preferred_to, feedback.tied_with)"
                " WHERE one.experiment = ?1 AND other.experiment = ?1 ORDER BY feedback.time",
                (name,),
            ).fetchall()
        return [
            Preference(better, worse, (one, other), (first, second), asked, when, bool(tied))
            for better, worse, one, other, first, second, asked, when, tied in rows
        ]

    def events(self, name: str) -> list[tuple[float, str]]:
        """Give what has happened, and when."""
        with self.open() as database:
            found = database.execute("SELECT time, event FROM events WHERE experiment = ? ORDER BY number", (name,))
            return found.fetchall()

    def dropped(self, name: str) -> int:
        """Count the requests that a shadow was too busy for."""
        with self.open() as database:
            found = database.execute("SELECT count FROM dropped WHERE experiment = ?", (name,)).fetchone()
        return found[0] if found else 0


def _tell(database: sqlite3.Connection, name: str, event: str) -> None:
    database.execute("INSERT INTO events (experiment, time, event) VALUES (?, ?, ?)", (name, time.time(), event))
