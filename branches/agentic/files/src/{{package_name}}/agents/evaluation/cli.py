"""The commands `agents evaluate …`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...runtime import EnvOption, JsonOption, SetOption, print_table, start
from ..errors import AgentError
from .config import ATTACK, BENCHMARK

if TYPE_CHECKING:
    from ..session import Project
    from .attacked import Measured
    from .compare import Comparison
    from .reports import Estimate, Report
    from .suite import Suite

app = typer.Typer(help="Measure agents on suites of tasks, and notice when they get worse.", no_args_is_help=True)

ReportArgument = Annotated[Path, typer.Argument(metavar="REPORT", help="A file that `run` wrote")]


@app.command("list")
def list_suites(overrides: SetOption = None, env: EnvOption = None) -> None:
    """Name the suites of the project."""
    from .suite import read_suite

    folder = _folder(_project(overrides, env))
    suites = [read_suite(path) for path in sorted(folder.glob("*.yaml"))]
    if not suites:
        typer.echo(f"there is no suite in {folder}", err=True)
        return
    print_table([(suite.name, f"{len(suite.cases)} cases", suite.about) for suite in suites])


@app.command("run")
def run(
    suite: Annotated[str, typer.Argument(help="The name of a suite, or its file")],
    repeats: Annotated[int, typer.Option("--repeats", min=0, help="Attempts at each case; 0 as the suite says")] = 0,
    cases: Annotated[
        list[str] | None, typer.Option("--case", metavar="NAME", help="Of these cases only; repeatable")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Where the report goes")] = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Do the cases of a suite several times, and write a report. `gate` decides about it."""
    from .reports import write_report
    from .run import run_suite

    project = _project(overrides, env)
    chosen = _suite(suite, project)
    report = run_suite(chosen, project, repeats=repeats, only=cases or ())
    name = f"{report.suite}-{report.started:%Y%m%dT%H%M%S}.json"
    place = output or project.root / project.agentic.evaluation.reports / name
    write_report(report, place)
    if as_json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        _print(report)
    typer.echo(f"the report is {place}", err=True)


@app.command("import")
def import_cases(
    category: Annotated[str, typer.Argument(help="Of BFCL: simple_python, multiple, parallel, irrelevance, …")],
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help="Data of bfcl-eval, if it is installed elsewhere")
    ] = None,
    most: Annotated[int, typer.Option("--most", min=0, help="Cases that are taken; all if 0")] = 0,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Make a suite of cases of the Berkeley Function Calling Leaderboard, which `run` then knows by its name."""
    import yaml

    from .bfcl import find_data, read_bfcl

    folder = _folder(_project(overrides, env))
    suite = read_bfcl(data or find_data(), category, most)
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{suite.name}.yaml"
    told = suite.model_dump(mode="json", exclude_defaults=True)
    place.write_text(yaml.safe_dump(told, sort_keys=False, allow_unicode=True), encoding="utf-8")
    typer.echo(f"{len(suite.cases)} cases are in {place}", err=True)


@app.command("agentdojo")
def agentdojo(
    suites: Annotated[list[str] | None, typer.Argument(help="Such as banking or slack; all by default")] = None,
    most: Annotated[int, typer.Option("--most", min=0, help="Tasks that are taken of each; all if 0")] = 0,
    attack: Annotated[str, typer.Option("--attack", help="How texts ask, by AgentDojo's name")] = ATTACK,
    benchmark: Annotated[str, typer.Option("--benchmark", help="Version of the suites")] = BENCHMARK,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Do AgentDojo's tasks with a model that obeys its attacks, and see what the policy lets happen."""
    from .attacked import measure_suite
    from .dojo import Dojo

    project = _project(overrides, env)
    with Dojo(project, benchmark, attack) as dojo:
        known = dojo.names()
        unknown = sorted(set(suites or ()) - set(known))
        if unknown:
            raise AgentError(f"AgentDojo has no suite {', '.join(unknown)}", hint=f"it has {', '.join(known)}")
        found = [one for name in suites or known for one in measure_suite(dojo, name, project, most)]
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
    else:
        _print_attacked(found)
    through = [f"{one.suite} {attack}" for one in found if one.approver != "no gate" for attack in one.succeeded]
    if through:
        hint = "agentic.safety says what is allowed"
        raise AgentError(f"{len(through)} attacks got what they wanted: {', '.join(through[:10])}", hint=hint)


