"""Tools for models: train, evaluate, predict, and deploy through the promotion gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, JsonValue

from ...config import Config
from ..config import AgenticConfig
from ..errors import ToolError, VouchedError
from .queries import Bounds, connect
from .sources import find_source
from .spec import Effect, Tool, ToolContext, ToolOutput, tool

if TYPE_CHECKING:
    from ...models.workspace import Workspace
    from ...tracking.store import RunRecord, Tracking
    from ...tracking.store import Version as StoredVersion

_TRAINED = "agent_training"
_DEPLOYED = "agent_deployment"
_MOST_SHOWN = 10
_TRAINING_SECONDS = 3_600

Dataset = Annotated[str, Field(description="A dataset that `data run` has made")]
Model = Annotated[str, Field(description="A registered model: it has the name of its dataset")]
Version = Annotated[str, Field(description="Its number, or an alias such as champion or challenger")]


def make_trainer(config: Config) -> Tool:
    """Make the tool `model_trainer`."""

    def model_trainer(
        dataset: Dataset,
        context: ToolContext,
        algorithm: Annotated[str, Field(description="By name; all that are configured if empty")] = "",
        parameters: Annotated[dict[str, JsonValue] | None, Field(description="Of the one algorithm")] = None,
    ) -> dict[str, JsonValue]:
        """Train models of a dataset, with tracking, and register each. They are told best first.

        The best in cross-validation becomes the challenger; `model_deployer` decides whether it replaces the champion.
        """
        from ...models.workspace import Workspace

        if parameters and not algorithm:
            raise VouchedError("parameters are of one algorithm", hint="name the algorithm")
        workspace = Workspace.open(config)
        if not (workspace.processed / dataset).is_dir():
            find_source(dataset, config, context)  # says what is missing, in words that taint nobody
        versions = _train_once(workspace, dataset, algorithm, parameters, context.key)
        return {"model": dataset, "versions": [_scores(workspace, one) for one in versions]}

    return tool(Effect.WRITE, honours_key=True, timeout=_TRAINING_SECONDS)(model_trainer)


def _train_once(
    workspace: Workspace, dataset: str, algorithm: str, parameters: dict[str, JsonValue] | None, key: str
) -> list[StoredVersion]:
    """Train what a call with this key has not trained yet: after a crash the rest, and at last nothing. Best first."""
    from ...models.registry import CHALLENGER, list_versions, set_alias
    from ...models.workflow import train_models

    task = workspace.splits(dataset).card.task
    expected = [algorithm] if algorithm else workspace.task(task).algorithms
    begun = [one for one in list_versions(workspace.tracking, dataset) if one.tags.get(_TRAINED) == key]
    made = {one.tags.get("algorithm") for one in begun}
    if missing := [name for name in expected if name not in made]:
        # Without a name the configuration's are trained, of which a broken one is skipped.
        chosen = missing if begun or algorithm else []
        train_models(workspace, dataset, chosen, parameters, {_TRAINED: key})
    found = [one for one in list_versions(workspace.tracking, dataset) if one.tags.get(_TRAINED) == key]
    name, metric = next(iter(workspace.metrics(task).items()))
    scores = {one.number: metric.sign * _run(workspace, one).metrics[f"cv_{name}"] for one in found}
    found.sort(key=lambda one: scores[one.number], reverse=True)
    # After a crash the best of all is the challenger, not only of those that were trained now.
    if begun and not {"champion", CHALLENGER} & set(found[0].aliases):
        set_alias(workspace.tracking, found[0], CHALLENGER)
        found[0] = replace(found[0], aliases=(*found[0].aliases, CHALLENGER))
    return found


def _find(tracking: Tracking, model: str, reference: str) -> StoredVersion:
    """Find a version; that there is none is told without the names that others have given in the registry."""
    from ...models.registry import list_versions

    versions = list_versions(tracking, model)
    if not versions:
        raise VouchedError(f"no version of {model!r} is registered", hint="`model_trainer` trains one")
    for version in versions:
        if reference == str(version.number) or reference in version.aliases:
            return version
    numbers = ", ".join(str(version.number) for version in versions)
    raise VouchedError(f"{model} has no version {reference!r}", hint=f"there are: {numbers}")


def _run(workspace: Workspace, version: StoredVersion) -> RunRecord:
    return workspace.tracking.search_runs(version.model, version.run_id, 1)[0]


def _scores(workspace: Workspace, version: StoredVersion) -> dict[str, JsonValue]:
    """Tell a version with what was measured when it was trained, which is kept with its run."""
    metrics = _run(workspace, version).metrics
    parts = {"cross_validation": "cv_", "validation": "validation_"}
    told: dict[str, JsonValue] = {
        part: {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix)}
        for part, prefix in parts.items()
    }
    aliases: list[JsonValue] = [*version.aliases]
    return {"version": version.number, "algorithm": version.tags.get("algorithm"), "aliases": aliases, **told}


def make_evaluator(config: Config) -> Tool:
    """Make the tool `model_evaluator`."""

    def model_evaluator(
        model: Model,
        context: ToolContext,
        version: Version = "challenger",
        split: Literal["train", "validation", "test"] = "validation",
    ) -> ToolOutput:
        """Measure a registered model on a split: metrics with intervals, slices, importance of columns."""
        from ...models.evaluation import evaluate
        from ...models.registry import load_version
        from ...models.workspace import Workspace

        workspace = Workspace.open(config)
        found = _find(workspace.tracking, model, version)
        loaded = load_version(workspace.tracking, found, workspace.models.trusted)
        splits = workspace.splits(model)
        rows = getattr(splits, split)
        measured, _ = evaluate(loaded.pipeline, rows, splits.card, workspace.measuring(splits.card.task), split)
        told = measured.model_dump(mode="json", include={"rows", "metrics", "slices", "classes", "confusion"})
        told["importance"] = [one.model_dump(mode="json") for one in measured.importance[:_MOST_SHOWN]]
        # Slices and classes are values of the data.
        tainted = not find_source(model, config, context).closed
        return ToolOutput({"model": model, "version": found.number, "split": split, **told}, tainted=tainted)

    return tool(Effect.READ)(model_evaluator)


def make_predictor(config: Config) -> Tool:
    """Make the tool `model_predictor`."""
    limits = config.group("agentic", AgenticConfig).tools

    def model_predictor(
        model: Model,
        context: ToolContext,
        rows: Annotated[list[dict[str, JsonValue]] | None, Field(description="Values by column")] = None,
        dataset: Annotated[str, Field(description="Instead of rows: a dataset or a file, all rows of it")] = "",
        version: Version = "champion",
    ) -> ToolOutput:
        """Predict rows with a registered model: those that are given, or those of a dataset or a file.

        Many predictions become a file of the task's folder, and the first of them are shown.
        """
        import pandas as pd

        from ...models.prediction import predict, write_rows
        from ...models.registry import load_version
        from ...models.workspace import Workspace

        if bool(rows) == bool(dataset):
            raise VouchedError("there is nothing to predict", hint="give rows, or the name of a dataset")
        workspace = Workspace.open(config)
        found = _find(workspace.tracking, model, version)
        loaded = load_version(workspace.tracking, found, workspace.models.trusted)
        if dataset:
            bounds = Bounds(limits.max_rows, limits.query_memory_mb, limits.query_seconds, context.cancelled)
            with connect(find_source(dataset, config, context), bounds) as connection:
                frame = connection.table("FROM data").to_pandas()
        else:
            frame = pd.DataFrame(rows)
        predicted = predict(loaded, frame)
        shown = predicted.head(limits.max_rows).to_dict("records")
        answers: list[JsonValue] = [{str(name): _plain(value) for name, value in row.items()} for row in shown]
        told: dict[str, JsonValue] = {"model": model, "version": found.number, "rows": len(predicted)}
        tainted = _taints(dataset or model, answers, config, context)
        if len(predicted) <= limits.max_rows:
            return ToolOutput({**told, "predictions": answers}, tainted=tainted)
        path = context.work / f"predictions-{context.key[:10]}.parquet"
        write_rows(predicted, path)
        told |= {"predictions": answers[:_MOST_SHOWN], "file": path.name}
        return ToolOutput(told, files=(Path(path.name),), tainted=tainted)

    return tool(Effect.READ)(model_predictor)


def _taints(dataset: str, rows: list[JsonValue], config: Config, context: ToolContext) -> bool:
    """Say whether rows hold text that nobody vouches for: keys of rows are columns, which a schema names."""
    values = [value for row in rows if isinstance(row, dict) for value in row.values()]
    try:
        return find_source(dataset, config, context).taints(values)
    except ToolError:  # a model without its data, of which nothing is known
        return any(isinstance(value, str) for value in values)


def _plain(value: Any) -> JsonValue:
    """Make JSON of a value of numpy."""
    plain: JsonValue = value.item() if hasattr(value, "item") else value
    return plain


def make_deployer(config: Config) -> Tool:
    """Make the tool `model_deployer`."""

    def model_deployer(model: Model, context: ToolContext, version: Version = "challenger") -> dict[str, JsonValue]:
        """Ask the promotion gate to make a version the champion, which is what the service serves.

        The gate compares it with the champion on the test split, and refuses what is not better beyond chance. What it
        decides is kept with its reason. It can't be overruled from here.
        """
        from ...models.promotion import decisions, promote
        from ...models.registry import list_versions, set_tags
        from ...models.workspace import Workspace

        tracking = (workspace := Workspace.open(config)).tracking
        # An earlier call with this key chose the version: the alias may have gone to another by now.
        begun = [one for one in list_versions(tracking, model) if one.tags.get(_DEPLOYED) == context.key]
        candidate = begun[0] if begun else _find(tracking, model, version)
        if "champion" in candidate.aliases:
            if not begun:
                raise VouchedError(f"{candidate} is the champion already", hint="deploy another version")
            decision = next(one for one in decisions(tracking, model) if one.candidate == candidate.number)
        else:
            set_tags(tracking, candidate, {_DEPLOYED: context.key})
            decision = promote(workspace, model, str(candidate.number))
        return decision.model_dump(mode="json", exclude={"input_sha256", "forced"})

    return tool(Effect.WRITE, honours_key=True, timeout=_TRAINING_SECONDS)(model_deployer)
