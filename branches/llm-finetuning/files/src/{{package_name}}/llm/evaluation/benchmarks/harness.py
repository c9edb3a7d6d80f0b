"""The lm-evaluation-harness, which is an extra: its tasks, and rows for them that are files of the project."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from ...errors import DataError, ModelError

_LIGHT = ("arc", "hellaswag", "mmlu/default")
"""Folders of tasks that are read first: to read all that the harness has takes ten seconds."""
_OWN_DATA = {"class", "custom_dataset", "dataset_path"}
"""Keys of a task that is described where a group names it."""


def check_installed() -> None:
    """Refuse to go on without the harness.

    Raises
    ------
    ModelError
        If it is not installed.
    """
    if find_spec("lm_eval") is None:
        raise ModelError(
            "lm-eval is not installed, and benchmarks need it",
            hint="install the extra: uv sync --extra benchmarks",
        )


class Harness:
    """Tasks by name: those of a folder of the project, and those of the harness.

    Parameters
    ----------
    folder : Path
        Tasks as YAML, and rows as JSON Lines; need not be there.
    """

    def __init__(self, folder: Path) -> None:
        check_installed()
        logging.getLogger("lm_eval").setLevel(logging.ERROR)
        self.folder = folder.resolve()
        _check_tasks(self.folder)
        self._home = Path(import_module("lm_eval.tasks").__file__ or "").parent
        self._manager = self._read([self._home / one for one in _LIGHT])
        self._has_all = False

    def _read(self, folders: Sequence[Path], *, all_tasks: bool = False) -> Any:
        own = [self.folder] if self.folder.is_dir() else []
        manager: Any = import_module("lm_eval.tasks").TaskManager
        return manager(include_defaults=all_tasks, include_path=[*folders, *own])

    @property
    def own_names(self) -> list[str]:
        """Names of the tasks of the project."""
        return sorted(
            name
            for name, entry in self._manager.task_index.items()
            if entry.yaml_path and Path(entry.yaml_path).resolve().is_relative_to(self.folder)
        )

    def names(self) -> list[str]:
        """Names of all tasks, groups and tags that have been read."""
        found: list[str] = self._manager.all_tasks
        return found

    def has(self, name: str) -> bool:
        """Look for a task, a group or a tag; then among all that the harness has."""
        if name not in self._manager.task_index and not self._has_all:
            self._manager, self._has_all = self._read([], all_tasks=True), True
        return name in self._manager.task_index

    def unknown_member(self, name: str) -> str:
        """Give the first task that a group names and that is none, if any: the harness would make one of it."""
        seen, ahead = {name}, [name]
        while ahead:
            for member in _members((self._manager.task_index[ahead.pop()].cfg or {}).get("task")):
                if not self.has(member):
                    return member
                if member not in seen:
                    seen.add(member)
                    ahead.append(member)
        return ""

    def members(self, prefix: str) -> list[str]:
        """Name the single tasks that begin so."""
        return [name for name in self._manager.all_subtasks if name.startswith(prefix)]

    def load(self, name: str, rows: Mapping[str, Callable[[], Any]] | None = None) -> dict[str, Any]:
        """Load a task, or all of a group, with its data.

        Parameters
        ----------
        name : str
            A task, a group or a tag.
        rows : mapping of str to callable, optional
            Gives the rows of each split: ``test``, and ``examples`` to show solved; by default they come from where
            the task has them.

        Returns
        -------
        dict of str to Task
            By name.
        """
        if rows is None:
            return dict(self._manager.load(name)["tasks"])
        shown = "examples" if "examples" in rows else None
        replaced = {
            "task": name,
            "custom_dataset": lambda **_: {split: read() for split, read in rows.items()},
            "training_split": shown,
            "fewshot_split": shown,
            "validation_split": None,
            "test_split": "test",
        }
        return dict(self._manager.load([{"group": "own rows", "task": [replaced]}])["tasks"])


def _members(described: Any) -> Iterator[str]:
    """Name the tasks and groups that the description of a group refers to, those of groups within it too."""
    for one in described if isinstance(described, list) else ():
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict) and isinstance(one.get("task"), list):
            yield from _members(one["task"])
        elif isinstance(one, dict) and isinstance(one.get("task"), str) and not one.keys() & _OWN_DATA:
            yield one["task"]


def _check_tasks(folder: Path) -> None:
    """Refuse YAML that can't be read: the harness passes it over without a word."""
    for path in sorted(folder.glob("**/*.yaml")):
        try:
            found = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise DataError(f"{path} is no YAML: {error}", hint="mend it, or take it away") from error
        if not isinstance(found, yaml.MappingNode):
            raise DataError(f"{path} holds no task", hint="write `task:` with its name, and what it asks")


def adapt(model: Any, tokenizer: Any, batch_size: int) -> Any:
    """Make of a model what the harness asks."""
    adapter: Any = import_module("lm_eval.models.huggingface").HFLM
    model.tie_weights = lambda: None  # the harness ties them, which fails where PEFT trains a copy of the embeddings
    try:
        return adapter(pretrained=model, tokenizer=tokenizer, batch_size=batch_size)
    finally:
        del model.tie_weights


def ask(adapted: Any, name: str, task: Any, *, limit: int, chat_template: bool) -> dict[str, Any]:
    """Have the harness put a task to a model, and give all that it tells.

    Parameters
    ----------
    limit : int
        Most questions; 0 for all.
    chat_template : bool
        Whether questions are put as the tokenizer's chat template puts what a user says.
    """
    found: dict[str, Any] = import_module("lm_eval").evaluate(
        adapted,
        {"tasks": {name: task}},
        limit=limit or None,
        bootstrap_iters=0,  # intervals are the project's own
        apply_chat_template=chat_template,
    )
    return found


def _lines(text: str) -> list[Any]:
    """Read JSON Lines, which end at line feeds alone: other ends of lines may stand in a text."""
    import json

    return [json.loads(line) for line in text.split("\n") if line.strip()]


def read_rows(path: Path) -> Any:
    """Read rows of JSON Lines, or one JSON list, as a dataset.

    Raises
    ------
    DataError
        If there is none, or the file is damaged.
    """
    import json

    try:
        text = path.read_text(encoding="utf-8")
        rows = json.loads(text) if text.lstrip().startswith("[") else _lines(text)
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror}", hint="check its permissions") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no JSON Lines in UTF-8: {error}", hint="write one object a line") from error
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{path} holds no rows, or one that is no object", hint="write one object a line")
    if any(row.keys() != rows[0].keys() for row in rows):
        raise DataError(f"the rows of {path} do not all have the keys of the first", hint="give each the same keys")
    return import_module("datasets").Dataset.from_list(rows)
