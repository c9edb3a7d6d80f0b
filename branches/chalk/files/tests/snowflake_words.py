"""Questions of the engine on Ibis as Snowflake is asked them, and answers to them without an account.

Ibis writes each in the words of Snowflake; sqlglot, which knows those, writes what it read in the words of DuckDB.
"""

from __future__ import annotations

import itertools
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import sqlglot
from ibis.backends.sql.compilers.snowflake import SnowflakeCompiler
from ibis.backends.sql.datatypes import SnowflakeType
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

_numbers = itertools.count()
_ROUNDED = (exp.Avg, exp.Div, exp.Stddev, exp.StddevSamp)  # of whole numbers and decimals


class SnowflakeWords:
    """A server that is asked in the words of Snowflake."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        self.columns: dict[str, dict[str, str]] = {}

    def tables(self) -> AbstractContextManager[SnowflakeWords]:
        """Give itself."""
        return nullcontext(self)

    def upload(self, rows: pa.Table) -> Any:
        """Make a table of rows."""
        name = f"uploaded_{next(_numbers)}"
        self.connection.register(name, rows)
        schema = ibis.Schema.from_pyarrow(rows.schema)
        self.columns[name] = {name: str(SnowflakeType.from_ibis(one)) for name, one in schema.items()}
        return ibis.table(schema, name=name)

    def find(self, scan: object) -> None:
        """Find nothing, as a server does whose tables are not known."""

    def fetch(self, expression: Any) -> pa.Table:
        """Ask, where Snowflake is known to have each function and to keep the digits of each result."""
        asked = SnowflakeCompiler().to_sqlglot(expression).sql("snowflake")
        read = sqlglot.parse_one(asked, read="snowflake")
        unknown = sorted({one.name for one in read.find_all(exp.Anonymous)})
        assert not unknown, f"not known of Snowflake: {unknown}\n{asked}"
        rounded = [one.sql("snowflake") for one in self._typed(asked).find_all(*_ROUNDED) if not _is_float(one)]
        assert not rounded, f"rounded to 6 digits or 12, as no operand is a float: {rounded}\n{asked}"
        return self.connection.sql(read.sql("duckdb")).to_arrow_table()

    def _typed(self, asked: str) -> exp.Expression:
        """Say of each part of a question which type Snowflake has for it."""
        read = sqlglot.parse_one(asked, read="snowflake")
        schema = MappingSchema(self.columns, dialect="snowflake", normalize=False)
        return annotate_types(qualify(read, schema=schema, dialect="snowflake"), schema=schema, dialect="snowflake")


def _is_float(one: exp.Expression) -> bool:
    """Say whether an operand is a float, so that the result is one."""
    operands = (one.this, one.expression) if isinstance(one, exp.Div) else (one.this,)
    parts = (part.args["true"] if isinstance(part, exp.If) else part for part in operands)
    return any(part.is_type("double", "float") for part in parts)
