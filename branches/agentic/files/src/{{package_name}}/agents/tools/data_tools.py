"""The tool `data_analyzer`: what a dataset holds, the answer to a query, a picture."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from ...config import Config
from ..config import AgenticConfig
from ..errors import VouchedError
from .plots import Plot, draw
from .profiles import profile, shown_values
from .queries import Bounds, Rows, connect
from .sources import find_source
from .spec import Effect, Tool, ToolContext, ToolOutput, tool

Dataset = Annotated[str, Field(description="A dataset of conf/data.yaml, or a file of the data or the task's folder")]
Sql = Annotated[
    str,
    Field(description="One SELECT of DuckDB over the table `data`. A plot may draw what it gives", max_length=20_000),
]


def make_data_analyzer(config: Config) -> Tool:
    """Make the tool for the datasets and the limits of a configuration."""
    limits = config.group("agentic", AgenticConfig).tools

    def data_analyzer(
        action: Literal["profile", "query", "plot"],
        dataset: Dataset,
        context: ToolContext,
        sql: Sql = "",
        plot: Plot | None = None,
    ) -> ToolOutput:
        """Look at data. It never changes any.

        `profile` tells the columns with their types, ranges and gaps. `query` answers SQL; the rows of a dataset have
        the column `split`. `plot` draws a picture, and gives its file.
        """
        source = find_source(dataset, config, context)
        bounds = Bounds(limits.max_rows, limits.query_memory_mb, limits.query_seconds, context.cancelled)
        with connect(source, bounds) as connection:
            if action == "profile":
                found = profile(connection, source)
                return ToolOutput(found, tainted=source.taints(shown_values(found)))
            if action == "query":
                if not sql:
                    raise VouchedError("a query needs sql", hint="such as SELECT count(*) FROM data")
                rows = connection.ask(sql)
                tainted = source.names_data(rows.columns, sql) or source.taints(rows.rows, sql)
                return ToolOutput(_answer(rows), tainted=tainted)
            if plot is None:
                raise VouchedError("a plot needs plot", hint='such as {"kind": "histogram", "x": "age"}')
            path, told = draw(connection, plot, sql, source, context.work)
            return ToolOutput(told, files=(path.relative_to(context.work),), tainted=not source.vouched)

    return tool(Effect.READ)(data_analyzer)


def _answer(rows: Rows) -> dict[str, JsonValue]:
    answer: dict[str, JsonValue] = {
        "columns": list(rows.columns),
        "rows": [list(row) for row in rows.rows],
        "row_count": len(rows.rows),
    }
    if rows.cut:
        answer["note"] = f"there are more than these {len(rows.rows)} rows: aggregate, or narrow the query"
    return answer
