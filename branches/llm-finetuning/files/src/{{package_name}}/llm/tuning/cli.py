"""The command ``llm tune``. Everything heavy is imported inside it, so that ``--help`` stays quick."""

from __future__ import annotations

from typing import Annotated

import typer

from ...runtime import EnvOption, JsonOption, SetOption
from ..options import CheckpointArgument, SourceOption, read_settings

app = typer.Typer()


@app.command("tune")
def tune_command(
    checkpoint: CheckpointArgument = None,
    clients: Annotated[int | None, typer.Option("--clients", min=1, help="Clients that ask at the same time")] = None,
    p95: Annotated[
        float | None, typer.Option("--p95-ms", min=0, help="Most milliseconds of 95 % of the answers; 0 for no limit")
    ] = None,
    documents: SourceOption = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Search for the settings of serving that give most tokens a second on this machine."""
    given = {"llm.benchmarks.clients": clients, "llm.tuning.p95_ms": p95}
    words = [f"{name}={value}" for name, value in given.items() if value is not None]
    settings = read_settings(documents, None, [*(overrides or []), *words], env)
    from .workflow import tune

    tune(settings, checkpoint, as_json=as_json)
