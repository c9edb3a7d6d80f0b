"""What agents may look at: datasets of `conf/data.yaml`, and files of the project's data and of the task's folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from ...config import Config
from ...config.settings import one_of
from ...data.config import ColumnConfig, DataConfig
from ...data.dataset import SPLITS
from ..config import AgenticConfig
from ..errors import VouchedError
from .spec import ToolContext

_WORD = re.compile(r"\w+")
# What DuckDB writes into the name of a column whose expression was given none.
_IN_NAMES = ("as", "bigint", "boolean", "cast", "count_star", "date", "double", "integer", "timestamp", "varchar")
_READERS = {
    ".csv": "read_csv",
    ".tsv": "read_csv",
    ".parquet": "read_parquet",
    ".jsonl": "read_json_auto",
    ".ndjson": "read_json_auto",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A table that can be asked.

    Attributes
    ----------
    paths
        Its files.
    split
        Whether the files are the parts of a dataset: rows then have a column `split`.
    vouched
        Texts that the schema allows: whatever else stands in a text column, nobody vouches for. Empty where there is no
        schema: then nobody vouches for the names of columns either.
    closed
        Whether no column can hold a text that nobody vouches for.
    """

    name: str
    paths: tuple[Path, ...]
    split: bool = False
    vouched: frozenset[str] = frozenset()
    closed: bool = False
    target: str = ""
    task: str = ""

    def taints(self, values: Iterable[JsonValue | list[JsonValue]], question: str = "") -> bool:
        """Say whether values, or what is in them, hold text that nobody vouches for.

        Parameters
        ----------
        question
            The query that gave them: what it says itself is as good as whoever wrote it.
        """
        if not self.vouched:
            return True
        return any(text not in self.vouched and text not in question for one in values for text in _texts(one))

    def names_data(self, columns: Iterable[str], question: str) -> bool:
        """Say whether columns of an answer may be named by what stands in the data, as those of a pivot are."""
        known = {*_words(question), *_IN_NAMES}
        return any(name not in self.vouched and not known.issuperset(_words(name)) for name in columns)

    def select(self) -> str:
        """Write the query that reads it, with DuckDB's readers."""
        parts = []
        for path in self.paths:
            named = str(path).replace("'", "''")
            columns = f"*, '{path.stem}' AS split" if self.split else "*"
            parts.append(f"FROM {_READERS[path.suffix.lower()]}('{named}') SELECT {columns}")
        return " UNION ALL BY NAME ".join(parts)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _texts(value: JsonValue) -> Iterator[str]:
    """Give every text in JSON: the names in a map may be values too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)


def find_source(name: str, config: Config, context: ToolContext) -> Source:
    """Find a dataset that `data run` has made, or a file of the project's `data` folder or of the task's own.

    Raises
    ------
    ToolError
        If there is none, it lies elsewhere, or is of another kind than CSV, JSON lines and Parquet.
    """
    data = config.group("data", DataConfig)
    if name in data.datasets:
        return _dataset(name, data, config.root)
    if Path(name).suffix.lower() not in _READERS:
        known = one_of(name, list(data.datasets))
        raise VouchedError(f"there is no dataset {name!r}", hint=f"{known}; files are {', '.join(_READERS)}")
    own, shared = context.work.resolve(), (config.root / "data").resolve()
    agentic = config.group("agentic", AgenticConfig)
    hidden = [(config.root / one).resolve() for one in (agentic.tools.work_folder, agentic.durability.folder)]
    for folder in (own, config.root, shared):
        path = (folder / name).resolve()
        others = any(path.is_relative_to(one) for one in hidden) or not path.is_relative_to(shared)
        if path.is_file() and (path.is_relative_to(own) or not others):
            return Source(path.stem, (path,))
    hint = "files are in the project's data folder or in that of the task"
    raise VouchedError(f"there is no file {name!r}", hint=hint)


def _dataset(name: str, data: DataConfig, root: Path) -> Source:
    folder = (root / data.processed / name).resolve()
    paths = tuple(folder / f"{split}.parquet" for split in SPLITS)
    if not all(path.is_file() for path in paths):
        raise VouchedError(f"the dataset {name} was not made yet", hint=f"`data run {name}` makes it")
    dataset = data.datasets[name]
    allowed = {str(value) for column in dataset.columns.values() for value in column.allowed or ()}
    vouched = frozenset({*SPLITS, "split", *allowed, *dataset.columns}) if dataset.columns else frozenset()
    return Source(
        name=name,
        paths=paths,
        split=True,
        vouched=vouched,
        closed=bool(dataset.columns) and all(map(_is_closed, dataset.columns.values())),
        target=dataset.target,
        task=dataset.task,
    )


def _is_closed(column: ColumnConfig) -> bool:
    return column.type not in ("category", "text") or column.allowed is not None
