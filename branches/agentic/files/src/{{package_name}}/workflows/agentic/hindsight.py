"""Who was right in a vote on models, once the rows that nobody has looked at tell."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import TYPE_CHECKING

from .election import case_of

if TYPE_CHECKING:
    from ...agents.session import Project
    from ...models.workspace import Workspace


def settle(project: Project, workspace: Workspace, dataset: str, task_id: str, versions: Mapping[str, int]) -> None:
    """Put on record which voters of a training were right: who voted for the version that is best on the test split.

    The first round is settled, in which nobody had heard the others: weights are made as if judges err independently.
    This happens after the gate has decided, and says something of voters, not of models. Where several are equally
    good, or one has no score, nothing is settled.

    Parameters
    ----------
    task_id
        Of the training.
    versions
        By the option of the vote.
    """
    from ...agents.durability.opening import open_durability

    judgements, case = open_durability(project).judgements, case_of(task_id)
    if len(versions) < _CHOICE or not judgements.is_open(case):
        return
    scores = _scores(workspace, dataset, versions)
    best = [option for option, score in scores.items() if score == max(scores.values())]
    if len(best) == 1 and not any(map(isnan, scores.values())):
        judgements.settle(case, best[0])


def _scores(workspace: Workspace, dataset: str, versions: Mapping[str, int]) -> dict[str, float]:
    from ...models.registry import find_version, load_version
    from ...models.target import predict_rows

    splits = workspace.splits(dataset)
    metric = next(iter(workspace.metrics(splits.card.task).values()))
    scores = {}
    for option, number in versions.items():
        version = find_version(workspace.tracking, dataset, str(number))
        pipeline = load_version(workspace.tracking, version, workspace.models.trusted).pipeline
        scores[option] = metric.sign * metric.function(predict_rows(pipeline, splits.test, splits.card))
    return scores


_CHOICE = 2  # options that are a choice
