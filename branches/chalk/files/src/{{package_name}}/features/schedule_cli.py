"""The command that runs others by itself."""

from __future__ import annotations

import json
import shlex
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ..plugins import PACKAGE
from ..runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from .schedule_config import TaskConfig
    from .scheduling import Schedule

OnceOption = Annotated[bool, typer.Option("--once", help="Run what is due and end, as cron or a cluster wants it")]
ShowOption = Annotated[bool, typer.Option("--show", help="Run nothing: show what is due when, and how it went")]

_LONGEST = 60.0  # seconds between two looks at the clock


def schedule_command(
    once: OnceOption = False,
    show: ShowOption = False,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Run what features.schedule names, again and again; with --once, ends with 1 if something failed."""
    config = start(overrides, env)
    from .limited import ending_in_order
    from .scheduling import open_schedule, tell_of_failures

    schedule = open_schedule(config)
    if show:
        _show(schedule, as_json=as_json)
        return
    shared = [word for one in overrides or () for word in ("--set", one)] + (["--env", env] if env else [])
    with schedule.locked(), ending_in_order():
        while True:
            codes = schedule.run_due(_now, lambda task: _run(task, shared))
            if codes:
                tell_of_failures(schedule, config, _now())
            if once:
                raise typer.Exit(int(any(codes.values())))
            due = min((at for _, at in schedule.next(_now())), default=None)
            wait = _LONGEST if due is None else (due - _now()).total_seconds()
            time.sleep(min(max(wait, 0.0), _LONGEST))


def _show(schedule: Schedule, *, as_json: bool) -> None:
    runs = schedule.runs()
    rows = [(task.command, due, runs.get(task.command)) for task, due in schedule.next(_now())]
    if as_json:
        told = [{"command": name, "due": due.isoformat(), "code": last and last.code} for name, due, last in rows]
        typer.echo(json.dumps(told, indent=2))
    else:
        lines = [(name, due.isoformat(timespec="minutes"), str(last.code) if last else "") for name, due, last in rows]
        print_table([("command", "due", "ended with"), *lines])


def _run(task: TaskConfig, shared: list[str]) -> int:
    """Run a command of `features`, and give what it ended with: whatever becomes of it, the others run."""
    from .limited import TIMED_OUT, run_limited

    words = [*shlex.split(task.command), *shared]
    typer.echo(f"features {' '.join(words)}", err=True)
    code = run_limited([sys.executable, "-m", PACKAGE, "features", *words], task.limit_hours * 3600)
    if code == TIMED_OUT:
        hint = "let it do less at once, or raise the limit_hours of the task in features.schedule"
        typer.echo(f"error: it was ended after {task.limit_hours:g} hours\nhint: {hint}", err=True)
    return code


def _now() -> datetime:
    return datetime.now(UTC)
