"""The commands `agents runs …`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...runtime import EnvOption, JsonOption, SetOption, print_table, start
from ..person import at_terminal

if TYPE_CHECKING:
    from ..session import Project
    from .opening import Durability
    from .runs import Approval, Run

app = typer.Typer(help="See, go on with, fork and end what agents were asked.", no_args_is_help=True)

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Id of a task")]
_GOAL = 60


@app.command("list")
def list_command(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most runs to print")] = 20,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """List runs, the newest first."""
    kept = _open(overrides, env)[1]
    runs = kept.store.runs(most=limit)
    if as_json:
        _print_json([run.model_dump(mode="json", exclude={"result"}) for run in runs])
    elif not runs:
        typer.echo("there are no runs: `agents run` makes some", err=True)
    else:
        print_table([("run", "status", "begun", "goal"), *(_row(run) for run in runs)])


@app.command("show")
def show_command(
    run: RunArgument, overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False
) -> None:
    """Show a run: its steps, what came of it, and what it waits for."""
    kept = _open(overrides, env)[1]
    found = kept.store.get(run)
    waiting = kept.store.approvals(run)
    if as_json:
        approvals = [one.model_dump(mode="json") for one in waiting]
        _print_json({**found.model_dump(mode="json"), "approvals": approvals})
        return
    typer.echo(f"{found.task_id}  {found.status}  {found.created:%Y-%m-%d %H:%M:%S}  {found.task.goal}")
    for line in (found.reason, f"forked from {found.origin}" if found.origin else ""):
        if line:
            typer.echo(line)
    result = found.result
    if result is not None:
        rows = [(str(one.number), one.agent, one.kind, one.name, one.error.partition("\n")[0]) for one in result.steps]
        print_table([("step", "agent", "kind", "name", "error"), *rows])
        typer.echo(f"{result.usage.tokens:,} tokens, {result.usage.cost:.4f} US dollars, {result.usage.seconds:.1f} s")
        typer.echo(result.output if isinstance(result.output, str) else _as_json(result.output))
    _print_waiting(waiting)


@app.command("watch")
def watch_command(run: RunArgument, overrides: SetOption = None, env: EnvOption = None) -> None:
    """Follow a run that others do, until it is over; Ctrl-C leaves it to them. Exits with 1 if it is not done."""
    from ..budget import limits_of
    from ..tasks import Status
    from ..watching import open_watcher
    from .following import follow

    project, kept = _open(overrides, env)
    limits = limits_of(project.agentic.agents.budget, kept.store.get(run).task.limits)
    status = None
    with open_watcher(sys.stderr, limits) as (listener, aside):
        for told in follow(kept.store, run):
            if not isinstance(told, Status):
                listener(told)
                continue
            status = told
            if told is Status.WAITING:
                with aside():
                    _print_waiting(kept.store.approvals(run))
    typer.echo(f"{run} is {status}", err=True)
    raise typer.Exit(0 if status is Status.DONE else 1)


@app.command("history")
def history_command(run: RunArgument, overrides: SetOption = None, env: EnvOption = None) -> None:
    """List the states of a run, from which it can be forked, the last first."""
    from .history import history

    kept = _open(overrides, env)[1]
    kept.store.get(run)
    rows = [
        (one.checkpoint, str(one.number), f"{one.time:%H:%M:%S}", str(one.steps), one.last)
        for one in history(kept, run)
    ]
    print_table([("checkpoint", "number", "time", "steps", "last"), *rows])


@app.command("resume")
def resume_command(
    run: RunArgument, overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False
) -> None:
    """Go on with a run that was broken off, that failed, that waited for an approval, or whose limit is wider now."""
    from ..budget import how_to_go_on
    from .running import resume

    project, kept = _open(overrides, env)
    result = resume(run, project)
    hint = how_to_go_on(project.agentic.agents.budget, kept.store.get(run).task.limits, result)
    if as_json:
        _print_json(result.model_dump(mode="json"))
        return
    typer.echo(f"{result.status}  {result.reason}".rstrip(), err=True)
    if hint:
        typer.echo(hint, err=True)
    typer.echo(result.output if isinstance(result.output, str) else _as_json(result.output))


@app.command("fork")
def fork_command(
    run: RunArgument,
    checkpoint: Annotated[
        str, typer.Option("--at", metavar="CHECKPOINT", help="One of `history`; the last by default")
    ] = "",
    new_id: Annotated[str, typer.Option("--id", metavar="RUN", help="Id of the new run")] = "",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Make a new run that goes on from an earlier state of another; prints its id."""
    from .history import fork

    made = fork(_open(overrides, env)[1], run, checkpoint=checkpoint, new_id=new_id)
    typer.echo(made.task_id)
    typer.echo(f"`agents runs resume {made.task_id}` goes on with it", err=True)


