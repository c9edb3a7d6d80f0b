"""The workflow of `data run`.

read → check and clean → split → add labelled predictions → verify with pandera → profile → put in place
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from ..config.settings import one_of
from ..disk import room_for
from ..logs import get_logger
from . import labelled
from .card import CARD, ColumnProfile, DataCard, Role, SplitRecord
from .check import CLEAN, QUARANTINE, Outcome, check
from .config import ColumnConfig, DataConfig, DatasetConfig
from .dataset import SPLITS
from .errors import DataError
from .readers import Table, read
from .schema import pandera_schema, propose
from .split import assign, write

if TYPE_CHECKING:
    from ..config import Config

_log = get_logger(__name__)

_BATCH = 250_000
_EXACT = 100_000


@dataclass(frozen=True, slots=True)
class Opened:
    """A dataset whose source is open and whose schema is known.

    Attributes
    ----------
    labelled
        Predictions whose labels have arrived, if any were collected.
    """

    name: str
    config: DatasetConfig
    table: Table
    columns: Mapping[str, ColumnConfig]
    labelled: Table | None

    @property
    def described(self) -> DatasetConfig:
        """The configuration, with the schema that was guessed where it has none."""
        return self.config.model_copy(update={"columns": dict(self.columns)})

    def sha256(self) -> dict[str, str]:
        """Hash everything that is read: the fields of the card that hold it."""
        source = self.table.sha256()
        if self.labelled is None:
            return {"input_sha256": source}
        answered = self.labelled.sha256()
        both = hashlib.sha256(f"{source} {answered}".encode()).hexdigest()
        return {"input_sha256": both, "source_sha256": source, "labelled_sha256": answered}


def open_dataset(name: str, config: DatasetConfig, root: Path) -> Opened:
    """Open the source of a dataset, propose a schema if it has none, and open the labelled predictions that there are.

    Raises
    ------
    DataError
        If the source can't be read, or does not have the target.
    """
    source = config.source if "://" in config.source else str(root / config.source)
    table = read(source, config.reader, config.options)
    path = root / labelled.FOLDER / f"{name}.jsonl"
    answered = read(str(path)) if path.exists() else None
    if config.columns:
        return Opened(name, config, table, config.columns, answered)
    columns = propose(table, config.missing)
    for column in filter(None, (config.target, config.split.column, *config.key)):
        if column not in columns:
            raise DataError(f"{config.source} has no column {column!r}", hint=f"it has: {', '.join(columns)}")
    _log.warning("the schema was guessed", dataset=name, hint="write it into conf/data.yaml: `data profile` prints it")
    return Opened(name, config, table, columns, answered)


def chosen_datasets(config: Config, names: Sequence[str] | None = None) -> dict[str, DatasetConfig]:
    """Get datasets of `conf/data.yaml` by name, all of them if none is named.

    Raises
    ------
    DataError
        If there is no such dataset, or none at all.
    """
    datasets = config.group("data", DataConfig).datasets
    if not datasets:
        raise DataError("conf/data.yaml describes no dataset", hint="add one under datasets")
    for name in names or ():
        if name not in datasets:
            raise DataError(f"there is no dataset {name!r}", hint=one_of(name, list(datasets)))
    return {name: datasets[name] for name in names or datasets}


def open_datasets(config: Config, names: Sequence[str] | None = None) -> list[Opened]:
    """Open datasets of `conf/data.yaml`, all of them if none is named.

    Raises
    ------
    DataError
        If there is no such dataset, or its source can't be read.
    """
    chosen = chosen_datasets(config, names)
    return [open_dataset(name, dataset, config.root) for name, dataset in chosen.items()]


def run(opened: Opened, processed: Path) -> DataCard:
    """Make a dataset anew. What was there before stays until the new one is whole.

    Parameters
    ----------
    processed
        The folder of all datasets. The dataset becomes a folder in it.

    Raises
    ------
    DataError
        If too many rows are bad, too few are left, or the disk is full. Of a refused source
        the quarantine is then in `<dataset>.failed`.
    """
    with room_for(f"the dataset {opened.name}", DataError):
        return _make(opened, processed)


def _make(opened: Opened, processed: Path) -> DataCard:
    now = datetime.now(UTC)
    processed.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=processed) as scratch, ThreadPoolExecutor(1) as hashing:
        folder = Path(scratch) / "new"
        folder.mkdir()
        sha256 = hashing.submit(opened.sha256)
        outcome = check(opened.table, opened.config, opened.columns, now, folder)
        _refuse_bad_source(opened, outcome, folder, processed)
        clean = pl.scan_parquet(folder / CLEAN).select(list(opened.columns))
        config = opened.config
        divided = labelled.Divided(clean, assign(clean, opened.described))
        steps = outcome.steps
        if opened.labelled:
            divided, more = labelled.append(divided, opened.labelled, opened.described, now, folder)
            steps = [*steps, *more]
        sizes = write(divided.rows, divided.codes, folder)
        (folder / CLEAN).unlink()
        _verify(opened, folder, now)
        card = DataCard(
            name=opened.name,
            **sha256.result(),
            rows=len(divided.codes),
            columns=_profile(opened, folder / "train.parquet"),
            target=config.target,
            task=config.task,
            split=SplitRecord(method=config.split.method, seed=config.split.seed, sizes=sizes),
            steps=steps,
            quarantined=outcome.quarantined,
            created=datetime.now(UTC),
        )
        (folder / CARD).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
        _put_in_place(folder, processed / opened.name)
    _log.info("dataset made", dataset=card.name, rows=card.rows, quarantined=card.quarantined, **sizes)
    return card


def _refuse_bad_source(opened: Opened, outcome: Outcome, folder: Path, processed: Path) -> None:
    share = outcome.quarantined / outcome.rows
    if outcome.good and outcome.broken / outcome.rows <= opened.config.max_quarantined:
        return
    failed = processed / f"{opened.name}.failed"
    failed.mkdir(exist_ok=True)
    (folder / QUARANTINE).replace(failed / QUARANTINE)
    worst = ", ".join(f"{reason} ({count})" for reason, count in list(outcome.reasons.items())[:3])
    message = f"{outcome.quarantined} of {outcome.rows} rows ({share:.0%}) were refused, most of them for: {worst}"
    raise DataError(message, hint=f"see {failed / QUARANTINE}; mend the source or its schema, or raise max_quarantined")


def _verify(opened: Opened, folder: Path, now: datetime) -> None:
    """Hold what was written to the schema once more, by other means than those that wrote it."""
    import pandera.errors

    columns = labelled.without_keys(opened.described) if opened.labelled else opened.columns
    schema = pandera_schema(columns, now)
    for name in SPLITS:
        path = folder / f"{name}.parquet"
        for batch in pl.scan_parquet(path).collect_batches(chunk_size=_BATCH):
            try:
                schema.validate(batch)
            except pandera.errors.SchemaError as error:
                message = f"{name} does not satisfy the schema after cleaning: {error}"
                raise DataError(
                    message, hint="a clip or fill in the schema contradicts its range or allowed"
                ) from error


def _profile(opened: Opened, train: Path) -> dict[str, ColumnProfile]:
    frame = pl.scan_parquet(train)
    rows = frame.select(pl.len()).collect().item()
    wanted: list[pl.Expr] = []
    for name, column in opened.columns.items():
        values = pl.col(name)
        ordered = column.type not in {"category", "text", "boolean"}
        averaged = column.type in {"integer", "float", "boolean"}
        wanted += [
            values.null_count().alias(f"{name}:nulls"),
            (values.drop_nulls().n_unique() if rows <= _EXACT else values.approx_n_unique()).alias(f"{name}:distinct"),
            (values.min() if ordered else pl.lit(None)).alias(f"{name}:min"),
            (values.max() if ordered else pl.lit(None)).alias(f"{name}:max"),
            (values.mean() if averaged else pl.lit(None)).alias(f"{name}:mean"),
        ]
    found = frame.select(wanted).collect(engine="streaming").row(0, named=True)
    return {
        name: ColumnProfile(
            dtype=column.type,
            role=_role(opened, name, column),
            nulls=found[f"{name}:nulls"],
            distinct=found[f"{name}:distinct"] if found[f"{name}:nulls"] < rows else 0,
            min=_plain(found[f"{name}:min"]),
            max=_plain(found[f"{name}:max"]),
            mean=found[f"{name}:mean"],
            not_future=column.not_future or (column.range or (None, None))[1] == "now",
        )
        for name, column in opened.columns.items()
    }


def _plain(value: object) -> float | str | None:
    return value if value is None or isinstance(value, (int, float)) else str(value)


def _role(opened: Opened, name: str, column: ColumnConfig) -> Role:
    config = opened.config
    if name == config.target:
        return "target"
    if name == config.split.column and config.split.method == "group":
        return "group"
    if name == config.split.column and config.split.method == "time":
        return "time"
    return "key" if column.unique or name in config.key else "feature"


def _put_in_place(folder: Path, place: Path) -> None:
    """Swap the new dataset for the old one, which goes with the scratch folder: nobody reads half of each."""
    if place.exists():
        place.rename(folder.with_name("old"))
    folder.rename(place)
