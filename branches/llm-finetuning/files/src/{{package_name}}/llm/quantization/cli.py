"""The commands ``llm …`` that make models smaller."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from ...runtime import EnvOption, SetOption
from ..options import DatasetOption, SourceOption, read_settings
from .config import AUTO, MethodName

app = typer.Typer()


@app.command("quantize")
def quantize(
    checkpoint: Annotated[
        str | None, typer.Argument(metavar="[CHECKPOINT]", help="Such as name@v1.0.0; the latest by default")
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", help=f"{', '.join(get_args(MethodName))}, or {AUTO} to try them all")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="The old name with the method by default")] = None,
    documents: SourceOption = None,
    dataset: DatasetOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write a checkpoint's weights in fewer bits, say what that costs, and save it as another."""
    settings = read_settings(documents, None, overrides, env)
    from ..process import quiet_transformers
    from ..training.checkpoint_names import check_name
    from .workflow import find_methods, quantize_checkpoint, start_trials

    quiet_transformers()
    if name:
        check_name(name)
    methods = find_methods(settings, method)
    trials = start_trials(settings, methods, checkpoint, dataset, documents)
    saved = quantize_checkpoint(settings, trials, methods, name)
    typer.echo(saved.relative_to(settings.root).as_posix())
