"""The commands ``llm experiments …``. Everything heavy is imported inside them, so that ``--help`` stays quick."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...runtime import EnvOption, SetOption, start
from ..options import read_settings

if TYPE_CHECKING:
    from .config import ExperimentConfig, ExperimentsConfig
    from .store import ExperimentStore
    from .summary import Summary

experiments = typer.Typer(help="Compare models on real requests; a service that runs sees changes within a second.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of the experiment")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON")]


@experiments.command("list")
def list_command(overrides: SetOption = None, env: EnvOption = None) -> None:
    """List all experiments, the last one first."""
    store, _, _ = _open(overrides, env)
    from .analysis import summarise

    for one in store.experiments():
        found = summarise(store, one)
        typer.echo(f"{found.name}  {found.state}  {found.mode}  {found.reason}")


@experiments.command("show")
def show_command(name: Name, as_json: JsonOption = False, overrides: SetOption = None, env: EnvOption = None) -> None:
    """Show what an experiment has shown so far."""
    store, _, _ = _open(overrides, env)
    from .analysis import summarise

    found = summarise(store, store.get(name))
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        _print(found)


@experiments.command("start")
def start_command(
    name: Name,
    file: Annotated[
        Path | None, typer.Option("--file", help="YAML file of the experiment; llm.experiments.start.NAME by default")
    ] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Begin an experiment."""
    store, settings, _ = _open(overrides, env)
    store.start(name, _read(file) if file else _configured(settings, name))
    typer.echo(f"{name} has begun: requests for the model {name!r} meet it", err=True)


@experiments.command("stop")
def stop_command(name: Name, overrides: SetOption = None, env: EnvOption = None) -> None:
    """End an experiment: the first variant answers all requests to it."""
    store, _, _ = _open(overrides, env)
    from .control import stop

    stop(store, name)


@experiments.command("promote")
def promote_command(
    name: Name,
    variant: Annotated[str | None, typer.Option("--variant", help="The winner by default")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Give all requests of an experiment to its winner."""
    store, _, _ = _open(overrides, env)
    from .control import promote

    typer.echo(promote(store, name, variant))


@experiments.command("report")
def report_command(
    name: Name,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Folder; below reports/ by default")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write an experiment as a page and as JSON, with what to do."""
    store, _, root = _open(overrides, env)
    from .control import write_report

    typer.echo(write_report(store, name, output or root / "reports" / "llm-experiments" / name))


@experiments.command("forget")
def forget_command(
    user: Annotated[str, typer.Argument(metavar="USER", help="As requests name who asks, or key:NAME of a key")],
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Drop all that is kept of a user in all experiments."""
    store, _, _ = _open(overrides, env)
    typer.echo(f"{store.forget(user)} answers were dropped, with what was said of them")


@experiments.command("plan")
def plan_command(
    effect: Annotated[float, typer.Option("--effect", help="Smallest difference that matters")],
    baseline: Annotated[
        float | None, typer.Option("--baseline", min=0, max=1, help="Rate of the first variant")
    ] = None,
    deviation: Annotated[float | None, typer.Option("--deviation", min=0, help="Of a mean, over users")] = None,
    power: Annotated[float, typer.Option("--power", min=0.5, max=0.999)] = 0.8,
    level: Annotated[float, typer.Option("--level", min=0.0001, max=0.5)] = 0.05,
) -> None:
    """Say how many users each variant needs to find a difference."""
    from .fixed_horizon import units_for_means, units_for_rates

    if (baseline is None) == (deviation is None) or not effect:
        raise typer.BadParameter("give a rate or a deviation, and an effect that is not 0", param_hint="--baseline")
    if baseline is None:
        needed = units_for_means(deviation or 0.0, effect, power=power, level=level)
    elif 0 <= baseline + effect <= 1:
        needed = units_for_rates(baseline, effect, power=power, level=level)
    else:
        raise typer.BadParameter(f"a rate of {baseline + effect:g} can't be", param_hint="--effect")
    typer.echo(
        f"{needed} users of each variant for a test that looks once, about {2 * needed} where one may look often"
    )


app = typer.Typer()
app.add_typer(experiments, name="experiments")


@app.command("ab-demo")
def demo_command(overrides: SetOption = None, env: EnvOption = None) -> None:
    """Compare the base model with the project's checkpoint under load, until there is a winner."""
    settings = read_settings(None, None, ["logging.level=WARNING", *(overrides or [])], env)
    from ..process import quiet_transformers
    from .demo import run_demo

    quiet_transformers()
    _print(run_demo(settings, overrides or []))


def _open(overrides: list[str] | None, env: str | None) -> tuple[ExperimentStore, ExperimentsConfig, Path]:
    config = start(overrides, env)
    from ..config import LLMConfig
    from .store import ExperimentStore

    settings = config.group("llm", LLMConfig).experiments
    return ExperimentStore(config.root / settings.database), settings, config.root


def _configured(settings: ExperimentsConfig, name: str) -> ExperimentConfig:
    from .store import ExperimentError

    if name not in settings.start:
        known = ", ".join(settings.start) or "none"
        raise ExperimentError(f"llm.experiments.start has no {name!r}", hint=f"it has {known}; or give --file")
    return settings.start[name]


def _read(file: Path) -> ExperimentConfig:
    import yaml
    from pydantic import ValidationError

    from .config import ExperimentConfig
    from .store import ExperimentError

    try:
        return ExperimentConfig.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ExperimentError(f"{file} can't be read: {error}", hint="see docs/guides/llm-experiments.md") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ExperimentError(
            f"{file} is no experiment: {faults}", hint="see docs/guides/llm-experiments.md"
        ) from error


def _print(found: Summary) -> None:
    from rich.console import Console
    from rich.table import Table

    out = Console(highlight=False, markup=False)
    table = Table("variant", "model", "users", "answers", "failed", found.metric, "p50 s")
    for one in found.arms:
        mean = "" if one.mean is None else f"{one.mean:.4f}"
        seconds = "" if one.p50_seconds is None else f"{one.p50_seconds:.4f}"
        table.add_row(one.name, one.model, str(one.users), str(one.answers), str(one.failed), mean, seconds)
    out.print(table)
    for one in found.arms:
        if one.stopped:
            out.print(f"{one.name} stopped: {one.stopped}", soft_wrap=True)
    out.print(f"{found.state}: {found.reason}", soft_wrap=True)
