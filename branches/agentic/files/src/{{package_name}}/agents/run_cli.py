"""The commands `agents run` and `agents models`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from ..runtime import EnvOption, JsonOption, SetOption, start

if TYPE_CHECKING:
    from .base import Agent, Options, Strategy
    from .coordination.team import Team
    from .events import Listener
    from .session import ApprovalRequest, Decision, Project
    from .starting import Worker
    from .tasks import TaskResult, TaskSpec

    Aside = Callable[[], AbstractContextManager[None]]
    Ask = Callable[[ApprovalRequest], Decision | None]

Kind = Literal["reasoning", "tool", "team"]

InputOption = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="NAME=VALUE", help="What the task is about, JSON or text; repeatable"),
]
ToolsOption = Annotated[
    list[str] | None, typer.Option("--tool", metavar="NAME", help="A tool that may be used; all by default; repeatable")
]
StrategyOption = Annotated[
    str | None, typer.Option("--strategy", metavar="NAME", help="plan_execute, react or reflection")
]

GoalArgument = Annotated[str, typer.Argument(help="What is wanted, in words")]
IdOption = Annotated[str, typer.Option("--id", metavar="ID", help="Under which the run is kept; goes on if begun")]
WatchOption = Annotated[bool, typer.Option("--watch", help="Show each step as it happens")]


def run(
    goal: GoalArgument,
    inputs: InputOption = None,
    tools: ToolsOption = None,
    agent: Annotated[
        Kind, typer.Option("--agent", help="Who does it; a team is one that plans and one with tools")
    ] = "team",
    model: Annotated[
        str | None, typer.Option("--model", metavar="NAME", help="The model that plans and decides")
    ] = None,
    strategy: StrategyOption = None,
    framework: Annotated[
        str | None, typer.Option("--framework", metavar="NAME", help="What leads agents: see `agents frameworks list`")
    ] = None,
    task_id: IdOption = "",
    watch: WatchOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give agents a task, and print what comes of it. Exits with 1 if it is not done."""
    from .opening import project_of

    project = project_of(start(overrides, env))
    task = make_task(goal, inputs, task_id)
    worker = make_worker(project, agent, tools, model, strategy, framework)
    carry_out(project, worker, task, watch=watch, as_json=as_json)


