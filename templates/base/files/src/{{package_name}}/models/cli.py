"""The commands `models …`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from .evaluation import Evaluation
    from .promotion import Decision
    from .registry import Loaded
    from .workflow import Result
    from .workspace import Workspace

app = typer.Typer(help="Train, judge, promote and use models.", no_args_is_help=True)

DatasetsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[DATASET]...", help="Datasets that `data run` has made; all by default")
]
DatasetArgument = Annotated[str, typer.Argument(help="A dataset that `data run` has made")]
ModelArgument = Annotated[str, typer.Argument(help="A registered model, which has the name of its dataset")]
VersionOption = Annotated[str, typer.Option("--version", metavar="REFERENCE", help="A number, or an alias")]

_SHORT_ID = 8


@app.command("train")
def train_command(
    datasets: DatasetsArgument = None,
    algorithms: Annotated[
        list[str] | None, typer.Option("--algorithm", help="Repeatable; those of conf/models.yaml by default")
    ] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("--parameter", metavar="NAME=VALUE", help="Of the one algorithm; repeatable")
    ] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train models, and register each. The best in cross-validation becomes the challenger."""
    workspace = _open(overrides, env)
    from .errors import ModelError
    from .workflow import train_models

    chosen = algorithms or []
    if parameters and len(chosen) != 1:
        raise ModelError("--parameter needs exactly one --algorithm", hint="others go into conf/models.yaml")
    given = _parameters(parameters or [])
    trained = [train_models(workspace, name, chosen, given) for name in datasets or workspace.datasets()]
    if as_json:
        typer.echo(json.dumps([_plain(result) for results in trained for result in results], indent=2))
        return
    for results in trained:
        _print_results(results)


@app.command("tune")
def tune_command(
    dataset: DatasetArgument,
    algorithm: Annotated[str, typer.Option("--algorithm", help="What to search parameters for")],
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, help="In all, those of earlier searches included")
    ] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search for the best parameters, and register a model that has them. A search goes on where one stopped."""
    workspace = _open(overrides, env)
    from .tuning import tune

    search, result = tune(workspace, dataset, algorithm, trials)
    if as_json:
        found = {"trials": search.trials, "pruned": search.pruned, "score": search.score, "metric": search.metric}
        typer.echo(json.dumps({**found, "parameters": search.parameters, **_plain(result)}, indent=2))
        return
    typer.echo(f"{search.trials} trials, {search.pruned} cut short; best {search.metric}: {search.score:.4g}")
    print_table([(f"  {name}", str(value)) for name, value in search.parameters.items()])
    typer.echo(f"registered as {result.version}; `models promote {dataset} --version {result.version.number}` decides")


@app.command("evaluate")
def evaluate_command(
    models: Annotated[list[str] | None, typer.Argument(metavar="[MODEL]...", help="All by default")] = None,
    version: Annotated[
        str | None,
        typer.Option("--version", metavar="REFERENCE", help="By default the champion, else the challenger"),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="train, validation or test")] = "test",
    plots: Annotated[Path | None, typer.Option("--plots", help="A folder, with one of pictures for each model")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure registered models on a split of their datasets."""
    workspace = _open(overrides, env)
    from .evaluation import evaluate
    from .plots import draw

    measured = []
    for model in models or workspace.datasets():
        loaded = _load(workspace, model, version or _preferred(workspace, model))
        splits = workspace.splits(model)
        measuring = workspace.measuring(splits.card.task)
        found, rows = evaluate(loaded.pipeline, _split(splits, split), splits.card, measuring, split)
        for path in draw(found, rows, plots / model) if plots else ():
            typer.echo(f"drawn: {path}", err=True)
        measured.append((loaded.version, found))
    if as_json:
        named = [({"model": one.model, "version": one.number}, found) for one, found in measured]
        plain = [name | found.model_dump(mode="json") for name, found in named]
        typer.echo(json.dumps(plain, indent=2, ensure_ascii=False))
        return
    for one, found in measured:
        _print_evaluation(str(one), found)


