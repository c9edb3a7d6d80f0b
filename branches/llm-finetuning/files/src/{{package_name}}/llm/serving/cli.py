"""The commands that serve and deploy checkpoints. What is heavy is imported inside, so that ``--help`` stays quick."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ...runtime import EnvOption, SetOption, start
from ..options import CheckpointArgument

app = typer.Typer()


@app.command("serve")
def serve_command(
    checkpoint: CheckpointArgument = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0 for a free one")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Serve a checkpoint to OpenAI's clients until Ctrl-C or SIGTERM."""
    given = {"api.host": host, "api.port": port, "llm.serving.checkpoint": checkpoint}
    settings = [*(overrides or []), *(f"{name}={value}" for name, value in given.items() if value is not None)]
    settings += ["api.workers=1", "llm.serving.preload=true"]  # one process has the model, and one batch
    config = start(settings, env)
    from ...api.config import ApiConfig
    from ...api.server import serve
    from ..config import LLMConfig
    from ..models.manager import ModelManager

    name = ModelManager(config.group("llm", LLMConfig), config.root).default()
    listens = config.group("api", ApiConfig)
    where = f"at http://{listens.host}:{listens.port}/v1" if listens.port else "on a free port, which the log tells"
    typer.echo(f"{name} is going to be {where}", err=True)
    serve(config, settings)


@app.command("deploy")
def deploy_command(
    checkpoint: Annotated[str, typer.Option("--checkpoint", help="Such as name@v1.1.0, or its folder")],
    target: Annotated[str, typer.Option("--target", help="local, compose or kubernetes")] = "local",
    url: Annotated[str | None, typer.Option("--url", help="Where a local service is; the configured address")] = None,
    replaces: Annotated[str | None, typer.Option("--replaces", help="The name that it answers to; its own")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, and show what would be done")] = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Put a checkpoint into the service that runs, ask it, and go back if it does not answer."""
    config = start(overrides, env)
    from pathlib import Path

    from ..config import LLMConfig
    from ..models.deploying import check
    from ..models.targets import TARGETS, Deployment
    from ..training.checkpointing import CheckpointManager

    if target not in TARGETS:
        raise typer.BadParameter(f"there are {', '.join(TARGETS)}", param_hint="--target")
    checkpoints = CheckpointManager.of_project(config.root)
    folder = checkpoints.path(Path(checkpoint) if Path(checkpoint).is_dir() else checkpoint)
    facts = check(config.group("llm", LLMConfig), checkpoints, folder, typer.echo)
    deployment = Deployment(config, facts, folder, typer.echo, dry_run)
    if target == "local":
        deployment.to_local(url, replaces)
    else:
        deployment.to_containers(target, env)


@app.command("find-rows")
def find_rows_command(
    checkpoint: Annotated[str, typer.Argument(metavar="CHECKPOINT", help="Such as name@v1.0.0")],
    tokens: Annotated[int, typer.Option("--tokens", min=1, help="Tokens of each prompt")] = 128,
    most_ms: Annotated[float, typer.Option("--most-ms", min=0.1, help="Most ms from one token to the next")] = 100,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Try how many answers are best written at once, and say how to set that."""
    config = start(overrides, env)
    from ...runtime import print_table
    from ..base_model import pick_device, place
    from ..config import LLMConfig
    from ..models.memory import DeviceMemory, gib
    from ..models.rows import RowSearch
    from ..process import quiet_transformers
    from ..training.checkpointing import CheckpointManager

    quiet_transformers()
    settings = config.group("llm", LLMConfig)
    model: Any
    model, _, _ = CheckpointManager.of_project(config.root).load_checkpoint(checkpoint)
    model = model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
    device = pick_device(settings.model.device)
    place(model, device)
    memory = DeviceMemory(device)
    reserve = int(memory.total() * settings.models.reserve_share)
    search = RowSearch(model.eval(), memory, tokens=tokens, most_seconds=most_ms / 1000, reserve=reserve)
    trials = [*search.trials()]
    rows = [[f"{one.rows}", f"{one.speed:.0f}", f"{1000 * one.seconds:.1f}", gib(one.nbytes)] for one in trials]
    print_table([["rows", "tokens/s", "ms a token", "keys and values"], *rows])
    typer.echo(search.reason)
    if trials:
        typer.echo(f"--set llm.serving.rows={trials[-1].rows}")
