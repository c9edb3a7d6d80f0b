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
        named = bool(args) and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if named else [_DEFAULT, *args])


app = typer.Typer(cls=EvaluateGroup, help="Score a checkpoint; without the name of a command, `score` is meant.")


@app.command(_DEFAULT)
def score(
    checkpoint: CheckpointArgument = None,
    documents: SourceOption = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Score a checkpoint on what was kept from it, or on the test split of a dataset."""
    settings = read_settings(documents, None, overrides, env)
    from ..console import print_tables, tell_page, tell_run
    from ..tracking import record_evaluation
    from ..use_case import open_use_case
    from .assessing import Assessor
    from .page import evaluation_page, remarks, score_table
    from .records import FOLDER, HTML

    use_case = open_use_case(settings.config)
    assessor = Assessor(use_case, settings, dataset, documents)
    candidate = assessor.open(checkpoint)
    rows = assessor.questions(candidate)
    report, evaluated = assessor.assess(candidate, rows)
    tables = evaluated.tables(rows)
    folder = settings.root / FOLDER / report.model
    report.write(folder)
    evaluation_page(report, tables).write(folder / HTML)
    if as_json:
        typer.echo(report.model_dump_json(indent=2, exclude={"examples"}))
    else:
        print_tables([score_table(report), *tables])
        for remark in remarks(report):
            typer.echo(remark)
    tell_page(folder / HTML, settings.root)
    tell_run(record_evaluation(settings.store, settings.root, report, evaluated.responses(rows), folder))
