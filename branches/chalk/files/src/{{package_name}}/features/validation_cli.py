"""The command that holds tables of features against configuration and contracts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from .validators import ValidationReport

SetsArgument = Annotated[list[str] | None, typer.Argument(help="Feature sets; all that have tables if none is named")]
TableOption = Annotated[
    Path | None, typer.Option("--table", help="A training set as Parquet or CSV, in place of the newest tables")
]
CleanOption = Annotated[Path | None, typer.Option("--clean", help="Write the rows of --table that may be used here")]
SuiteOption = Annotated[
    Path | None, typer.Option("--great-expectations", help="Write the same rules as a suite of Great Expectations")
]


def validate_command(
    sets: SetsArgument = None,
    table: TableOption = None,
    clean: CleanOption = None,
    suite: SuiteOption = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Check definitions against contracts, and tables against both; ends with 1 if one does not pass."""
    config = start(overrides, env)
    from .config import FeaturesConfig
    from .contracts import check_consumers, read_contracts
    from .definitions.registry import find_definitions
    from .pipelines.feature_store import FeatureTables
    from .pipelines.feature_validation import put_aside, validate_newest, validate_table
    from .pipelines.historical_features import read_spine
    from .tables import write_table, write_text
    from .validation_rules import expectations, make_rules

    definitions, own = find_definitions(), config.group("features", FeaturesConfig)
    contracts = read_contracts(config.root / own.validation.contracts)
    check_consumers(contracts, definitions)
    reports: dict[str, ValidationReport] = {}
    if table is not None:
        report = validate_table(read_spine(table), definitions, config)
        put_aside(report, table.stem, config)
        if clean is not None:
            write_table(report.clean.to_arrow(), clean)
        reports[str(table)] = report
    else:
        kept = FeatureTables(config.root / own.batch.tables)
        for name in sets or [one.name for one in definitions.sets if kept.times(one.name)]:
            reports[name] = validate_newest(name, definitions, config)
    if suite is not None:
        names = [f"{one.name}.{feature.name}" for one in definitions.sets for feature in one.stored]
        rules = make_rules(names, definitions, contracts, own.validation.completeness)
        write_text(json.dumps(expectations(rules, "features"), indent=2), suite)
    if as_json:
        typer.echo(json.dumps({name: report.to_json() for name, report in reports.items()}, indent=2))
    else:
        typer.echo(f"{len(contracts)} contracts hold with the definitions")
        _show(reports)
    raise typer.Exit(int(not all(report.passed for report in reports.values())))


def _show(reports: dict[str, ValidationReport]) -> None:
    for name, report in reports.items():
        outcome = "passes" if report.passed else "does not pass"
        typer.echo(f"{name}: {outcome}, {report.rows} rows, {report.quarantine.height} of them set aside")
        found = [("fault", one.text) for one in report.issues]
        found += [("set aside", f"{count}: {reason}") for reason, count in report.reasons.items()]
        if found:
            print_table(found)
