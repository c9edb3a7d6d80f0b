"""The model card (Mitchell et al., 2019): what a model is, how it was made, how good it is and for whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..monitoring.reference import Reference
from ..tracking.provenance import Commit
from .evaluation import Evaluation
from .metrics import Metric, Predictions
from .registry import Description, Version
from .training import Trained

_MOST = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """A model that was trained and measured, and is not registered yet."""

    description: Description
    trained: Trained
    evaluation: Evaluation
    rows: Predictions
    metrics: Mapping[str, Metric]
    reference: Reference


def write_card(version: Version, judged: Judged, commit: Commit) -> str:
    """Write the card of a registered model, as Markdown."""
    description, found = judged.description, judged.evaluation
    parts = [
        *_heading(version, description, commit),
        *_data(description),
        *_scores(judged),
        *_slices(found),
        *_columns(description, found),
        *_limits(judged),
    ]
    return "\n".join(parts) + "\n"


def _heading(version: Version, description: Description, commit: Commit) -> Iterator[str]:
    recipe = description.recipe
    yield f"# {version.model}, version {version.number}"
    yield ""
    answers = description.signature.classes
    what = f"one of {', '.join(f'`{name}`' for name in answers)}" if answers else "a number"
    yield f"Predicts `{description.signature.target}`, {what}, with {recipe.algorithm}."
    yield ""
    rows = [("run", f"`{version.run_id}`"), ("made", f"{version.created:%Y-%m-%d %H:%M} UTC")]
    rows.append(("commit", f"`{commit.sha}`{' with changes' if commit.dirty else ''}" if commit.sha else "none"))
    rows.append(("file", f"SHA-256 `{version.tags['sha256']}`"))
    rows += [(f"parameter `{name}`", f"`{value}`") for name, value in recipe.parameters.items()]
    rows += [("calibration", recipe.calibration), ("seed", str(recipe.seed))]
    yield from _table(("", ""), rows)


def _data(description: Description) -> Iterator[str]:
    card = description.card
    yield "## Data"
    yield ""
    sizes = ", ".join(f"{size} for {name}" for name, size in card.split.sizes.items())
    yield f"`{card.name}`: {card.rows} rows ({sizes}), divided by {card.split.method} with seed {card.split.seed}."
    yield f"{card.quarantined} rows were refused before. SHA-256 of the input: `{card.input_sha256}`."
    if card.labelled_sha256:
        yield f"That has labelled predictions: a file with the SHA-256 `{card.labelled_sha256}`."
    yield ""


def _scores(judged: Judged) -> Iterator[str]:
    trained, found, metrics = judged.trained, judged.evaluation, judged.metrics
    yield "## Scores"
    yield ""
    yield f"On {found.rows} rows of {found.split}, with bootstrap intervals; and the mean of cross-validation."
    yield ""
    header = ("metric", "better", found.split, "cross-validation")
    rows = [
        (name, "greater" if metric.greater_is_better else "less", str(found.metrics[name]), f"{trained.mean(name):.4g}")
        for name, metric in metrics.items()
    ]
    yield from _table(header, rows)
    if found.calibration:
        yield f"Expected calibration error: {found.calibration.error:.3f}."
        yield ""


def _slices(found: Evaluation) -> Iterator[str]:
    if found.slices:
        yield "## Slices"
        yield ""
        rows = [(one.column, one.value, str(one.rows), str(one.score)) for one in found.slices]
        yield from _table(("column", "value", "rows", next(iter(found.metrics))), rows)


def _columns(description: Description, found: Evaluation) -> Iterator[str]:
    yield "## Columns"
    yield ""
    yield "What is lost when a column is shuffled; columns that tell the same stand in for each other."
    yield ""
    types = {column.name: column.type for column in description.signature.inputs}
    rows = [
        (one.column, types.get(one.column, ""), f"{one.mean:.4f} ± {one.deviation:.4f}")
        for one in found.importance[:_MOST]
    ]
    yield from _table(("column", "type", "loss"), rows)


def _limits(judged: Judged) -> Iterator[str]:
    description, found, metrics = judged.description, judged.evaluation, judged.metrics
    yield "## Limits"
    yield ""
    yield f"- It knows rows like those of {description.card.name}, and says nothing of others."
    gaps = [name for name, column in description.card.columns.items() if column.nulls and column.role == "feature"]
    if gaps:
        yield f"- Values were missing in training, and were filled in: {', '.join(gaps[:_MOST])}."
    sign = next(iter(metrics.values())).sign
    known = [one for one in found.slices if one.score.value is not None]
    if known:
        worst = min(known, key=lambda one: sign * (one.score.value or 0.0))
        yield f"- It is weakest where {worst.column} is {worst.value}: {worst.score} on {worst.rows} rows."


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{' --- |' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
    yield ""
