"""The commands ``llm pairs`` and ``llm generate``, and those of the index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ...runtime import EnvOption, SetOption
from ..options import SourceOption, load_model, read_settings
from ..rag.cli import app as index

app = typer.Typer()
app.add_typer(index, name="index")


@app.command("pairs")
def pairs(
    documents: SourceOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write JSON lines there")] = None,
    everything: Annotated[bool, typer.Option("--all", help="With those that are left out, and why")] = False,
) -> None:
    """Print the question-answer pairs of the documents as JSON lines, each with its score."""
    config, _, folder, _ = read_settings(documents, None, overrides, env)
    from ..pipeline import prepare

    prepared = prepare(folder, config.data, config.quality)
    prepared.tell()
    wanted = [one for one in prepared.judged if one.accepted or everything]
    lines = "".join(json.dumps(one.as_record(), ensure_ascii=False) + "\n" for one in wanted)
    if output is None:
        typer.echo(lines, nl=False)
    else:
        output.write_text(lines, encoding="utf-8")


@app.command("generate")
def generate(
    question: Annotated[str, typer.Argument(help="What to ask")],
    context: Annotated[
        str | None, typer.Option("--context", help="Passage to answer from; else one is looked for in the documents")
    ] = None,
    checkpoint: Annotated[str | None, typer.Option("--checkpoint", help="Such as documents-qa@v1.0.0")] = None,
    documents: SourceOption = None,
    overrides: SetOption = None,
) -> None:
    """Answer a question with a checkpoint."""
    settings = read_settings(documents, None, overrides, None)
    from ..console import console
    from ..inference import generate as ask

    config = settings.config
    if context is None:
        from ..rag.opening import open_retriever
        from ..rag.retrieval import context_of

        with open_retriever(settings) as (retriever, _):
            hits = retriever.search([question], config.rag.passages)[0]
        for hit in hits:
            console.print(f"from {hit.chunk.document}:\n{hit.chunk.text}", soft_wrap=True)
        if not hits:
            console.print("no passage is about that")
        context = context_of(hits)
    model, tokenizer, _ = load_model(checkpoint, config, settings.root)
    typer.echo(ask(model, tokenizer, [(context, question)], max_new_tokens=config.evaluation.max_new_tokens)[0])
