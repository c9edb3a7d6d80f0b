"""What agents may look at: datasets of `conf/data.yaml`, and files of the project's data and of the task's folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from ...config import Config
from ...config.settings import one_of
from ...data.config import ColumnConfig, DataConfig
from ...data.dataset import SPLITS
from ..config import AgenticConfig
from ..errors import ToolError
from .spec import ToolContext

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

    def taints(self, values: Iterable[JsonValue], question: str = "") -> bool:
        """Say whether values hold text that nobody vouches for.

        Parameters
        ----------
        question
            The query that gave them: what it says itself is as good as whoever wrote it.
        """
        if not self.vouched:
            return True
        return any(isinstance(v, str) and v not in self.vouched and v not in question for v in values)

    def select(self) -> str:
        """Write the query that reads it, with DuckDB's readers."""
        parts = []
        for path in self.paths:
            named = str(path).replace("'", "''")
            columns = f"*, '{path.stem}' AS split" if self.split else "*"
            parts.append(f"FROM {_READERS[path.suffix.lower()]}('{named}') SELECT {columns}")
        return " UNION ALL BY NAME ".join(parts)


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
        raise ToolError(f"there is no dataset {name!r}", hint=f"{known}; files are {', '.join(_READERS)}")
    own, shared = context.work.resolve(), (config.root / "data").resolve()
    agents = (config.root / config.group("agentic", AgenticConfig).tools.work_folder).resolve()
    for folder in (own, config.root, shared):
        path = (folder / name).resolve()
        others = path.is_relative_to(agents) or not path.is_relative_to(shared)
        if path.is_file() and (path.is_relative_to(own) or not others):
            return Source(path.stem, (path,))
    raise ToolError(f"there is no file {name!r}", hint="files are in the project's data folder or in that of the task")


def _dataset(name: str, data: DataConfig, root: Path) -> Source:
    folder = (root / data.processed / name).resolve()
    paths = tuple(folder / f"{split}.parquet" for split in SPLITS)
    if not all(path.is_file() for path in paths):
        raise ToolError(f"the dataset {name} was not made yet", hint=f"`data run {name}` makes it")
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
