"""The tool `code_execution`: Python that a model wrote, in the sandbox. Off unless the configuration says otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, JsonValue

from ...config import Config
from ..config import AgenticConfig
from ..errors import AgentError
from .queries import Bounds, connect, plain
from .sources import Source, find_source
from .spec import Effect, Tool, ToolContext, ToolOutput, tool

if TYPE_CHECKING:
    import pyarrow

_MOST_CODE = 50_000
_MOST_SHOWN = 20
_GRACE = 15

Code = Annotated[
    str, Field(description="Python; the value of its last expression is given back", max_length=_MOST_CODE)
]
Datasets = Annotated[
    list[str] | None, Field(description="Datasets or files; the code finds each in the dictionary `frames` by its name")
]


def make_code_execution(config: Config) -> Tool:
    """Make the tool.

    Raises
    ------
    AgentError
        If the configuration does not enable it.
    """
    agentic = config.group("agentic", AgenticConfig)
    limits = agentic.tools
    if not limits.enable_code_execution:
        raise AgentError("code execution is switched off", hint="agentic.tools.enable_code_execution switches it on")

    def code_execution(code: Code, context: ToolContext, datasets: Datasets = None) -> ToolOutput:
        """Run Python without network and files, on data frames that it is given.

        What it prints, the value of its last expression, the data frames that it puts into `frames` and the figures
        that it leaves open come back. It keeps nothing from one call to the next.
        """
        from ..sandbox import SandboxSettings, run_code

        sources = {name: find_source(name, config, context) for name in datasets or ()}
        bounds = Bounds(limits.max_rows, limits.query_memory_mb, limits.query_seconds, context.cancelled)
        frames = {name: _read(source, bounds) for name, source in sources.items()}
        settings = SandboxSettings.of(agentic)
        result = run_code(code, frames=frames, settings=settings, cancelled=context.cancelled)
        told: dict[str, JsonValue] = {"ended": result.ended, "isolation": result.tier}
        said = {"printed": result.stdout, "warned": result.stderr, "value": result.value, "error": result.error}
        told |= {name: value for name, value in said.items() if value not in ("", None)}
        files = [_keep(plot, context, number) for number, plot in enumerate(result.plots, start=1)]
        told |= {"plots": [file.name for file in files]} if files else {}
        shown: dict[str, JsonValue] = {}
        for name, frame in result.frames.items():
            file = _save(frame, context, len(files) + 1)
            files.append(file)
            shown[name] = _describe(frame, file)
        told |= {"frames": shown} if shown else {}
        # The code saw the data: what it gives may repeat any text of it.
        return ToolOutput(told, files=tuple(files), tainted=not all(one.closed for one in sources.values()))

    timeout = limits.sandbox_timeout + _GRACE
    return tool(Effect.WRITE, honours_key=True, timeout=timeout)(code_execution)


def _read(source: Source, bounds: Bounds) -> pyarrow.Table:
    with connect(source, bounds) as connection:
        return connection.table("FROM data")


def _keep(plot: bytes, context: ToolContext, number: int) -> Path:
    file = Path(f"code-{context.key[:10]}-{number}.png")
    (context.work / file).write_bytes(plot)
    return file


def _save(frame: pyarrow.Table, context: ToolContext, number: int) -> Path:
    from pyarrow import parquet

    file = Path(f"code-{context.key[:10]}-{number}.parquet")
    parquet.write_table(frame, context.work / file)
    return file


def _describe(frame: pyarrow.Table, file: Path) -> dict[str, JsonValue]:
    """Tell a frame by its size and its first rows."""
    rows = [{str(name): plain(value) for name, value in row.items()} for row in frame.slice(0, _MOST_SHOWN).to_pylist()]
    return {"file": file.name, "rows": frame.num_rows, "columns": list(frame.column_names), "first": [*rows]}
