"""Polars alone, for `pipeline.py`: `python pipeline_bare.py make|eager|streaming FOLDER [ROWS]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl

CSV = "raw.csv"
DATASET = "rows"

_BATCH = 500_000
_FAULTS = 0.003  # share of the rows with each kind of fault
_TEXT = {"float_0": pl.String}  # the column with text among its numbers, which polars alone could not read


def make(folder: Path, rows: int) -> None:
    """Write a CSV of 20 columns, and the configuration of a project that reads it.

    Some rows have text for a number, a number out of range, a gap, or a key that is there already.
    """
    (folder / "conf" / "environments").mkdir(parents=True)
    for name in ("base", "environments/development"):
        (folder / "conf" / f"{name}.yaml").touch()
    dataset = {"source": CSV, "target": "label", "task": "classification", "key": ["row_id"], "columns": schema()}
    (folder / "conf" / "data.yaml").write_text(json.dumps({"datasets": {DATASET: dataset}}), encoding="utf-8")
    random = np.random.default_rng(0)
    with (folder / CSV).open("wb") as file:
        for start in range(0, rows, _BATCH):
            batch = _batch(random, start, min(_BATCH, rows - start))
            batch.write_csv(file, include_header=not start)


def _batch(random: np.random.Generator, start: int, count: int) -> pl.DataFrame:
    key = np.arange(start, start + count)
    key[random.random(count) < _FAULTS] //= 2
    values: dict[str, np.ndarray] = {"row_id": key}
    values |= {f"integer_{i}": random.integers(0, 1_000, count) for i in range(5)}
    values |= {f"float_{i}": random.normal(0, 2, count).round(6) for i in range(10)}
    frame = pl.DataFrame(values).with_columns(
        category=pl.Series(random.integers(0, 20, count)).cast(pl.String).str.zfill(2),
        flag=pl.Series(random.random(count) < 0.5),
        day=pl.date(2020, 1, 1) + pl.duration(days=pl.lit(pl.Series(random.integers(0, 2_000, count)))),
        label=pl.Series(random.random(count) < 0.3).replace_strict({True: "yes", False: "no"}),
    )
    text, outside, gap = (pl.Series(random.random(count) < _FAULTS) for _ in range(3))
    return frame.with_columns(
        pl.when(text).then(pl.lit("unknown")).otherwise(pl.col("float_0").cast(pl.String)).alias("float_0"),
        pl.when(outside).then(-1).otherwise(pl.col("integer_0")).alias("integer_0"),
        pl.when(gap).then(None).otherwise(pl.col("label")).alias("label"),
    )


def schema() -> dict[str, dict[str, object]]:
    """Describe the columns as in conf/data.yaml."""
    columns: dict[str, dict[str, object]] = {"row_id": {"type": "integer", "nullable": False}}
    columns |= {f"integer_{i}": {"type": "integer", "nullable": False, "range": [0, 1_000]} for i in range(5)}
    columns |= {f"float_{i}": {"type": "float", "range": [-50, 50], "clip": [-4, 4]} for i in range(10)}
    columns["category"] = {"type": "category", "allowed": [f"{i:02}" for i in range(20)]}
    columns["flag"] = {"type": "boolean"}
    columns["day"] = {"type": "date", "range": ["2020-01-01", "now"]}
    columns["label"] = {"type": "category", "nullable": False, "allowed": ["no", "yes"]}
    return columns


def eager(folder: Path) -> None:
    """Read all, then write all."""
    pl.read_csv(folder / CSV, schema_overrides=_TEXT).write_parquet(folder / "bare.parquet")


def streaming(folder: Path) -> None:
    """Read and write at the same time."""
    pl.scan_csv(folder / CSV, schema_overrides=_TEXT).sink_parquet(folder / "bare.parquet")


if __name__ == "__main__":
    step, place = sys.argv[1], Path(sys.argv[2])
    if step == "make":
        make(place, int(sys.argv[3]))
    else:
        {"eager": eager, "streaming": streaming}[step](place)
