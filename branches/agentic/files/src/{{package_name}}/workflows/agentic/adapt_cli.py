"""The command `agents adapt`. What is heavy is imported inside it."""

from __future__ import annotations

from typing import Annotated

import typer

from ...runtime import EnvOption, SetOption, start
from .cli import IdOption, tell_ending


def adapt(
    model: Annotated[str, typer.Argument(help="A model that has a champion")],
    version: Annotated[str, typer.Option("--version", help="The candidate: its number or alias")] = "challenger",
    share: Annotated[float, typer.Option("--share", min=0.05, max=0.95, help="Of the requests that it gets")] = 0.5,
    looks: Annotated[int, typer.Option("--looks", min=1, help="At its figures, before it is rolled back")] = 4,
    requests: Annotated[int, typer.Option("--requests", min=1, help="Replayed from look to look")] = 55,
    labels: Annotated[int, typer.Option("--labels", min=2, help="Fewest of each version to compare them")] = 60,
    url: Annotated[str, typer.Option("--url", help="A service that runs, whose own requests count")] = "",
    wait: Annotated[float, typer.Option("--wait", help="Seconds from look to look, with --url")] = 60,
    task_id: IdOption = "",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Try a version on requests of a service beside the champion; an agent rolls it forward or back by its figures."""
    from contextlib import AbstractContextManager

    import httpx

    from ...agents.opening import project_of
    from ...config import load_config
    from ...demo.journey import Journey
    from ...demo.service import own_log, served
    from ...models.workspace import Workspace
    from .adaptive_deployment import Trial, deploy, verdict
    from .canary import find_both
    from .crew import new_id
    from .rollout_page import write_rollout
    from .traffic import Others, Replay, Traffic

    config = start(["logging.level=WARNING", *(overrides or [])], env)  # else each request is told
    task_id = task_id or new_id("rollout")
    folder = config.root / "reports" / task_id
    workspace = Workspace.open(config)
    find_both(workspace, model, version)  # before a service is started that would have nothing to do
    traffic: Traffic = Others(wait)
    service: AbstractContextManager[httpx.Client] = httpx.Client(base_url=url, timeout=30, trust_env=False)
    if not url:
        journey = Journey(config, workspace, folder)
        canary = [f"serving.traffic.{model}.mode=canary", f"serving.traffic.{model}.share={share}"]
        rules = ["serving.rules.promote=false", "serving.reload=1", f"serving.rules.least_labels={labels}"]
        service = served(journey, *canary, *rules)
        traffic = Replay(workspace.splits(model), requests)
        wanted = [*(overrides or []), *own_log(journey), f"serving.rules.least_labels={labels}"]
        config = load_config(config.environment, wanted, config.root)
    with service as client:
        rollout = deploy(project_of(config), Trial(client, traffic, looks), model, version, task_id=task_id)
    page = write_rollout(rollout, folder)
    for number, one in enumerate(rollout.rounds, start=1):
        typer.echo(f"  look {number}: {one.decision}: {one.reason}")
    typer.echo(verdict(rollout))
    typer.echo(f"report: {page.relative_to(config.root)}")
    tell_ending(rollout.ending)
