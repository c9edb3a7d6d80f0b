"""The command `demo run`. Everything heavy is imported inside it, so that `--help` stays quick."""

from __future__ import annotations

from typing import Annotated

import typer

from ..runtime import EnvOption, SetOption, start

app = typer.Typer(help="See what the project does.", no_args_is_help=True)


@app.command("run")
def run_command(
    dataset: Annotated[str, typer.Option("--dataset", help="breast-cancer or diabetes")] = "breast-cancer",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Take sample data to a champion: check, clean, train two algorithms, promote, report."""
    config = start(["logging.level=WARNING", *(overrides or [])], env)
    from ..data.pipeline import chosen_datasets
    from ..models.registry import CHALLENGER
    from ..models.workspace import Workspace
    from .journey import Journey
    from .modelling import clean, decide, measure, train, validate

    chosen_datasets(config, [dataset])
    journey = Journey(config, Workspace.open(config), config.root / "reports" / "demo-main")
    validate(journey, [dataset])
    clean(journey, [dataset])
    train(journey, [dataset], ["baseline", "gradient-boosting"])
    decide(journey, [(dataset, CHALLENGER)])
    measure(journey, [dataset])
    summary = f"The dataset {dataset}, checked, cleaned, learned from and judged."
    page = journey.write("From raw data to a champion", summary)
    typer.echo(f"report: {page.relative_to(config.root)}")
