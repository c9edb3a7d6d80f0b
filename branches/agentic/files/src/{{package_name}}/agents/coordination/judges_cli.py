"""The commands `agents judges …`: who was right how often, and what the truth was."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ...runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from ..session import Project
    from .calibration import Standing
    from .judgements import JudgementStore

app = typer.Typer(help="See how often judges were right, and say what was true.", no_args_is_help=True)


@app.command("list")
def list_command(overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False) -> None:
    """Tell how often each judge was right, how sure it was, and what it weighs in a vote on two options."""
    from .calibration import standings

    project, kept = _open(overrides, env)
    fewest, confidence = project.agentic.coordination.calibrated_from, project.agentic.evaluation.confidence
    found = standings(kept.settled(), fewest=fewest, confidence=confidence)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=2))
    elif not found:
        typer.echo("of no judgement the truth is known: `agents judges open` names cases", err=True)
    else:
        print_table([("judge", "model", "right", "of", "interval", "says", "Brier", "weight"), *map(_row, found)])


@app.command("open")
def open_command(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most cases to print")] = 20,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """List cases that were judged and whose truth nobody has told yet, the newest first."""
    found = _open(overrides, env)[1].open(limit)
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
    elif not found:
        typer.echo("there are no open cases: votes of groups make some", err=True)
    else:
        rows = [
            (one.case, f"{one.made:%Y-%m-%d %H:%M}", ", ".join(f"{who}: {said}" for who, said in one.choices.items()))
            for one in found
        ]
        print_table([("case", "judged", "choices"), *rows])


@app.command("settle")
def settle_command(
    case: Annotated[str, typer.Argument(metavar="CASE", help="The id of the run that was a vote")],
    truth: Annotated[str, typer.Argument(metavar="OPTION", help="The option that turned out to be right")],
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Say which option of a case was right. Said again, the last word holds."""
    for one in _open(overrides, env)[1].settle(case, truth):
        typer.echo(f"{one.judge} was {'right' if one.correct else 'wrong'}")


def _open(overrides: list[str] | None, env: str | None) -> tuple[Project, JudgementStore]:
    from ..durability.opening import open_durability
    from ..opening import project_of

    project = project_of(start(overrides, env))
    return project, open_durability(project).judgements


def _row(one: Standing) -> tuple[str, ...]:
    says = "" if one.stated is None else f"{one.stated:.0%}"
    brier = "" if one.brier is None else f"{one.brier:.3f}"
    interval = f"{one.low:.0%} to {one.high:.0%}"
    return one.judge, one.model, str(one.right), str(one.cases), interval, says, brier, f"{one.weight:.2f}"