@app.command("cancel")
def cancel_command(run: RunArgument, overrides: SetOption = None, env: EnvOption = None) -> None:
    """End a run, wherever it is at work."""
    found = _open(overrides, env)[1].store.cancel(run, at_terminal())
    typer.echo(f"{run} is told to stop" if not found.status.ended else f"{run} is {found.status}", err=True)


@app.command("approvals")
def approvals_command(overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False) -> None:
    """List the calls that wait for a person."""
    waiting = _open(overrides, env)[1].store.approvals()
    if as_json:
        _print_json([one.model_dump(mode="json") for one in waiting])
    elif waiting:
        _print_waiting(waiting)
    else:
        typer.echo("nothing waits for an approval", err=True)


@app.command("approve")
def approve_command(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Key of the approval, or how it begins")],
    no: Annotated[bool, typer.Option("--no", help="Refuse it")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; the agent is told")] = "",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Allow a call that waits, or refuse it. The run goes on by itself where workers are, else by `resume`."""
    from ..jobs.queue import open_queue
    from ..session import Decision
    from .errors import DurabilityError

    project, kept = _open(overrides, env)
    found = [one for one in kept.store.approvals() if one.request.key.startswith(key)]
    if len(found) != 1:
        message = f"{len(found) or 'no'} approvals that wait begin with {key!r}"
        raise DurabilityError(message, hint="`agents runs approvals` lists them")
    request, run = found[0].request, found[0].run_id
    kept.store.decide(request.key, Decision(approved=not no, by=at_terminal(), reason=reason))
    queued = open_queue(project).wake(run)
    hint = "a worker goes on with it" if queued else f"`agents runs resume {run}` goes on with the run"
    typer.echo(f"{request.tool} is {'refused' if no else 'approved'}: {hint}", err=True)


@app.command("export")
def export_command(
    run: RunArgument,
    to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Write there, not to standard output")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write all that is kept of a run as lines of JSON: the run, its approvals, and its events."""
    from .export import lines_of

    lines = lines_of(_open(overrides, env)[1], run)
    if to is None:
        for line in lines:
            typer.echo(line)
        return
    with to.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


@app.command("drop")
def drop_command(overrides: SetOption = None, env: EnvOption = None) -> None:
    """Forget the runs that ended longer ago than `agentic.durability.keep_days`, as the service does each day."""
    from datetime import UTC, datetime, timedelta

    from .errors import DurabilityError

    project, kept = _open(overrides, env)
    days = project.agentic.durability.keep_days
    if days is None:
        hint = "name days: --set agentic.durability.keep_days=30"
        raise DurabilityError("agentic.durability.keep_days is null, which keeps all runs", hint=hint)
    dropped = kept.drop_old(datetime.now(UTC) - timedelta(days=days))
    typer.echo(f"{dropped} runs were dropped", err=True)


def _open(overrides: list[str] | None, env: str | None) -> tuple[Project, Durability]:
    config = start(overrides, env)
    from ..opening import project_of
    from .opening import open_durability

    project = project_of(config)
    return project, open_durability(project)


def _row(run: Run) -> tuple[str, str, str, str]:
    goal = run.task.goal.replace("\n", " ")
    shown = goal if len(goal) <= _GOAL else f"{goal[: _GOAL - 1]}…"
    return run.task_id, str(run.status), f"{run.created:%Y-%m-%d %H:%M}", shown


def _print_waiting(waiting: list[Approval]) -> None:
    from ..safety.approvals import describe

    for one in waiting:
        key = one.request.key[:12]
        typer.echo(f"waits: {describe(one.request)}")
        typer.echo(f"  `agents runs approve {key}` allows it, until {one.expires:%Y-%m-%d %H:%M:%S} UTC")


def _print_json(value: object) -> None:
    typer.echo(_as_json(value, indent=2))


def _as_json(value: object, indent: int | None = None) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, indent=indent)
