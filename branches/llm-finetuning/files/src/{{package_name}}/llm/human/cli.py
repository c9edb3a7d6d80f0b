"""The commands ``llm evaluate human …``: people compare answers on the page /ui/human."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...runtime import EnvOption, JsonOption, SetOption
from ..evaluation.options import make_assessor
from ..options import DatasetOption, SourceOption, read_settings

app = typer.Typer(help="Have people compare answers, on the page /ui/human.")

TaskArgument = Annotated[str | None, typer.Argument(metavar="[TASK]", help="The newest by default")]


@app.command("create")
def create(
    models: Annotated[list[str], typer.Argument(metavar="A B…", help="Checkpoints, or stored reports, two or more")],
    name: Annotated[str, typer.Option("--name", help="What the task is called")] = "answers",
    questions: Annotated[int, typer.Option("--questions", min=0, help="How many, drawn at random; 0 for all")] = 0,
    documents: SourceOption = None,
    dataset: DatasetOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Make a task of the answers of two models or more to the same questions."""
    assessor = make_assessor(documents, dataset, overrides, env)
    from .workflow import create_task

    create_task(assessor, models, name, questions)


@app.command("report")
def report(
    task: TaskArgument = None, as_json: JsonOption = False, overrides: SetOption = None, env: EnvOption = None
) -> None:
    """Say which model people prefer, and how far they agree."""
    settings = read_settings(None, None, overrides, env)
    from .workflow import report_task

    report_task(settings, task, as_json=as_json)


@app.command("export")
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="File of JSON lines to write")],
    task: TaskArgument = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write each verdict as a JSON line with the id of its question, such as a judge is held against."""
    settings = read_settings(None, None, overrides, env)
    from .workflow import export_verdicts

    export_verdicts(settings, task, output)
