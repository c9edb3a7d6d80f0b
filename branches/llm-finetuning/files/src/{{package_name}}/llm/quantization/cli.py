"""The commands ``llm …`` that make models smaller."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from ...runtime import EnvOption, SetOption
from ..options import CheckpointArgument, DatasetOption, SourceOption, read_settings
from .config import AUTO, MethodName

app = typer.Typer()


@app.command("quantize")
def quantize(
    checkpoint: CheckpointArgument = None,
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
    candidates = find_methods(settings, method)
    trials = start_trials(settings, checkpoint, dataset, documents)
    saved = quantize_checkpoint(settings, trials, candidates, name)
    typer.echo(saved.relative_to(settings.root).as_posix())


@app.command("export-gguf")
def export(
    checkpoint: CheckpointArgument = None,
    number_type: Annotated[str, typer.Option("--type", help="f32, f16, bf16 or q8_0")] = "f16",
    output: Annotated[
        Path | None, typer.Option("--output", help="The file; by default named as the checkpoint")
    ] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write a checkpoint as a GGUF file with llama.cpp's converter, and read it again."""
    settings = read_settings(None, None, overrides, env)
    from ..process import quiet_transformers
    from .gguf_export import TYPES, export_gguf, find_converter
    from .quantizing import load_original
    from .workflow import open_checkpoints

    if number_type not in TYPES:
        raise typer.BadParameter(f"give {', '.join(TYPES)}", param_hint="--type")
    quiet_transformers()
    config = settings.config
    converter = find_converter(config.quantization.converter)
    original = load_original(open_checkpoints(settings), checkpoint or config.training.name, config, verb="export")
    target = output or Path(f"{original.label}-{number_type}.gguf")
    count = export_gguf(original, target, number_type, converter)
    typer.echo(f"{target.as_posix()}: {count} tensors, {target.stat().st_size / 1e6:.2f} MB")
