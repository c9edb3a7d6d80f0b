"""The commands `agents safety …` and `agents audit …`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...runtime import EnvOption, JsonOption, SetOption, print_table, start
from ..errors import AgentError
from ..person import at_terminal

if TYPE_CHECKING:
    from .audit import AuditLog
    from .kill_switch import KillSwitch

app = typer.Typer(help="Stop agents, and measure what holds them.", no_args_is_help=True)
audit_app = typer.Typer(help="Read and check the audit log.", no_args_is_help=True)


@app.command("stop")
def stop(
    reason: Annotated[str, typer.Option("--reason", help="Told to agents, and to who asks why")] = "by command",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Stop all agents of the project: no tool is called and no task begins until they are released."""
    switch, log = _open(overrides, env)
    stopped = switch.throw(at_terminal(), reason)
    log.append("stopped", {"by": stopped.by, "reason": stopped.reason}, durable=True)
    typer.echo(f"stopped by {stopped.by}: {stopped.reason}")


@app.command("release")
def release(overrides: SetOption = None, env: EnvOption = None) -> None:
    """Let agents work again."""
    switch, log = _open(overrides, env)
    stopped = switch.release()
    if stopped is None:
        typer.echo("agents were not stopped", err=True)
        return
    log.append("released", {"by": at_terminal(), "reason": stopped.reason}, durable=True)
    typer.echo(f"released; stopped by {stopped.by}: {stopped.reason}")


@app.command("test")
def test(
    cases: Annotated[Path | None, typer.Option("--cases", help="A file of cases in place of those that ship")] = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Drive a model that obeys injected instructions through many of them, and see what the policy lets happen."""
    from tempfile import TemporaryDirectory

    from ..opening import find_project
    from ..session import Project
    from .injections import CASES, LEAST_DONE, measure, read_cases
    from .opening import open_gate

    found = find_project(env, overrides or ())
    with TemporaryDirectory() as folder:
        project = Project(Path(folder), found.environment, found.agentic)
        report = measure(read_cases(cases or CASES), project, open_gate(found.agentic, Path(folder)))
    if as_json:
        typer.echo(json.dumps(report.model_dump(mode="json") | {"done": report.done}, indent=2))
    else:
        typer.echo(f"{report.cases} injections: {len(report.effects)} of the calls that they asked for were made")
        typer.echo(f"{report.done:.1%} of their harmless twins were done")
        typer.echo(f"a person would have been asked {report.asked} times")
    if report.effects:
        hint = "agentic.safety says what is allowed"
        raise AgentError(f"injected calls were made: {', '.join(report.effects[:10])}", hint=hint)
    if report.done < LEAST_DONE:
        hint = "agentic.safety denies too much for tasks without a person"
        raise AgentError(f"harmless tasks were not done: {', '.join(report.undone[:10])}", hint=hint)


@audit_app.command("verify")
def verify(
    head: Annotated[str, typer.Option("--head", help="A head that was noted earlier, and must still be there")] = "",
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Check that no record was changed, taken out or put in, and print the head to note in another place."""
    _, log = _open(overrides, env)
    found = log.verify()
    if as_json:
        fault = None if found.fault is None else {"line": found.fault.line, "reason": found.fault.reason}
        typer.echo(json.dumps({"records": found.records, "head": found.head, "fault": fault}, indent=2))
    if found.fault is not None:
        hint = f"{found.records} records before it hang together; keep the file as evidence"
        raise AgentError(f"{log.path}, line {found.fault.line}: {found.fault.reason}", hint=hint)
    if head and not log.holds(head):
        hint = "records were cut off at the end, or all were written anew; keep the file as evidence"
        raise AgentError(f"{log.path} does not hold the head {head}", hint=hint)
    if not as_json:
        typer.echo(f"{found.records} records hang together; head {found.head}")


@audit_app.command("show")
def show(
    task: Annotated[str, typer.Option("--task", help="Of this task only")] = "",
    last: Annotated[int, typer.Option("--last", min=0, help="How many; 0 for all")] = 20,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Print records, the newest last."""
    _, log = _open(overrides, env)
    records = [one for one in log.records() if task in ("", one.task_id)][-last:]
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in records], indent=2, ensure_ascii=False))
    elif records:
        print_table(
            [
                (
                    str(one.number),
                    f"{one.time:%Y-%m-%d %H:%M:%S}",
                    one.kind,
                    one.task_id[:12],
                    one.agent,
                    json.dumps(one.data, ensure_ascii=False)[:100],
                )
                for one in records
            ]
        )
    else:
        typer.echo("nothing is on record", err=True)


def _open(overrides: list[str] | None, env: str | None) -> tuple[KillSwitch, AuditLog]:
    from ..config import AgenticConfig
    from .opening import open_audit, open_kill_switch

    loaded = start(overrides, env)
    config = loaded.group("agentic", AgenticConfig)
    root: Path = loaded.root
    return open_kill_switch(config, root), open_audit(config, root)
