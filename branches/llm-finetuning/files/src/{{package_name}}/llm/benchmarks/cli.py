"""The command ``llm benchmark``. Everything heavy is imported inside it, so that ``--help`` stays quick."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from ...runtime import EnvOption, JsonOption, SetOption
from ..options import SourceOption, read_settings
from .config import Backend

app = typer.Typer()

_NAMES = ", ".join(get_args(Backend))


@app.command("benchmark")
def benchmark(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CHECKPOINT]…", help="What the first is held against; base for the base model"),
    ] = None,
    url: Annotated[list[str] | None, typer.Option("--url", help="OpenAI-compatible address of a service")] = None,
    served: Annotated[str, typer.Option("--model", help="What the model behind --url is called")] = "",
    backend: Annotated[
        list[str] | None,
        typer.Option("--backend", help=f"What serves the first checkpoint, the others by the first: {_NAMES}"),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Ask more, and watch memory for longer")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Do not fail where it is slower, and hold later runs to this one")
    ] = False,
    documents: SourceOption = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Measure how fast models answer, alone and under load; end with 1 if that is slower than in the last run."""
    settings = read_settings(documents, None, overrides, env)
    from .workflow import BASE, Request, find_backend, run_benchmark

    chosen = tuple(models or ((settings.config.training.name, BASE) if not url else ()))
    backends = tuple(find_backend(name) for name in backend or settings.config.benchmarks.backends)
    request = Request(chosen, tuple(url or ()), served, backends, full)
    report = run_benchmark(settings, request, accept=accept, as_json=as_json)
    if report.regressions and not accept:
        raise typer.Exit(1)
