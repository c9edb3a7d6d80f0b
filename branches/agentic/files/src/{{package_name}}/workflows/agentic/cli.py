"""The commands `agents analyse`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

from typing import Annotated

import typer

from ...runtime import EnvOption, SetOption, start

DatasetOption = Annotated[str, typer.Option("--dataset", help="One that `data run` has made")]
IdOption = Annotated[str, typer.Option("--id", metavar="ID", help="Of an earlier one, to go on with it")]


def analyse(
    question: Annotated[str, typer.Argument(help="What is asked about the data, in words")],
    dataset: DatasetOption = "breast-cancer",
    task_id: IdOption = "",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Answer a question about a dataset with a report whose numbers are all computed again.

    Exits with 1 if one does not hold; it is marked.
    """
    from ...agents.opening import project_of
    from .analysis_page import write_analysis
    from .autonomous_analysis import analyse as answer

    project = project_of(start(overrides, env))
    analysis = answer(project, question, dataset, task_id=task_id)
    page = write_analysis(analysis, project.root / "reports" / analysis.task_id)
    typer.echo(analysis.text)
    typer.echo(f"report: {page.relative_to(project.root)}")
    raise typer.Exit(0 if analysis.valid else 1)
