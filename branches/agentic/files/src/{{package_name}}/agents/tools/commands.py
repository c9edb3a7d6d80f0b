"""The commands `agents tools …`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from .spec import Tool

app = typer.Typer(help="The tools that agents have.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="TOOL", help="Its name")]


@app.command("list")
def list_command(overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False) -> None:
    """List the tools, what a call of each does to the world, and why some are not there."""
    config = start(overrides, env)
    from ..safety.taint import visible
    from .registry import survey_tools

    offers = survey_tools(config)
    if as_json:
        tools = [{**_facts(tool), "schema": tool.schema()["function"]} for offer in offers for tool in offer.tools]
        missing = {offer.name: offer.reason for offer in offers if offer.reason}
        typer.echo(json.dumps({"tools": tools, "missing": missing}, indent=2, ensure_ascii=False))
        return
    rows = [("tool", "effect", "description")]
    for offer in offers:
        rows += [(tool.name, str(tool.effect), visible(tool.description.splitlines()[0])) for tool in offer.tools]
    print_table(rows)
    for offer in offers:
        if offer.reason:
            typer.echo(f"not there: {offer.name}: {offer.reason.replace(chr(10), '; ')}", err=True)


@app.command("show")
def show_command(name: NameArgument, overrides: SetOption = None, env: EnvOption = None) -> None:
    """Print a tool as JSON: its limits, whether its calls are made, and what language models are shown of it."""
    config = start(overrides, env)
    from ..config import AgenticConfig
    from ..safety.opening import open_gate
    from ..tasks import TaskSpec
    from .registry import open_tools

    agentic = config.group("agentic", AgenticConfig)
    gate, task = open_gate(agentic, config.root), TaskSpec(goal=f"show {name}")
    shown = [
        {
            **_facts(tool),
            "timeout": tool.timeout or agentic.tools.timeout,
            "calls": {
                when: gate.decide(tool, {}, tainted=tainted, task=task).model_dump()
                for when, tainted in (("before", False), ("after untrusted text", True))
            },
            "schema": tool.schema()["function"],
        }
        for tool in open_tools([name], config)
    ]
    typer.echo(json.dumps(shown[0] if len(shown) == 1 else shown, indent=2, ensure_ascii=False))


@app.command("call")
def call_command(
    name: NameArgument,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="Its arguments; a value may be YAML or JSON")
    ] = None,
    task: Annotated[str, typer.Option("--task", help="Whose folder of files it works in")] = "by-hand",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Call a tool yourself, and print what it gives as JSON.

    The call goes the way of an agent's: limits, kill switch, tools that nobody may use, audit log. What a person would
    be asked about, you approve by calling it.
    """
    config = start(overrides, env)
    from ..errors import AgentError, ToolError
    from ..opening import project_of
    from .calling import call_by_hand
    from .registry import open_tools

    tools = open_tools([name], config)
    if len(tools) != 1:
        raise AgentError(f"{name} is several tools", hint=", ".join(tool.name for tool in tools))
    step, files = call_by_hand(project_of(config), tools[0], _parse(arguments or []), task)
    if step.error:
        message, _, hint = step.error.partition("\nhint: ")
        raise ToolError(message, hint=hint)
    typer.echo(json.dumps(step.output, indent=2, ensure_ascii=False))
    for file in files:
        typer.echo(f"written: {file}", err=True)
    if step.tainted:
        typer.echo("nobody vouches for this content", err=True)


def _facts(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "effect": str(tool.effect),
        "honours_key": tool.honours_key,
        "untrusted": tool.untrusted,
        "foreign": tool.foreign,
        "timeout": tool.timeout,
    }


def _parse(texts: list[str]) -> dict[str, Any]:
    import yaml

    from ..errors import AgentError

    parsed: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise AgentError(f"{text!r} is no name=value", hint="for example: dataset=breast-cancer")
        try:
            # A text may look like YAML without being any, such as SQL.
            parsed[name] = yaml.safe_load(value) if value[:1] in "[{\"'" or value[:1].isdigit() else value
        except yaml.YAMLError:
            parsed[name] = value
        if parsed[name] in ("true", "false"):
            parsed[name] = parsed[name] == "true"
    return parsed
