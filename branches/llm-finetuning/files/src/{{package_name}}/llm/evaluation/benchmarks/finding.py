"""Which benchmarks are meant, and where their questions are: in a file of the project, in the hub's cache, or there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from ....config.settings import one_of
from ....errors import first_line
from ...errors import DataError
from .harness import Harness, read_rows

CUSTOM = "custom_tasks"
"""Stands for all tasks of the project's own."""
_ALIASES = {"arc": ("arc_easy", "arc_challenge")}
_MMLU = "mmlu"


@dataclass(frozen=True)
class Benchmark:
    """A benchmark with its questions.

    Attributes
    ----------
    name : str
        That of a task, or of a group of tasks.
    tasks : mapping of str to Task
        Its tasks by name, as the harness has them.
    source : str
        Where the questions are from.
    """

    name: str
    tasks: Mapping[str, Any]
    source: str

    def count(self, limit: int) -> int:
        """Count what is asked, with so many of each task at most; 0 for all."""
        sizes = [len(task.eval_docs) for task in self.tasks.values()]
        return sum(min(size, limit) if limit else size for size in sizes)


def find_benchmarks(names: Sequence[str], folder: Path, *, shots: int = 0) -> list[Benchmark]:
    """Find benchmarks, and read or get their questions.

    Parameters
    ----------
    names : sequence of str
        Tasks, groups and tags of the harness, or tasks of the folder; ``arc`` stands for both of its halves, and
        ``custom_tasks`` for all of the folder.
    folder : Path
        Tasks of the project's own as YAML. ``<task>.jsonl`` in it has rows for a task, in the form that the task
        knows, in place of those of the hub; ``<task>.examples.jsonl`` those that are shown solved.
    shots : int
        Solved examples before each question, where a task does not say it.

    Raises
    ------
    DataError
        If there is no such benchmark, or its questions are neither here nor to be had.
    ModelError
        If lm-eval is not installed.
    """
    harness = Harness(folder)
    own = harness.own_names
    if CUSTOM in names and not own:
        raise DataError(f"there are no tasks in {folder}", hint="write one in YAML, or set llm.evaluation.custom_tasks")
    wanted = [one for name in names for one in (own if name == CUSTOM else _ALIASES.get(name, (name,)))]
    found = []
    for name in dict.fromkeys(wanted):
        if not harness.has(name):
            alike = get_close_matches(name, harness.names(), n=1) or [CUSTOM, "arc", "hellaswag", "mmlu", *own]
            raise DataError(f"there is no benchmark {name!r}", hint=one_of(name, alike))
        if stranger := harness.unknown_member(name):
            known = get_close_matches(stranger, harness.names(), n=1) or own
            fault = f"the group {name} names {stranger!r}, and there is no such task"
            raise DataError(fault, hint=one_of(stranger, known))
        found.append(_open(harness, name, shots))
    return found


def _open(harness: Harness, name: str, shots: int) -> Benchmark:
    file = harness.folder / f"{name}.jsonl"
    examples = harness.folder / f"{name}.examples.jsonl"
    try:
        if not file.is_file():
            tasks, source = harness.load(name), "the hub, or its cache"
        elif name == _MMLU:
            tasks, source = _subjects(harness, file, examples), file.name
        else:
            tasks, source = harness.load(name, _splits(file, examples, read_rows)), file.name
    except DataError:
        raise
    except Exception as error:  # a task may run any code, and so may what gets its data
        raise _refused(harness, name, file, error) from error
    if not tasks:
        raise DataError(f"the benchmark {name} has no tasks", hint="name its tasks one by one")
    for task in tasks.values():
        if task.get_config("num_fewshot") is None:
            task.set_config(key="num_fewshot", value=shots)
        shown = task.get_config("num_fewshot")
        if file.is_file() and shown and not examples.is_file():
            fault = f"{name} is to show {shown} solved examples, and there is no {examples.name}"
            raise DataError(fault, hint=f"put them beside {file.name}, or set llm.evaluation.shots=0")
        task.set_fewshot_seed(seed=0)
    return Benchmark(name, tasks, source)


def _splits(file: Path, examples: Path, read: Callable[[Path], Any]) -> dict[str, Callable[[], Any]]:
    splits: dict[str, Callable[[], Any]] = {"test": partial(read, file)}
    if examples.is_file():
        splits["examples"] = partial(read, examples)
    return splits


def _subjects(harness: Harness, file: Path, examples: Path) -> dict[str, Any]:
    """Load the subjects of MMLU that have rows in one file, whose rows name them."""
    rows = read_rows(file)
    if "subject" not in rows.column_names:
        raise DataError(f"the rows of {file} name no subject", hint='give each its "subject", such as anatomy')
    subjects = set(rows["subject"])
    known = {name.removeprefix(f"{_MMLU}_"): name for name in harness.members(f"{_MMLU}_")}
    unknown = sorted(subjects - set(known))
    if unknown:
        raise DataError(f"{file} names {unknown[0]!r}, which is no subject", hint=one_of(unknown[0], list(known)))

    def of(subject: str, path: Path) -> Any:
        return read_rows(path).filter(lambda row: row["subject"] == subject)

    tasks: dict[str, Any] = {}
    for subject in sorted(subjects):
        tasks |= harness.load(known[subject], _splits(file, examples, partial(of, subject)))
    return tasks


def _refused(harness: Harness, name: str, file: Path, error: Exception) -> DataError:
    """Say why a task can't be loaded: its questions are not to be had, or something is wrong with it."""
    if isinstance(error, OSError) and not file.is_file():
        return DataError(
            f"the questions of {name} are neither in {file} nor to be had from the hub: {first_line(error)}",
            hint=f"write them to {file.name} there in the form that the hub has, or run once where the network reaches "
            f"the hub, which keeps them in its cache; without a network these work: {', '.join(harness.own_names)}",
        )
    return DataError(
        f"the benchmark {name} can't be read: {type(error).__name__}: {first_line(error)}",
        hint=f"check its YAML, and that {file} has the keys that it asks for",
    )
