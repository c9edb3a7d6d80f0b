"""The command ``llm serve``. Everything heavy is imported inside it, so that ``--help`` stays quick."""

from __future__ import annotations

from typing import Annotated

import typer

from ...runtime import EnvOption, SetOption, start

app = typer.Typer()


@app.command("serve")
def serve_command(
    checkpoint: Annotated[
        str | None, typer.Argument(metavar="[CHECKPOINT]", help="Such as name@v1.0.0; the latest by default")
    ] = None,
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
    from .models import Models

    name, _ = Models(config.group("llm", LLMConfig), config.root).facts()
    listens = config.group("api", ApiConfig)
    where = f"at http://{listens.host}:{listens.port}/v1" if listens.port else "on a free port, which the log tells"
    typer.echo(f"{name} is going to be {where}", err=True)
    serve(config, settings)
