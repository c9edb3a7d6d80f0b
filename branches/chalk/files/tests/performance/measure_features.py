"""Joins at points in time: beside SQL by hand and pandas, on the same rows and one after the other."""

from __future__ import annotations

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from measuring import Figure, run

QUESTIONS = 1_000_000
ROWS = 5_000_000
KEYS = 100_000
MOST_OVER_SQL = 1.3
LEAST_OVER_PANDAS = 10
MOST_OVER_ONE = 3
MOST_MEBIBYTES = 4_096

# Times are drawn from 90 days.
_MAKE = """
import duckdb, sys
questions, rows, keys = map(int, sys.argv[1:4])
with duckdb.connect() as connection:
    connection.execute("SET TimeZone = 'UTC'")
    for name, many, seed, time, more in (
        ("spine", questions, 1, "event_time", ""), ("rows", rows, 9, "at", ", (hash(i + 3) % 10000) / 100.0 AS amount")
    ):
        moment = f"make_timestamptz((1700000000000000 + hash(i * {seed} + 1) % 7776000000000)::BIGINT)"
        columns = f"(hash(i * {seed}) % {keys})::BIGINT AS id, {moment} AS '{time}'{more}"
        connection.execute(f"COPY (SELECT {columns} FROM range({many}) t(i)) TO '{name}.parquet'")
"""
_OURS = """
import sys, time
from datetime import timedelta
from pathlib import Path
import pyarrow.parquet as pq
from PACKAGE.features.definitions import Aggregate, Entity, FeatureSet, Kind, Latest, Source, Window
from PACKAGE.features.engines.duckdb_engine import DuckDBEngine
from PACKAGE.features.sources import SourceReader
spine = pq.read_table("spine.parquet")
source = Source("rows", "rows.parquet", "id", "at", {"amount": Kind.FLOAT})
many = int(sys.argv[1])
spans = [timedelta(days=30 - 3 * place) for place in range(many)]
features = [Window(f"f{place}", source, Aggregate.SUM, span, "amount") for place, span in enumerate(spans)]
features = features or [Latest("last", source["amount"])]
sets = [FeatureSet("entity", Entity("entity", "id", Kind.INTEGER), features)]
started = time.perf_counter()
found = DuckDBEngine("4GB", spill=Path("spill")).point_in_time(spine, sets, SourceReader(Path.cwd()))
Path(sys.argv[2]).write_text(f"{time.perf_counter() - started} {found.num_rows}")
"""
_SQL = """
import sys, time
from pathlib import Path
import duckdb
import pyarrow.parquet as pq
spine = pq.read_table("spine.parquet")
started = time.perf_counter()
with duckdb.connect() as connection:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET memory_limit = '4GB'")
    found = connection.sql('''
        SELECT * FROM (
            SELECT id, moment, asked, SUM(amount) OVER (
                PARTITION BY id ORDER BY moment RANGE BETWEEN INTERVAL 30 DAYS PRECEDING AND CURRENT ROW
            ) AS spend
            FROM (
                SELECT id, "at" AS moment, amount, FALSE AS asked FROM 'rows.parquet'
                UNION ALL SELECT id, event_time, NULL, TRUE FROM spine
            )
        ) WHERE asked''').to_arrow_table()
Path(sys.argv[2]).write_text(f"{time.perf_counter() - started} {found.num_rows}")
"""
# Of rows of one time the last one counts, as in features.
_LATEST_SQL = """
import sys, time
from pathlib import Path
import duckdb
import pyarrow.parquet as pq
spine = pq.read_table("spine.parquet")
started = time.perf_counter()
with duckdb.connect() as connection:
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET memory_limit = '4GB'")
    found = connection.sql('''
        SELECT spine.*, seen.last.amount AS amount FROM spine ASOF LEFT JOIN (
            SELECT id, "at", arg_max({'amount': amount}, file_row_number) AS last
            FROM read_parquet('rows.parquet', file_row_number = true) GROUP BY ALL
        ) seen ON spine.id = seen.id AND spine.event_time >= seen."at"''').to_arrow_table()
Path(sys.argv[2]).write_text(f"{time.perf_counter() - started} {found.num_rows}")
"""
# As a store that keeps every row would: all rows of the entity, and of them those that count for the question.
_PAIRS = """
import sys, time
from pathlib import Path
import pandas as pd
spine = pd.read_parquet("spine.parquet")
started = time.perf_counter()
spine = spine.reset_index(names="question")
pairs = spine.merge(pd.read_parquet("rows.parquet"), on="id")
"""
_PANDAS = """
seen = pairs[(pairs["at"] <= pairs["event_time"]) & (pairs["at"] > pairs["event_time"] - pd.Timedelta(days=30))]
spend = seen.groupby("question")["amount"].sum(min_count=1)
found = spine.join(spend, on="question").drop_duplicates("question")
Path(sys.argv[2]).write_text(f"{time.perf_counter() - started} {len(found)}")
"""
_LATEST_PANDAS = """
seen = pairs[pairs["at"] <= pairs["event_time"]]
last = seen.sort_values("at", kind="stable").drop_duplicates("question", keep="last").set_index("question")["amount"]
found = spine.join(last, on="question")
Path(sys.argv[2]).write_text(f"{time.perf_counter() - started} {len(found)}")
"""


def measure(_options: Namespace, package: str) -> list[Figure]:
    """Time what processes do, the reading of rows with it, without their start and the reading of questions."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run([sys.executable, "-c", _MAKE, str(QUESTIONS), str(ROWS), str(KEYS)], folder)
        seconds: dict[str, float] = {}
        mebibytes = 0.0
        for what, code, many in (
            ("ours", _OURS, 1),
            ("sql", _SQL, 1),
            ("ten", _OURS, 10),
            ("latest", _OURS, 0),
            ("latest sql", _LATEST_SQL, 0),
            ("pandas", _PAIRS + _PANDAS, 1),
            ("latest pandas", _PAIRS + _LATEST_PANDAS, 0),
        ):
            script = code.replace("PACKAGE", package)
            usage = run([sys.executable, "-c", script, str(many), folder / what], folder)
            taken, rows = (folder / what).read_text(encoding="utf-8").split()
            if int(rows) != QUESTIONS:
                sys.exit(f"{what}: {rows} rows for {QUESTIONS} questions")
            seconds[what] = float(taken)
            mebibytes = max(mebibytes, usage.mebibytes if code is _OURS else 0.0)
    ours = seconds["ours"]
    return [
        Figure("features: 30-day sum, and SQL by hand", ours, "s", seconds["sql"], MOST_OVER_SQL, relative=True),
        Figure("  pandas over it", seconds["pandas"] / ours, "x"),
        Figure(
            "features: last value, and SQL by hand",
            seconds["latest"],
            "s",
            seconds["latest sql"],
            MOST_OVER_SQL,
            relative=True,
        ),
        Figure(
            "  pandas over it",
            seconds["latest pandas"] / seconds["latest"],
            "x",
            target=LEAST_OVER_PANDAS,
            better="above",
        ),
        Figure("features: ten windows, over one", seconds["ten"] / ours, "x", target=MOST_OVER_ONE),
        Figure("  memory", mebibytes, "MiB", target=MOST_MEBIBYTES),
    ]
