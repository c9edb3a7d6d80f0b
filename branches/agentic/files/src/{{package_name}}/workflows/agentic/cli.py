"""The commands of workflows: `agents analyse`, `train`, `improve`, `demo`. What is heavy is imported inside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ...runtime import EnvOption, SetOption, start

if TYPE_CHECKING:
    from .crew import Ending

DatasetOption = Annotated[str, typer.Option("--dataset", help="One that `data run` has made")]
IdOption = Annotated[str, typer.Option("--id", metavar="ID", help="Of an earlier one, to go on with it")]


def tell_ending(ending: Ending) -> None:
    """Tell why a workflow is not done, if it is not, and exit with 1 then."""
    if not ending:
        typer.echo(str(ending), err=True)
        raise typer.Exit(1)


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
    tell_ending(analysis.ending)
    raise typer.Exit(0 if analysis.valid else 1)


def train(
    dataset: Annotated[str, typer.Argument(help="One that `data run` has made")] = "breast-cancer",
    task_id: IdOption = "",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Have agents propose, train, criticise and vote; the promotion gate decides whether the choice is the champion."""
    from ...agents.opening import project_of
    from .multi_agent_training import train_together
    from .training_page import verdict, write_training

    project = project_of(start(overrides, env))
    training = train_together(project, dataset, task_id=task_id)
    page = write_training(training, project.root / "reports" / training.task_id)
    for line in (line for vote in training.rounds for line in vote.transcript):
        typer.echo(f"  {line}")
    typer.echo(verdict(training))
    typer.echo(f"report: {page.relative_to(project.root)}")
    tell_ending(training.ending)


def improve(
    model: Annotated[str, typer.Argument(help="A model that is served")] = "breast-cancer",
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Look at predictions from then on, such as 7d")
    ] = "",
    task_id: IdOption = "",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Look whether a model still fits what it is asked; if not, have it trained anew, and remember what that taught."""
    from ...agents.opening import project_of
    from .continuous_improvement import improve as look_after
    from .continuous_improvement import verdict
    from .improvement_page import write_improvement

    project = project_of(start(overrides, env))
    improved = look_after(project, model, since=since, task_id=task_id)
    page = write_improvement(improved, project.root / "reports" / improved.task_id)
    for lesson in improved.recalled:
        typer.echo(f"  remembered: {lesson}")
    typer.echo(verdict(improved))
    if improved.lesson:
        typer.echo(f"  learned: {improved.lesson}")
    typer.echo(f"report: {page.relative_to(project.root)}")
    tell_ending(improved.ending)


def demo(overrides: SetOption = None, env: EnvOption = None) -> None:
    """See agents at work on real data: a question answered, a model voted for, served, and improved when it drifts."""
    config = start(["logging.level=ERROR", *(overrides or [])], env)
    from ...agents.models.factory import describe_model
    from ...agents.opening import project_of
    from .demo import show

    typer.echo(f"model: {describe_model(project_of(config))}")
    page = show(config)
    typer.echo(f"report: {page.relative_to(config.root)}")
