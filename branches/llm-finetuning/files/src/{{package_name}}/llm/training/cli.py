"""The commands ``checkpoints …``. Everything heavy is imported inside them, so that ``--help`` stays quick."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...runtime import EnvOption, JsonOption, SetOption, print_table, start
from .checkpoint_names import label_of

if TYPE_CHECKING:
    from .checkpointing import CheckpointManager

app = typer.Typer(help="List, check, merge, export and import checkpoints.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(help="Such as name, name@v1.0.0 or name@^1.0")]
FolderOption = Annotated[
    Path | None, typer.Option("--folder", help="Where the checkpoints are; the project's by default")
]


@app.command("list")
def list_command(
    folder: FolderOption = None, overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False
) -> None:
    """List the checkpoints."""
    manager = _manager(folder, overrides, env)
    known = manager.list()
    facts = [manager.metadata(one.path) for one in known]
    if as_json:
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
    elif not known:
        typer.echo("there are no checkpoints: `llm train` makes one", err=True)
    else:
        rows = [
            (str(one), fact["kind"], fact["base_model"] or "", fact["created_at"])
            for one, fact in zip(known, facts, strict=True)
        ]
        print_table([("checkpoint", "kind", "base model", "created"), *rows])


@app.command("show")
def show_command(
    checkpoint: Reference, folder: FolderOption = None, overrides: SetOption = None, env: EnvOption = None
) -> None:
    """Print the metadata of a checkpoint as JSON."""
    facts = _manager(folder, overrides, env).metadata(checkpoint)
    typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))


@app.command("verify")
def verify_command(
    checkpoint: Reference, folder: FolderOption = None, overrides: SetOption = None, env: EnvOption = None
) -> None:
    """Check that a checkpoint is as it was saved, and its base model the one that it was trained on."""
    facts = _manager(folder, overrides, env).verify(checkpoint)
    typer.echo(f"{label_of(facts)} is as it was saved")


@app.command("export")
def export_command(
    checkpoint: Reference,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="model_v<version>.zip by default")] = None,
    folder: FolderOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write a checkpoint as one zip."""
    typer.echo(str(_manager(folder, overrides, env).export(checkpoint, output)))


@app.command("import")
def import_command(
    source: Annotated[Path, typer.Argument(metavar="ZIP", help="A zip that `checkpoints export` made")],
    smoke_test: Annotated[
        bool, typer.Option("--smoke-test", help="Refuse a model that can't answer the prompts that it holds")
    ] = False,
    version: Annotated[str | None, typer.Option("--version", help="Such as 1.1.0, where its own is taken")] = None,
    folder: FolderOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Check a zip, and make a checkpoint of it under the name and version that it holds."""
    config = start(overrides, env)
    from ..config import LLMConfig
    from .checkpointing import CheckpointManager

    manager = CheckpointManager(folder) if folder else CheckpointManager.of_project(config.root)

    def ask(checkpoint: Path) -> None:
        from ..process import quiet_transformers
        from .golden import smoke_test

        quiet_transformers()
        question, answer = smoke_test(manager, checkpoint, config.group("llm", LLMConfig).model.device)[0]
        typer.echo(f"{question} {answer}", err=True)

    importing = CheckpointManager(manager.root, ask if smoke_test else None)
    typer.echo(importing.import_zip(source, version=version).name)


@app.command("merge")
def merge_command(
    checkpoint: Reference,
    name: Annotated[str | None, typer.Option("--name", help="The old name with -merged by default")] = None,
    folder: FolderOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Put an adapter into its base model, after the merged model has answered golden prompts like the two."""
    manager = _manager(folder, overrides, env)
    from ..process import quiet_transformers
    from .merging import merge_checkpoint

    quiet_transformers()
    merge = merge_checkpoint(manager, checkpoint, name)
    told = f"same answers to {merge.prompts} golden prompts, logits apart by {merge.largest_difference:.1e} at most"
    typer.echo(told, err=True)
    typer.echo(merge.path.name)


def _manager(folder: Path | None, overrides: list[str] | None, env: str | None) -> CheckpointManager:
    root = start(overrides, env).root
    from .checkpointing import CheckpointManager

    return CheckpointManager(folder) if folder else CheckpointManager.of_project(root)
