"""The commands that show what changed, and apply it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ..runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from ..config import Config
    from .pipelines.changes import Applied, Change
    from .pipelines.feature_store import FeatureTables

CheckOption = Annotated[bool, typer.Option("--check", help="Exit with 1 if anything changed")]
BackfillOption = Annotated[bool, typer.Option("--backfill/--no-backfill", help="Compute what tables lack, too")]
ReferencesArgument = Annotated[
    list[str] | None, typer.Argument(help="Features, sets, columns or models:/NAME/VERSION; all if none")
]
_SIGNS = {"added": "+", "changed": "~", "removed": "-"}


def diff_command(
    check: CheckOption = False, as_json: JsonOption = False, overrides: SetOption = None, env: EnvOption = None
) -> None:
    """Show how definitions differ from those that were applied."""
    applied, _ = _open(start(overrides, env))
    from .definitions.registry import find_definitions
    from .pipelines.changes import changes, describe

    found = changes(applied.read(), describe(find_definitions()))
    _show(found, as_json=as_json)
    if check and found:
        raise typer.Exit(1)


def plan_command(as_json: JsonOption = False, overrides: SetOption = None, env: EnvOption = None) -> None:
    """Show what `apply` would do: which features change, and how many times of tables are computed again."""
    applied, tables = _open(start(overrides, env))
    from .definitions.registry import find_definitions

    _show(applied.plan(find_definitions(), tables), as_json=as_json, times=True)


def apply_command(
    backfill: BackfillOption = True, as_json: JsonOption = False, overrides: SetOption = None, env: EnvOption = None
) -> None:
    """Make the definitions those that hold, and compute again the columns of tables that changed."""
    config = start(overrides, env)
    applied, tables = _open(config)
    from .config import FeaturesConfig
    from .contracts import check_consumers, read_contracts
    from .definitions.registry import find_definitions
    from .pipelines.batch_features import open_backfill

    definitions = find_definitions()
    contracts = config.group("features", FeaturesConfig).validation.contracts
    check_consumers(read_contracts(config.root / contracts), definitions)
    if backfill:
        work = open_backfill(config)
        for one in definitions.sets:
            times = tables.times(one.name)
            if times:
                work.run(one, times[0], times[-1])
    _show(applied.apply(definitions, tables), as_json=as_json)


def lineage_command(
    references: ReferencesArgument = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Show what features are made of, and what depends on them up to the models, with how far away it is.

    What they are made of, columns of sources, values of requests and other features, has distances below 0.
    """
    config = start(overrides, env)
    from .catalogue.lineage import trace
    from .catalogue.models import find_models
    from .definitions.registry import find_definitions

    definitions = find_definitions()
    models = find_models(config, definitions)
    steps = trace(definitions, models, references or ())
    for fault in models.faults:
        typer.echo(f"not all models are known: {fault}", err=True)
    if as_json:
        told = [{"from": one.source, "to": one.target, "distance": one.distance} for one in steps]
        typer.echo(json.dumps(told, indent=2))
    elif references:
        print_table([(f"{one.distance:+d}", one.source, "→", one.target) for one in steps])
    elif steps:
        print_table([(one.source, "→", one.target) for one in steps])


def _open(config: Config) -> tuple[Applied, FeatureTables]:
    from .config import FeaturesConfig
    from .pipelines.changes import Applied
    from .pipelines.feature_store import FeatureTables

    batch = config.group("features", FeaturesConfig).batch
    return Applied(config.root / batch.applied), FeatureTables(config.root / batch.tables)


def _show(found: list[Change], *, as_json: bool, times: bool = False) -> None:
    if as_json:
        typer.echo(json.dumps([change.to_json() for change in found], indent=2))
    elif not found:
        typer.echo("nothing has changed")
    else:
        print_table([_row(change, times=times) for change in found])


def _row(change: Change, *, times: bool) -> tuple[str, ...]:
    details = "; ".join(f"{name}: {json.dumps(old)} → {json.dumps(new)}" for name, (old, new) in change.details.items())
    again = f"{change.times} times of its table" if times and change.times else ""
    return (_SIGNS[change.action], change.feature, str(change.action), again, details)
