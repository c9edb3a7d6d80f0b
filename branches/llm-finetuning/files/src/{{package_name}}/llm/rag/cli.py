"""The commands ``llm index …`` and ``llm evaluate rag``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from ...runtime import EnvOption, JsonOption, SetOption, print_table
from ..evaluation.cli import app as evaluate
from ..evaluation.options import make_assessor
from ..options import CheckpointArgument, DatasetOption, SourceOption, read_settings

app = typer.Typer(help="Keep an index of the documents, and search it.", no_args_is_help=True)

_SHOWN = 5


@app.command("build")
def build_command(documents: SourceOption = None, overrides: SetOption = None, env: EnvOption = None) -> None:
    """Read what has changed in the documents into their index, which is made where there is none."""
    settings = read_settings(documents, None, overrides, env)
    from .opening import open_retriever

    with open_retriever(settings) as (retriever, _):
        typer.echo(", ".join(f"{count} {name}" for name, count in retriever.store.counts().items()))


@app.command("show")
def show_command(
    documents: SourceOption = None, as_json: JsonOption = False, overrides: SetOption = None, env: EnvOption = None
) -> None:
    """Say what the index holds, as it is."""
    settings = read_settings(documents, None, overrides, env)
    from ..errors import DataError
    from .indexing import index_path, model_of
    from .store import PassageStore

    path = index_path(settings.root, settings.source)
    if not path.is_file():
        raise DataError(f"{settings.source} has no index yet", hint="make it with `llm index build`")
    with PassageStore(path) as store:
        facts = {**store.counts(), "embedding model": model_of(store), "not readable": len(store.problems())}
    facts = {"index": path.relative_to(settings.root).as_posix(), "megabytes": path.stat().st_size / 1e6, **facts}
    if as_json:
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
    else:
        told = {name: f"{value:.1f}" if isinstance(value, float) else str(value) for name, value in facts.items()}
        print_table([(name, value or "none") for name, value in told.items()])


@app.command("search")
def search_command(
    question: Annotated[str, typer.Argument(help="What to look for")],
    top: Annotated[int, typer.Option("--top", min=1, help="Passages to show")] = _SHOWN,
    documents: SourceOption = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Show the passages that a question is about, the best first."""
    settings = read_settings(documents, None, overrides, env)
    from .opening import open_retriever

    with open_retriever(settings) as (retriever, _):
        hits = retriever.search([question], top)[0]
    if as_json:
        found = [{"score": one.score, "document": one.chunk.document, "text": one.chunk.text} for one in hits]
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    elif not hits:
        typer.echo("no passage is about that", err=True)
    for rank, hit in enumerate([] if as_json else hits, 1):
        typer.echo(f"{rank}. {hit.chunk.document}, {hit.chunk.place} ({hit.score:.4f})\n{hit.chunk.text}\n")


@evaluate.command("rag")
def rag_command(
    checkpoint: CheckpointArgument = None,
    documents: SourceOption = None,
    dataset: DatasetOption = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Score retrieval and answers together: what is found, what is said of it, and which of the two failed."""
    assessor = make_assessor(documents, dataset, overrides, env)
    from .commands import score_retrieval

    score_retrieval(assessor, checkpoint, as_json=as_json)
