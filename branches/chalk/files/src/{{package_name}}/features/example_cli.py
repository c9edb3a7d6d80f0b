"""The command that shows the example."""

from __future__ import annotations

import typer

from ..runtime import EnvOption, SetOption, start


def demo_command(overrides: SetOption = None, env: EnvOption = None) -> None:
    """Go from purchases of real customers to features, a model, a stream and online reads, with a report."""
    config = start(["logging.level=WARNING", *(overrides or [])], env)
    from .example.demo import demonstrate

    journey = demonstrate(config)
    summary = "Purchases of real customers, features that are the same offline and online, and a model that is asked."
    page = journey.write("Features, from purchases to a model", summary)
    typer.echo(f"report: {page.relative_to(config.root)}")