def models(
    name: Annotated[str, typer.Argument(help="A model, such as gpt-4; the configured ones by default")] = "",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Tell which model answers, and what it costs."""
    from .models.factory import describe_model
    from .models.prices import price_of
    from .opening import project_of

    project = project_of(start(overrides, env))
    agents = project.agentic.agents
    configured = {"reasoning_model": agents.reasoning_model, "tool_model": agents.tool_model or agents.reasoning_model}
    for key, wanted in ({name: name} if name else configured).items():
        price = price_of(wanted, project.agentic.models.prices)
        paid = f"{price.input:g} and {price.output:g} US dollars for a million tokens read and written" if price else ""
        typer.echo(f"{key}: {describe_model(project, wanted)}")
        typer.echo(f"  {paid or 'no price is known: limits of money do not count it'}")


def make_task(goal: str, inputs: list[str] | None, task_id: str) -> TaskSpec:
    """Make a task of what a command was given; without an id it gets a new one."""
    from .tasks import TaskSpec

    known: dict[str, Any] = {"task_id": task_id} if task_id else {}
    return TaskSpec(goal=checked_goal(goal), inputs=dict(map(parse_input, inputs or [])), **known)


def carry_out(project: Project, worker: Worker | Team, task: TaskSpec, *, watch: bool, as_json: bool) -> NoReturn:
    """Have a task done before the eyes of who asked, print what comes of it, and exit with 1 if it is not done."""
    from .budget import how_to_go_on
    from .durability.running import execute

    with watching(project, task, watch=watch) as (listeners, ask):
        result = execute(worker, task, listeners=listeners, ask=ask)
    print_result(result, as_json=as_json)
    hint = how_to_go_on(project.agentic.agents.budget, task.limits, result)
    if hint:
        typer.echo(hint, err=True)
    raise typer.Exit(0 if result.status == "done" else 1)


def checked_goal(goal: str) -> str:
    """Refuse a goal that says nothing."""
    from .errors import AgentError

    if not goal.strip():
        raise AgentError("the goal is empty", hint="say what is wanted, in words")
    return goal


def parse_input(text: str) -> tuple[str, Any]:
    """Read an input: its value is JSON, or text."""
    from .errors import AgentError

    name, equals, value = text.partition("=")
    if not equals or not name:
        raise AgentError(f"the input {text!r} has no name", hint="write --input name=value")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def make_worker(
    project: Project,
    kind: Kind,
    tools: list[str] | None,
    model: str | None,
    strategy: str | None,
    framework: str | None,
) -> Agent | Team:
    """Make who does a task, of what a command was given."""
    from .errors import AgentError
    from .frameworks.catalogue import framework_named
    from .reasoning import ReasoningAgent
    from .tool_calling import ToolAgent
    from .tools.registry import survey_tools

    known: dict[str, Strategy] = {"plan_execute": "plan_execute", "react": "react", "reflection": "reflection"}
    if strategy is not None and strategy not in known:
        raise AgentError(f"there is no strategy {strategy!r}", hint=f"there are: {', '.join(known)}")
    chosen = known[strategy] if strategy else None
    led: Options = {"framework": framework_named(framework).name} if framework else {}
    found = tools
    if found is None and project.config is not None:
        found = [tool.name for offer in survey_tools(project.config) for tool in offer.tools]
    if kind == "tool":
        return ToolAgent(model, tools=found or (), strategy=chosen, project=project, **led)
    if kind == "reasoning":
        return ReasoningAgent(model, tools=found or (), strategy=chosen, project=project, **led)
    executor = ToolAgent(tools=found or (), project=project, **led)
    return ReasoningAgent(model, strategy=chosen, project=project, **led).coordinate_with(executor)


@contextmanager
def watching(project: Project, task: TaskSpec, *, watch: bool) -> Iterator[tuple[tuple[Listener, ...], Ask | None]]:
    """Give who listens to a run, and who is asked for approvals: the person at the terminal, if there is one."""
    asked = sys.stdin.isatty()
    if not watch:
        yield (), partial(_ask, aside=nullcontext) if asked else None
        return
    from .budget import limits_of
    from .watching import open_watcher

    limits = limits_of(project.agentic.agents.budget, task.limits)
    with open_watcher(sys.stderr, limits) as (listener, aside):
        yield (listener,), partial(_ask, aside=aside) if asked else None


def _ask(request: ApprovalRequest, *, aside: Aside) -> Decision | None:
    """Ask the person at the terminal; no answer leaves the question open."""
    from .person import at_terminal
    from .safety.approvals import describe
    from .session import Decision

    with aside():
        typer.echo(describe(request), err=True)
        try:
            approved = typer.confirm("Allow it?", err=True)
        except typer.Abort:
            return None
    return Decision(approved=approved, by=at_terminal())


def print_result(result: TaskResult, *, as_json: bool) -> None:
    """Print what came of a task: its output, and apart from it how it ended and what it took."""
    if as_json:
        typer.echo(result.model_dump_json(indent=2))
        return
    from .safety.taint import visible

    output = result.output
    if output is not None:
        typer.echo(visible(output if isinstance(output, str) else json.dumps(output, indent=2, ensure_ascii=False)))
    used = result.usage
    cost = f", {used.cost:.4f} US dollars" if used.cost else ""
    reason = f": {result.reason}" if result.reason else ""
    typer.echo(visible(f"{result.status}{reason}"), err=True)
    typer.echo(
        f"{used.steps} steps, {used.tokens:,} tokens, {used.seconds:.1f} s{cost}, task {result.task_id}", err=True
    )
    if result.status == "waiting":
        typer.echo(f"`agents runs approve` decides, `agents runs resume {result.task_id}` goes on then", err=True)