@app.command("promote")
def promote_command(
    model: ModelArgument,
    version: VersionOption = "challenger",
    force: Annotated[
        str | None, typer.Option("--force", metavar="REASON", help="Overrule the gate, such as for a roll-back")
    ] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a version the champion, if the gate lets it. Exits with 1 if it does not."""
    workspace = _open(overrides, env)
    from .promotion import promote

    decision = promote(workspace, model, version, force)
    if as_json:
        typer.echo(decision.model_dump_json(indent=2))
    else:
        _print_decision(decision)
    if not decision.promoted:
        raise typer.Exit(1)


@app.command("list")
def list_command(
    model: Annotated[str | None, typer.Argument(help="A registered model; all by default")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """List registered versions, the newest first."""
    workspace = _open(overrides, env)
    from .registry import list_models, list_versions

    names = [model] if model else list_models(workspace.tracking)
    versions = [version for name in names for version in list_versions(workspace.tracking, name)]
    if as_json:
        rows: list[dict[str, Any]] = [
            {
                "model": one.model,
                "version": one.number,
                "aliases": one.aliases,
                "run": one.run_id,
                "created": one.created.isoformat(),
                "algorithm": one.tags.get("algorithm"),
                "sha256": one.tags.get("sha256"),
                "decision": one.tags.get("decision_reason"),
            }
            for one in versions
        ]
        typer.echo(json.dumps(rows, indent=2))
    elif not versions:
        typer.echo("no model is registered: `models train` makes some", err=True)
    else:
        table = [("model", "version", "algorithm", "aliases", "created", "last decision")]
        for one in versions:
            created = f"{one.created:%Y-%m-%d %H:%M}"
            reason = one.tags.get("decision_reason", "")
            table.append(
                (one.model, str(one.number), one.tags.get("algorithm", ""), ", ".join(one.aliases), created, reason)
            )
        print_table(table)


@app.command("show")
def show_command(
    model: ModelArgument, version: VersionOption = "champion", overrides: SetOption = None, env: EnvOption = None
) -> None:
    """Print the card of a registered model."""
    workspace = _open(overrides, env)
    from .registry import find_version

    found = find_version(workspace.tracking, model, version)
    with workspace.tracking.files(found.run_id, "model_card.md") as path:
        typer.echo(path.read_text(encoding="utf-8"), nl=False)


@app.command("predict")
def predict_command(
    model: ModelArgument,
    source: Annotated[str, typer.Argument(help="A file of rows: CSV, JSON lines or Parquet")],
    output: Annotated[
        Path | None, typer.Option("--output", help="A .csv, .jsonl or .parquet; else printed as CSV")
    ] = None,
    version: VersionOption = "champion",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Predict the rows of a file."""
    workspace = _open(overrides, env)
    from .prediction import predict, read_rows, write_rows

    loaded = _load(workspace, model, version)
    predicted = predict(loaded, read_rows(source))
    if output is None:
        typer.echo(predicted.to_csv(index=False), nl=False)
    else:
        write_rows(predicted, output)
        typer.echo(f"{len(predicted)} predictions of {loaded.version} written to {output}", err=True)


def _open(overrides: list[str] | None, env: str | None) -> Workspace:
    config = start(overrides, env)
    from .workspace import Workspace

    return Workspace.open(config)


def _preferred(workspace: Workspace, model: str) -> str:
    from .registry import list_versions

    aliases = {alias for version in list_versions(workspace.tracking, model) for alias in version.aliases}
    return "challenger" if "challenger" in aliases and "champion" not in aliases else "champion"


def _load(workspace: Workspace, model: str, version: str) -> Loaded:
    from .registry import find_version, load_version

    found = find_version(workspace.tracking, model, version)
    return load_version(workspace.tracking, found, workspace.models.trusted)


def _parameters(texts: list[str]) -> dict[str, Any]:
    import yaml

    from .errors import ModelError

    parameters: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ModelError(f"--parameter: {text!r} is no name=value", hint="for example: --parameter C=0.1")
        try:
            parameters[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ModelError(f"--parameter {name}: {value!r} can't be read", hint="write it as in YAML") from error
    return parameters


def _split(splits: Any, name: str) -> Any:
    from ..config.settings import one_of
    from ..data.dataset import SPLITS
    from .errors import ModelError

    if name not in SPLITS:
        raise ModelError(f"there is no split {name!r}", hint=one_of(name, SPLITS))
    return getattr(splits, name)


def _plain(result: Result) -> dict[str, Any]:
    return {
        "model": result.version.model,
        "version": result.version.number,
        "run": result.version.run_id,
        "algorithm": result.recipe.algorithm,
        "cross_validation": {name: result.trained.mean(name) for name in result.trained.folds},
        "validation": {name: value.model_dump() for name, value in result.evaluation.metrics.items()},
    }


def _print_results(results: list[Result]) -> None:
    name = next(iter(results[0].evaluation.metrics))
    rows = [("model", "version", "algorithm", f"cross-validation {name}", f"validation {name}", "run")]
    for result in results:
        mean, measured = f"{result.trained.mean(name):.4g}", str(result.evaluation.metrics[name])
        version = result.version
        rows.append(
            (version.model, str(version.number), result.recipe.algorithm, mean, measured, version.run_id[:_SHORT_ID])
        )
    print_table(rows)
    best = results[0].version
    typer.echo(f"{best} is the challenger; `models promote {best.model}` decides about it", err=True)


def _print_evaluation(name: str, found: Evaluation) -> None:
    typer.echo(f"{name} on {found.rows} rows of {found.split}")
    rows = [(f"  {metric}", str(value)) for metric, value in found.metrics.items()]
    if found.calibration:
        rows.append(("  calibration error", f"{found.calibration.error:.4g}"))
    print_table(rows)
    if found.slices:
        typer.echo("by slice")
        print_table([(f"  {one.column}", one.value, f"{one.rows} rows", str(one.score)) for one in found.slices])
    if found.importance:
        typer.echo("what is lost without a column")
        print_table([(f"  {one.column}", f"{one.mean:.4f} ± {one.deviation:.4f}") for one in found.importance[:10]])


def _print_decision(decision: Decision) -> None:
    verdict = "promoted" if decision.promoted else "refused"
    typer.echo(f"{decision.model} version {decision.candidate}: {verdict}{' by force' if decision.forced else ''}")
    if decision.checks:
        print_table([(f"  {'ok' if c.passed else 'NO'}", c.name, c.detail) for c in decision.checks])
    else:
        typer.echo(f"  {decision.reason}")
