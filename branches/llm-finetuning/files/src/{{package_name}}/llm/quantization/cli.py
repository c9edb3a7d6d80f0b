"""The commands ``llm …`` that make models smaller."""

from __future__ import annotations

from typing import Annotated

import typer

from ...runtime import EnvOption, SetOption
from ..options import DatasetOption, SourceOption, read_settings

app = typer.Typer()


@app.command("quantize")
def quantize(
    checkpoint: Annotated[
        str | None, typer.Argument(metavar="[CHECKPOINT]", help="Such as name@v1.0.0; the latest by default")
    ] = None,
    method: Annotated[str | None, typer.Option("--method", help="int8, int8-dynamic, int4 or int4-dynamic")] = None,
    name: Annotated[str | None, typer.Option("--name", help="The old name with the method by default")] = None,
    documents: SourceOption = None,
    dataset: DatasetOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write a checkpoint's weights in fewer bits, say what that costs, and save it as another."""
    settings = read_settings(documents, None, overrides, env)
    from ..base_model import pick_device
    from ..process import quiet_transformers
    from .methods import find_method
    from .quantizing import save_trial
    from .workflow import open_checkpoints, print_trial, record_trial, start_trials

    quiet_transformers()
    config = settings.config
    chosen = find_method(method or config.quantization.method, pick_device(config.model.device))
    trials = start_trials(settings, checkpoint, dataset, documents)
    trial = trials.run(chosen)
    print_trial(trials.original, trial)
    saved = save_trial(open_checkpoints(settings), trials.original, trial, name)
    record_trial(settings, trials.original, trial, saved.name)
    typer.echo(saved.relative_to(settings.root).as_posix())
