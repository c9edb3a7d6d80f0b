"""The command ``llm evaluate judge``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...runtime import EnvOption, JsonOption, SetOption
from ..options import DatasetOption, SourceOption
from .options import make_assessor

app = typer.Typer()


@app.command("judge")
def judge_command(
    first: Annotated[str, typer.Argument(metavar="A", help="A checkpoint, or a stored report")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another")],
    people: Annotated[
        Path | None, typer.Option("--people", metavar="FILE", help="JSON lines with id and verdict: a, tie or b")
    ] = None,
    documents: SourceOption = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Have the language model of llm.judge say which of two models answers better."""
    assessor = make_assessor(documents, dataset, overrides, env)
    from .judge_workflow import judge_models
    from .sides import find_side

    sides = [find_side(ref, assessor.settings.root) for ref in (first, second)]
    judge_models(assessor, sides, people, as_json=as_json)
