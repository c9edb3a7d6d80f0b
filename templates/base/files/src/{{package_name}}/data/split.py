"""Dividing rows into training, validation and test."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import numpy as np
import polars as pl
import polars.selectors as cs
from numpy.typing import NDArray

from .config import DatasetConfig, SplitConfig
from .dataset import SPLITS
from .errors import DataError

Codes = NDArray[np.uint8]

_SPLIT = "_split"
_BATCH = 250_000


def assign(clean: pl.LazyFrame, dataset: DatasetConfig) -> Codes:
    """Choose the split of each row.

    Parameters
    ----------
    dataset
        With its columns.

    Returns
    -------
    ndarray of uint8, of shape (n_rows,)
        0 for training, 1 for validation, 2 for the test.

    Raises
    ------
    DataError
        If there are too few rows, classes, groups or times for three splits.
    """
    split, target = dataset.split, dataset.target
    random = np.random.default_rng(split.seed)
    column = split.column or target
    values = clean.select(pl.col(target), pl.col(column).alias("_by")).collect()
    if len(values) < len(SPLITS):
        raise DataError(f"{len(values)} rows are left, too few for three splits", hint="look at the quarantine")
    classes = values[target].drop_nulls().n_unique()
    if classes <= 1:
        what = "one class only" if dataset.task == "classification" else "the same value everywhere"
        raise DataError(f"the target {target!r} has {what}: there is nothing to learn", hint="check the source")
    if split.method == "random":
        codes = _divide(random.permutation(len(values)), split)
    elif split.method == "stratified":
        codes = _stratified(values["_by"].alias(column), split, random)
    elif split.method == "group":
        codes = _grouped(values["_by"], split, random)
    elif split.method == "hash":
        codes = draw(clean, dataset)
    else:
        codes = _by_time(values["_by"], split)
    for number, name in enumerate(SPLITS):
        if not (codes == number).any():
            by = f" by {column!r}" if split.column else ""
            message = f"no row is left for {name}: {split.method} can't divide {len(values)} rows{by}"
            raise DataError(message, hint="choose another method, or other shares")
    return codes


def write(clean: pl.LazyFrame, codes: Codes, folder: Path) -> dict[str, int]:
    """Write each split to a file of its own, rows in the order that they had. Gives their sizes."""
    marked = pl.concat([clean, pl.LazyFrame({_SPLIT: codes})], how="horizontal")
    files = [
        marked.filter(pl.col(_SPLIT) == number)
        .drop(_SPLIT)
        .sink_parquet(folder / f"{name}.parquet", lazy=True, row_group_size=100_000)
        for number, name in enumerate(SPLITS)
    ]
    pl.collect_all(files, engine="streaming")
    return {name: int((codes == number).sum()) for number, name in enumerate(SPLITS)}


def _divide(order: NDArray[np.int64], split: SplitConfig) -> Codes:
    """Give the first rows of an order to the test, the next to validation, the others to training."""
    test, validation = round(len(order) * split.test), round(len(order) * split.validation)
    codes = np.zeros(len(order), dtype=np.uint8)
    codes[order[:test]] = 2
    codes[order[test : test + validation]] = 1
    return codes


def _stratified(values: pl.Series, split: SplitConfig, random: np.random.Generator) -> Codes:
    codes = np.zeros(len(values), dtype=np.uint8)
    classes = values.rank("dense").fill_null(0).to_numpy()
    for number in np.unique(classes):
        rows = np.flatnonzero(classes == number)
        if len(rows) < len(SPLITS):
            rare = values[int(rows[0])]
            message = f"the class {rare!r} of {values.name!r} has {len(rows)} rows, too few for three splits"
            raise DataError(message, hint="join rare classes, or use split.method=random")
        codes[rows] = _divide(random.permutation(len(rows)), split)
    return codes


def _grouped(values: pl.Series, split: SplitConfig, random: np.random.Generator) -> Codes:
    """Fill test, then validation, then training, with whole groups in random order."""
    groups = values.rank("dense").fill_null(0).to_numpy()
    names, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = random.permutation(len(names))
    # A group belongs where its middle row falls.
    middles = (np.cumsum(sizes[order]) - sizes[order] / 2) / len(values)
    of_group = np.zeros(len(names), dtype=np.uint8)
    of_group[order] = np.where(middles < split.test, 2, np.where(middles < split.test + split.validation, 1, 0))
    result: Codes = of_group[places]
    return result


def draw(rows: pl.LazyFrame, dataset: DatasetConfig) -> Codes:
    """Draw the split of each row from what names it, whatever other rows there are.

    That is its key, or without one its first unique column. Where there is neither, or a row lacks it, that is its
    inputs: all columns but the target, the key and the unique ones. Numbers and times are hashed by their bits: no
    version of a library, and no platform, writes those otherwise.
    """
    split, named = dataset.split, dataset.key or dataset.keys[:1]
    inputs = [name for name in rows.collect_schema().names() if name not in {dataset.target, *dataset.keys}]
    # 0.0 and -0.0 are one number.
    bits = cs.float().replace(0.0, 0.0).reinterpret(dtype=pl.Int64)
    rows = rows.with_columns(bits, cs.temporal().to_physical())
    text = _as_text(inputs, split.seed)
    if named:
        lacking = pl.any_horizontal(pl.col(named).is_null())
        some_lack = rows.select(lacking.any()).collect(engine="streaming").item()
        name = _as_text(named, split.seed)
        text = pl.when(lacking).then(text).otherwise(name) if some_lack else name
    batches = rows.select(text).collect_batches(chunk_size=_BATCH)
    digests = b"".join(blake2b(one, digest_size=8).digest() for batch in batches for one in batch.to_series())
    shares = np.frombuffer(digests, dtype=">u8") / 2**64
    return np.where(shares < split.test, 2, np.where(shares < split.test + split.validation, 1, 0)).astype(np.uint8)


def _as_text(columns: list[str], seed: int) -> pl.Expr:
    values = [pl.col(name).alias(str(number)) for number, name in enumerate(columns)]
    return pl.struct(pl.lit(seed).alias("seed"), *values).struct.json_encode().cast(pl.Binary).alias("text")


def _by_time(values: pl.Series, split: SplitConfig) -> Codes:
    """Cut at two moments. Rows of one moment stay together, so that no test row is as old as a training row."""
    if values.null_count():
        message = f"{values.null_count()} rows have no time to split by"
        raise DataError(message, hint="set nullable: false for that column")
    ranks = values.rank("dense").to_numpy()
    ordered = np.sort(ranks)
    first_test = ordered[min(len(ordered) - 1, round(len(ordered) * (1 - split.test)))]
    first_validation = ordered[round(len(ordered) * (1 - split.test - split.validation))]
    result: Codes = np.where(ranks >= first_test, 2, np.where(ranks >= first_validation, 1, 0)).astype(np.uint8)
    return result
