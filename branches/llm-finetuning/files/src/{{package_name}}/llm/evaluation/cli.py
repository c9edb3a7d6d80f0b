"""The commands ``llm evaluate …``. Everything heavy is imported inside them, so that ``--help`` stays quick."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ...runtime import EnvOption, JsonOption, SetOption
from ..options import CheckpointArgument, DatasetOption, SourceOption
from ..parts import has_part
from .judge_cli import app as judging
from .options import make_assessor

_DEFAULT = "score"


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
    assessor = make_assessor(documents, dataset, overrides, env)
    from .commands import compare_models, score_model
    from .sides import find_side

    if compare is None:
        score_model(assessor, checkpoint, as_json=as_json)
    elif checkpoint is None:
        first, second = (find_side(ref, assessor.settings.root) for ref in compare)
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
    assessor = make_assessor(documents, dataset, overrides, env)
    from .commands import compare_models
    from .sides import find_baseline, find_side

    settings = assessor.settings
    rules = settings.config.evaluation.gate
    second = find_side(checkpoint or settings.config.training.name, settings.root)
    first = find_baseline(baseline or rules.baseline, second, settings.root)
    if compare_models(assessor, first, second, limits=rules.most_lost, as_json=as_json).failed:
        raise typer.Exit(1)


@app.command("benchmark")
def benchmark(
    tasks: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TASK]...", help="Such as hellaswag, arc, mmlu, or custom_tasks for the project's own"),
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option("--checkpoint", help="Such as name@v1.0.0; the latest by default")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Most questions of a task; 0 for all")] = 0,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Put benchmarks of the lm-evaluation-harness, or tasks of your own in its form, to a checkpoint."""
    assessor = make_assessor(None, None, overrides, env)
    from .benchmarks.commands import benchmark_model
    from .benchmarks.finding import CUSTOM, find_benchmarks

    settings = assessor.settings
    rules = settings.config.evaluation
    names = tasks or rules.benchmarks or (CUSTOM,)
    benchmarks = find_benchmarks(names, settings.root / rules.custom_tasks, shots=rules.shots)
    benchmark_model(settings, assessor.open(checkpoint), benchmarks, limit=limit, as_json=as_json)


@app.command("safety")
def safety(
    checkpoint: CheckpointArgument = None,
    gate: Annotated[bool, typer.Option("--gate", help="End with 1 if something is beyond its limit")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="End with 1 where that is undecided, too")] = False,
    documents: SourceOption = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Find out what a checkpoint refuses, what hurts in its answers, and what it tells of its training data."""
    assessor = make_assessor(documents, dataset, overrides, env)
    from .safety.commands import assess_safety

    found = assess_safety(assessor, checkpoint, as_json=as_json)
    if ((gate or strict) and found.failed) or (strict and found.undecided):
        raise typer.Exit(1)


app.registered_commands += judging.registered_commands
if has_part("human"):  # it needs the service
    app.add_typer(import_module("..human.cli", __package__).app, name="human")