@app.command("compare")
def compare_reports(
    before: ReportArgument,
    after: ReportArgument,
    as_json: JsonOption = False,
) -> None:
    """Compare two reports, case by case: passes, calls, tokens and cost."""
    from .compare import compare
    from .reports import read_report

    compared = compare(read_report(before), read_report(after))
    if as_json:
        typer.echo(compared.model_dump_json(indent=2))
    else:
        _print_comparison(compared)


@app.command("gate")
def gate(
    report: ReportArgument,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="REPORT", help="What was measured before the change")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Take any drop of a case for a regression")] = False,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Fail if a report misses what its suite requires, or fell below a baseline by more than chance explains."""
    from .compare import compare, regressions, unmet
    from .reports import read_report

    settings = _project(overrides, env).agentic.evaluation
    measured = read_report(report)
    faults = unmet(measured)
    if baseline is not None:
        compared = compare(read_report(baseline), measured)
        faults += regressions(compared, settings.significance, strict=strict)
        if compared.changed:
            typer.echo(f"not compared, as they were changed: {', '.join(compared.changed)}", err=True)
    if as_json:
        typer.echo(json.dumps({"passed": not faults, "faults": faults}, indent=2))
    if faults:
        hint = "`agents evaluate compare` shows what changed; the report holds each attempt"
        raise AgentError("the gate is closed:\n" + "\n".join(f"  {fault}" for fault in faults), hint=hint)
    if not as_json:
        typer.echo("the gate is open")


def _project(overrides: list[str] | None, env: str | None) -> Project:
    from ..opening import project_of

    return project_of(start(overrides, env))


def _folder(project: Project) -> Path:
    return project.root / project.agentic.evaluation.suites


def _suite(name: str, project: Project) -> Suite:
    from .suite import read_suite

    named = _folder(project) / f"{name}.yaml"
    is_name = "/" not in name and not name.endswith(".yaml")
    return read_suite(named if is_name else Path(name))


def _print(report: Report) -> None:
    rows = [("case", "passed", "of", "interval", "steps", "tokens", "seconds", "dollars")]
    for case in report.cases:
        low, high = report.rate(case)
        used, count = case.usage, case.counts.attempts
        rate = (str(case.counts.passed), str(count), f"{low:.0%} to {high:.0%}")
        mean = (used.steps / count, used.tokens / count, used.seconds / count, used.cost / count)
        rows.append((case.name, *rate, f"{mean[0]:.1f}", f"{mean[1]:.0f}", f"{mean[2]:.2f}", f"{mean[3]:.4f}"))
    print_table(rows)
    typer.echo(f"models: {', '.join(report.models) or 'none'}")
    for k in sorted({1, report.repeats, *report.require.pass_at, *report.require.pass_all}):
        typer.echo(_line(f"pass@{k}", report.pass_at(k)))
        if k > 1:
            typer.echo(_line(f"pass^{k}", report.pass_all(k)))
    for case in report.cases:
        faults = sorted({fault for attempt in case.attempts for fault in attempt.faults})
        for fault in faults:
            typer.echo(f"{case.name}: {fault}")


def _line(name: str, found: Estimate) -> str:
    return f"{name} {found.value:.1%} ({found.low:.1%} to {found.high:.1%})"


def _print_attacked(found: list[Measured]) -> None:
    rows = [("suite", "approves", "done alone", "under attack", "attacks that succeeded", "asked")]
    for one in found:
        shares = (
            f"{one.done} of {one.tasks}",
            f"{one.done_under_attack} of {one.attacks}",
            f"{len(one.succeeded)} of {one.attacks}",
        )
        rows.append((one.suite, one.approver, *shares, str(one.asked)))
    print_table(rows)


def _print_comparison(compared: Comparison) -> None:
    rows = [("case", "before", "after", "chance", "calls alike", "steps", "tokens", "dollars")]
    for one in compared.changes:
        old, new = one.used_before, one.used_after
        passed = (f"{one.before:.0%}", f"{one.after:.0%}", f"{one.chance:.2g}", f"{one.alike:.0%}")
        used = (f"{new.steps - old.steps:+d}", f"{new.tokens - old.tokens:+d}", f"{new.cost - old.cost:+.4f}")
        rows.append((one.case, *passed, *used))
    print_table(rows)
    typer.echo(f"chance of such a drop over all cases, if nothing had changed: {compared.chance:.2g}")
    for words, names in (
        ("changed, so not compared", compared.changed),
        ("gone", compared.gone),
        ("new", compared.added),
    ):
        if names:
            typer.echo(f"{words}: {', '.join(names)}")
