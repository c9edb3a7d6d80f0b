"""The command `demo-comprehensive run`. Everything heavy is imported inside it, so that `--help` stays quick."""

from __future__ import annotations

from typing import Annotated

import typer

from ..runtime import EnvOption, SetOption, start

app = typer.Typer(help="See all that the project does, from raw data to retraining.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """See all that the project does, from raw data to retraining."""


@app.command("run")
def run_command(
    trials: Annotated[int, typer.Option("--trials", min=1, help="Of the search for parameters")] = 8,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Validate, clean, train, tune, promote, serve, shift the inputs, detect drift, train anew, report."""
    config = start(["logging.level=WARNING", *(overrides or [])], env)
    from ..models.registry import CHALLENGER
    from ..models.workspace import Workspace
    from . import modelling, service
    from .journey import CLASSIFICATION, REGRESSION, Journey

    both = (CLASSIFICATION, REGRESSION)
    journey = Journey(config, Workspace.open(config), config.root / "reports" / "demo-main-comprehensive")
    modelling.validate(journey, both)
    modelling.clean(journey, both)
    modelling.train(journey, both)
    modelling.tune_best(journey, CLASSIFICATION, "logistic", trials)
    modelling.decide(journey, [(name, CHALLENGER) for name in both])
    modelling.measure(journey, both)
    with service.served(journey) as client:
        service.predict(journey, client, CLASSIFICATION)
        begun = service.shift(journey, client, CLASSIFICATION)
    service.watch(journey, CLASSIFICATION, begun)
    summary = "Two datasets with planted faults: checked, cleaned, learned from, served, watched and learned anew."
    page = journey.write("From raw data to a model that is watched", summary)
    typer.echo(f"report: {page.relative_to(config.root)}")
