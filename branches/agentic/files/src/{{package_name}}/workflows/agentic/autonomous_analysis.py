"""A question about a dataset becomes a report: plan → queries → pictures → answer → each number computed again → page.

The analyst is an agent. What it states is checked by this program against the data, with the queries that it cites: a
number that does not come out again is marked, and the analyst is asked once to correct it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from ...agents.errors import ToolError
from ...agents.tasks import Record, TaskResult, TaskSpec
from .crew import Ending, Halted, Work, answer_of, config_of, do, folder_of, new_id, run_tool, work_of

if TYPE_CHECKING:
    from ...agents.session import Project
    from ...agents.tools.spec import Tool

ANALYST = (
    "You analyse data. You look at its profile, ask it by SQL, draw it, and answer with numbers. "
    "Each number is followed by the query it comes from, such as 14.1 [size.mean], where size is a query of one row."
)
CORRECTION = "Correct the draft: after ⚠ stands what is wrong with the number before it. State only what queries give."

_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_PICTURE = {
    "type": "object",
    "properties": {"file": {"type": "string"}, "caption": {"type": "string"}},
    "required": ["file", "caption"],
}
_FINDINGS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "minLength": 1},
        "queries": _TEXTS,
        "pictures": {"type": "array", "items": _PICTURE},
    },
    "required": ["text", "queries", "pictures"],
    "additionalProperties": False,
}
_CORRECTED: dict[str, Any] = {
    "type": "object",
    "properties": {"text": {"type": "string", "minLength": 1}, "queries": _TEXTS},
    "required": ["text", "queries"],
    "additionalProperties": False,
}


class Number(Record):
    """A number or citation of the answer.

    Attributes
    ----------
    found
        What the query that it cites gives; None if it gives none.
    note
        Why it does not hold.
    """

    text: str
    state: str
    cites: str = ""
    found: float | None = None
    note: str = ""


class Answered(Record):
    """A query of the analyst, and what it gave when this program asked it again."""

    name: str
    sql: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[JsonValue, ...], ...] = ()
    error: str = ""


class Picture(Record):
    """A picture that the analyst drew, as an SVG document."""

    caption: str
    svg: str


class Analysis(Record):
    """What came of a question.

    Attributes
    ----------
    text
        The answer; behind each number that does not hold stands why.
    valid
        Whether every number and citation holds.
    corrected
        Whether the analyst was asked to correct itself.
    profile
        Of the dataset, as it was computed for the page.
    ending
        Whether all of it was done; if not, the queries are those that the analyst had asked by then.
    """

    task_id: str
    question: str
    dataset: str
    plan: tuple[str, ...] = ()
    text: str = ""
    valid: bool = False
    corrected: bool = False
    numbers: tuple[Number, ...] = ()
    queries: tuple[Answered, ...] = ()
    pictures: tuple[Picture, ...] = ()
    profile: dict[str, JsonValue]
    work: tuple[Work, ...]
    ending: Ending = Ending()


def analyse(project: Project, question: str, dataset: str, *, task_id: str = "") -> Analysis:
    """Answer a question about a dataset.

    Parameters
    ----------
    dataset
        One that `data run` has made, or a file of the project's `data` folder.
    task_id
        Of an earlier analysis, to go on with it.

    Raises
    ------
    ToolError
        If the dataset can't be read.
    """
    from ...agents.reasoning import ReasoningAgent
    from ...agents.tools.registry import open_tools

    analyzer, validation = open_tools(["data_analyzer", "validation"], config_of(project))
    task_id = task_id or new_id("analysis")
    profile = run_tool(analyzer, project, task_id, action="profile", dataset=dataset)
    analyst = ReasoningAgent(name="analyst", role=ANALYST, tools=[analyzer], project=project)
    inputs: dict[str, JsonValue] = {"dataset": dataset}
    task = TaskSpec(goal=question, inputs=inputs, answer_schema=_FINDINGS, task_id=f"{task_id}.analyst")
    begun = Analysis(task_id=task_id, question=question, dataset=dataset, profile=profile, work=())
    try:
        result = do(analyst, task)
    except Halted as halted:
        asked = _asked(analyzer, project, task, halted.result)
        return begun.model_copy(update={"queries": asked, "work": halted.work, "ending": halted.ending})
    said, work, ending = answer_of(result), [work_of(analyst, task, result)], Ending()
    checked = _check(validation, project, task, said)
    if not checked["valid"]:
        given: dict[str, JsonValue] = {**inputs, "draft": checked["text"], "queries": said["queries"]}
        again = TaskSpec(goal=CORRECTION, inputs=given, answer_schema=_CORRECTED, task_id=f"{task_id}.correction")
        try:
            result = do(analyst, again)
            said |= answer_of(result)
            work.append(work_of(analyst, again, result))
            checked = _check(validation, project, task, said)
        except Halted as halted:
            work, ending = [*work, *halted.work], halted.ending
    found = {
        "plan": _plan(project, task.task_id),
        "text": checked["text"],
        "valid": checked["valid"],
        "corrected": len(work) > 1,
        "numbers": tuple(Number.model_validate(one) for one in checked["claims"]),
        "queries": tuple(_ask_again(analyzer, project, task, name, sql) for name, sql in said["queries"].items()),
        "pictures": _pictures(project, task, said["pictures"]),
    }
    return begun.model_copy(update={**found, "work": tuple(work), "ending": ending})


def _asked(analyzer: Tool, project: Project, task: TaskSpec, result: TaskResult) -> tuple[Answered, ...]:
    """Give the queries that an analyst had asked who came to no answer."""
    made = [step for step in result.steps if step.name == analyzer.name and not step.error]
    asked = [step.input["sql"] for step in made if isinstance(step.input, dict) and step.input.get("action") == "query"]
    return tuple(
        _ask_again(analyzer, project, task, f"query {number}", str(sql)) for number, sql in enumerate(asked, start=1)
    )


def _check(validation: Tool, project: Project, task: TaskSpec, said: dict[str, Any]) -> dict[str, Any]:
    dataset = task.inputs["dataset"]
    queries = {name: {"dataset": dataset, "sql": sql} for name, sql in said["queries"].items()}
    return run_tool(validation, project, task.task_id, text=said["text"], queries=queries)


def _ask_again(analyzer: Tool, project: Project, task: TaskSpec, name: str, sql: str) -> Answered:
    try:
        dataset = task.inputs["dataset"]
        found = run_tool(analyzer, project, task.task_id, action="query", dataset=dataset, sql=sql)
    except ToolError as error:
        return Answered(name=name, sql=sql, error=str(error))
    return Answered(name=name, sql=sql, columns=found["columns"], rows=found["rows"])


def _pictures(project: Project, task: TaskSpec, named: list[dict[str, str]]) -> tuple[Picture, ...]:
    """Read the pictures that are there: files of the analyst's own folder, and none elsewhere."""
    folder = folder_of(project, task.task_id).resolve()
    found = []
    for one in named:
        path = (folder / one["file"]).resolve()
        if path.is_relative_to(folder) and path.suffix == ".svg" and path.is_file():
            found.append(Picture(caption=one["caption"], svg=path.read_text(encoding="utf-8")))
    return tuple(found)


def _plan(project: Project, task_id: str) -> tuple[str, ...]:
    from ...agents.durability.opening import open_durability

    events = open_durability(project).store.events(task_id)
    plans = [event.data["steps"] for event in events if event.kind == "plan"]
    return tuple(str(line) for line in plans[-1]) if plans and isinstance(plans[-1], list) else ()
