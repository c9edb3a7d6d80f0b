"""The commands `customers …`. What is heavy is imported inside them."""

from __future__ import annotations

from typing import Annotated

import typer

from ...runtime import EnvOption, SetOption, start

app = typer.Typer(help="Questions about customers, answered by an agent and checked.", no_args_is_help=True)

_WARNINGS = "logging.level=WARNING"


@app.callback()
def customers() -> None:
    """Questions about customers, answered by an agent with a model that was tuned here, and checked."""


@app.command("demo")
def demo_command(
    rows: Annotated[int, typer.Option("--rows", min=100, help="Conversations that the model learns from")] = 3000,
    epochs: Annotated[float, typer.Option("--epochs", min=0.1, help="Passes over them")] = 2.0,
    questions: Annotated[int, typer.Option("--questions", min=1, help="Of each topic, worded in two ways")] = 4,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Tune a model, serve it, have an agent answer questions about customers with it, and check each number."""
    config = start([_WARNINGS, *(overrides or [])], env)
    from .demo import demonstrate

    journey = demonstrate(config, rows=rows, epochs=epochs, questions=questions)
    summary = "An agent, a model that was tuned here, and features of a store: each number of an answer is checked."
    page = journey.write("Questions about customers", summary)
    typer.echo(f"report: {page.relative_to(config.root)}")


@app.command("ask")
def ask_command(
    question: Annotated[str, typer.Argument(help="Such as: How much did customer 42 spend this year?")],
    url: Annotated[str, typer.Option("--url", help="A service that has it, such as http://127.0.0.1:8000/v1")] = "",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Answer a question with the model that `customers demo` tuned. An answer that can't be checked is not told."""
    config = start([_WARNINGS, *(overrides or [])], env)
    from contextlib import nullcontext
    from datetime import UTC, datetime

    from .answering import Assistant
    from .tuning import served, thinking

    with nullcontext(thinking(config, url)) if url else served(config) as thinks:
        answer = Assistant(thinks, datetime.now(UTC)).ask(question)
    if answer.withheld:
        typer.echo(f"no answer: {answer.withheld}", err=True)
        typer.echo(f"the model said: {answer.text}", err=True)
        raise typer.Exit(1)
    typer.echo(answer.text)
