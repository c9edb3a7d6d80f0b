"""The commands ``llm evaluate …``. Everything heavy is imported inside them, so that ``--help`` stays quick."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ...runtime import EnvOption, JsonOption, SetOption
from ..options import DatasetOption, SourceOption, read_settings

_DEFAULT = "score"

CheckpointArgument = Annotated[
    str | None, typer.Argument(metavar="[CHECKPOINT]", help="Such as name@v1.0.0; the latest by default")
]


class EvaluateGroup(TyperGroup):
    """Commands of which one need not be named: ``llm evaluate CHECKPOINT`` scores it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the command in front where none is given."""
        named = bool(args) and (args[0] in self.commands or args == ["--help"])
        return super().parse_args(ctx, args if named else [_DEFAULT, *args])


app = typer.Typer(cls=EvaluateGroup, help="Score a checkpoint; without the name of a command, `score` is meant.")


CompareOption = Annotated[
    tuple[str, str] | None,
    typer.Option("--compare", metavar="A B", help="Compare two checkpoints, or stored reports, on the same questions"),
]


@app.command(_DEFAULT)
def score(
    checkpoint: CheckpointArgument = None,
    compare: CompareOption = None,
    documents: SourceOption = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Score a checkpoint on what was kept from it, or on the test split of a dataset; or compare two."""
    settings = read_settings(documents, None, overrides, env)
    from ..use_case import open_use_case
    from .assessing import Assessor
    from .commands import compare_models, score_model
    from .sides import find_side

    assessor = Assessor(open_use_case(settings.config), settings, dataset, documents)
    if compare is None:
        score_model(assessor, checkpoint, as_json=as_json)
    elif checkpoint is None:
        first, second = (find_side(ref, settings.root) for ref in compare)
        compare_models(assessor, first, second, as_json=as_json)
    else:
        raise typer.BadParameter("takes two checkpoints, and then none beside it", param_hint="--compare")


@app.command("gate")
def gate(
    checkpoint: CheckpointArgument = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="A checkpoint or a stored report; else the version before")
    ] = None,
    documents: SourceOption = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """End with 1 if a checkpoint is worse than another, and show the answers that got worse."""
    settings = read_settings(documents, None, overrides, env)
    from ..use_case import open_use_case
    from .assessing import Assessor
    from .commands import compare_models
    from .sides import find_baseline, find_side

    rules = settings.config.evaluation.gate
    assessor = Assessor(open_use_case(settings.config), settings, dataset, documents)
    second = find_side(checkpoint or settings.config.training.name, settings.root)
    first = find_baseline(baseline or rules.baseline, second, settings.root)
    if compare_models(assessor, first, second, limits=rules.most_lost, as_json=as_json).failed:
        raise typer.Exit(1)
