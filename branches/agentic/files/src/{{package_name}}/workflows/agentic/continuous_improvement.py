"""A model that is kept good: drift → retraining → evaluation → promotion gate → lesson in memory.

Whether the world has changed is measured by monitoring, and whether the new model is better by the promotion gate. An
agent chooses what is trained, by what earlier runs have taught, and says what this one teaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, JsonValue

from ...agents.tasks import Grant, Record, TaskSpec
from ...agents.tools.spec import Effect, Tool, tool
from .crew import Ending, Halted, Work, answer_of, config_of, do, fault_of, gave, new_id, work_of

if TYPE_CHECKING:
    from ...agents.memory.remembering import TaskMemory
    from ...agents.session import Project
    from ...monitoring.report import MonitoringReport
    from ...monitoring.workflow import Monitor

IMPROVER = "You keep a model good: you look at its drift and at earlier lessons, choose what is trained, and learn."
NOTHING = "nothing to do"

_BASELINE = "baseline"
_RUN = ".improve"  # what the ids of the agent's runs end with, and with them the sources of lessons
_MOST_NAMED = 5  # columns in a lesson
_TRAINING_SECONDS = 3_600

Names = Annotated[list[str], Field(description="Algorithms to train, by name; at least one", min_length=1)]


class Drifted(Record):
    """A column that is not as it was at training.

    Attributes
    ----------
    psi
        Population stability index; none where only the share of missing values has changed.
    """

    column: str
    kind: str
    psi: float | None


class Scores(Record):
    """What the gate compared on the test split.

    Attributes
    ----------
    gain
        Of the new version over the champion, with its interval of confidence.
    """

    metric: str
    value: float | None
    gain: float | None
    low: float | None
    high: float | None


class Improvement(Record):
    """What came of looking after a model.

    Attributes
    ----------
    version
        The champion that was looked at, on so many `rows` of its predictions.
    recalled
        Lessons of earlier runs that the agent was told.
    outcome
        `nothing to do`, or of the retraining: `promoted`, `refused`, `skipped`, `failed`.
    candidate
        The version that was trained, if any, and of which algorithm.
    checks
        Conditions of the gate: name, whether it held, what was found.
    lesson
        What was kept in memory; empty if nothing was.
    ending
        Whether the agent came to an end; if not, the rest is what there was by then.
    """

    task_id: str
    model: str
    version: int
    status: str
    rows: int
    drifted: tuple[Drifted, ...]
    recalled: tuple[str, ...] = ()
    trained: tuple[str, ...] = ()
    outcome: str = NOTHING
    reason: str = ""
    candidate: int | None = None
    algorithm: str = ""
    scores: Scores | None = None
    checks: tuple[tuple[str, bool, str], ...] = ()
    lesson: str = ""
    work: tuple[Work, ...] = ()
    ending: Ending = Ending()


def improve(project: Project, model: str, *, since: str = "", task_id: str = "") -> Improvement:
    """Look whether a model still fits what it is asked; if not, have it trained anew, and keep what that taught.

    Parameters
    ----------
    since
        Start of the window of predictions; that of `monitoring.since` if empty.
    task_id
        Of an earlier run, to go on with it: what was trained is not trained again.

    Raises
    ------
    ProjectError
        If the model has no champion, or its predictions can't be read.
    """
    from ...monitoring.workflow import Monitor

    monitor = Monitor.open(config_of(project))
    try:
        report = monitor.look(model, since or monitor.settings.since, datetime.now(UTC))
        monitor.history.add(report, monitor.settings.keep_reports)
        seen = Improvement(
            task_id=task_id or new_id("improvement"),
            model=model,
            version=report.version,
            status=report.status,
            rows=report.rows,
            drifted=_drifted(report),
            reason=_why_not(report),
        )
        return _retrain(project, monitor, seen, report) if report.drifted else seen
    finally:
        monitor.log.close()


def _retrain(project: Project, monitor: Monitor, seen: Improvement, report: MonitoringReport) -> Improvement:
    """Have an agent choose and train, let the gate decide, and keep the lesson."""
    from ...agents.reasoning import ReasoningAgent

    memory = _memory(project)
    task = _task(monitor, seen)
    recalled = [one for one in memory.recall(task) if one.source.endswith(_RUN)] if memory else []
    tools = [_reporter(report), _trainer(monitor, seen.model)]
    agent = ReasoningAgent(name="improver", role=IMPROVER, tools=tools, strategy="react", project=project)
    ending = Ending()
    try:
        result = do(agent, task, may_fail=True)
    except Halted as halted:
        result, ending = halted.result, halted.ending
    done = gave(result, "model_retrainer")
    fault = fault_of(result, "model_retrainer") or ending.reason or "the agent trained nothing"
    told = done[-1] if done else {"outcome": "failed", "reason": fault}
    improved = seen.model_copy(
        update={
            "recalled": tuple(f"{one.text} ({one.source})" for one in recalled),
            "trained": tuple(told.get("trained", ())),
            "outcome": told["outcome"],
            "reason": told["reason"],
            "candidate": told.get("candidate"),
            "algorithm": told.get("algorithm", ""),
            "work": (work_of(agent, task, result),),
            "ending": ending,
        }
    )
    improved = improved.model_copy(update=_judged(monitor, improved))
    if not memory or improved.candidate is None:  # a training that was skipped teaches nothing about models
        return improved
    lesson = lesson_of(improved, str(answer_of(result).get("lesson", "")))
    _keep(memory, task, lesson, tainted=any(step.tainted for step in result.steps))
    return improved.model_copy(update={"lesson": lesson})


def _task(monitor: Monitor, seen: Improvement) -> TaskSpec:
    workspace = monitor.workspace
    task = workspace.splits(seen.model).card.task
    known: list[JsonValue] = [name for name in workspace.task(task).algorithms if name != _BASELINE]
    answer = {"type": "object", "properties": {"lesson": {"type": "string"}}, "required": ["lesson"]}
    return TaskSpec(
        goal=f"The model {seen.model} drifted: train it anew, and say what that teaches",
        inputs={"model": seen.model, "algorithms": known},
        answer_schema=answer,
        grants=(Grant(tool="model_retrainer"),),
        task_id=f"{seen.task_id}{_RUN}",
    )


def _reporter(report: MonitoringReport) -> Tool:
    """Make the tool that tells the drift: names and numbers, and no value of the data, which could be anything."""

    def drift_report() -> dict[str, JsonValue]:
        """Tell which columns of the model drifted, and how its scores are by now."""
        own = next((one for one in report.performance if one.version == report.version), None)
        scores = {one.metric: one.current.value for one in own.scores} if own else {}
        drifted: list[JsonValue] = [one.model_dump() for one in _drifted(report)]
        return {"version": report.version, "rows": report.rows, "drifted": drifted, "scores": {**scores}}

    return tool(Effect.READ)(drift_report)


def _trainer(monitor: Monitor, model: str) -> Tool:
    """Make the tool that trains the model anew. Once a day at most, or as `monitoring.retraining` says."""
    from ...models.registry import find_version
    from ...monitoring.retraining import retrain

    def model_retrainer(algorithms: Names) -> dict[str, JsonValue]:
        """Make the dataset anew, train the algorithms, and put the best version before the promotion gate."""
        rules = monitor.settings.retraining.model_copy(update={"algorithms": algorithms})
        done = retrain(monitor.config, model, monitor.history, rules, datetime.now(UTC))
        told: dict[str, JsonValue] = {"trained": [*algorithms], "outcome": done.outcome, "reason": done.reason}
        if done.candidate is not None:
            version = find_version(monitor.workspace.tracking, model, str(done.candidate))
            told |= {"candidate": done.candidate, "algorithm": version.tags.get("algorithm", "")}
        return told

    return tool(Effect.WRITE, timeout=_TRAINING_SECONDS)(model_retrainer)


def _judged(monitor: Monitor, improved: Improvement) -> dict[str, Any]:
    """Read what the gate has found of the new version."""
    from ...models.promotion import decisions

    found = decisions(monitor.workspace.tracking, improved.model)
    decision = next((one for one in found if one.candidate == improved.candidate), None)
    if decision is None:
        return {}
    compared, score = decision.comparison, decision.scores.get(decision.metric)
    scores = Scores(
        metric=decision.metric,
        value=score.value if score else None,
        gain=compared.value if compared else None,
        low=compared.low if compared else None,
        high=compared.high if compared else None,
    )
    return {"scores": scores, "checks": tuple((one.name, one.passed, one.detail) for one in decision.checks)}


def lesson_of(improved: Improvement, said: str) -> str:
    """Write a lesson: what happened, in words of this program, and what the agent makes of it.

    Examples
    --------
    >>> seen = Improvement(task_id="i", model="homes", version=1, status="alarm", rows=9, drifted=())
    >>> done = seen.model_copy(update={"trained": ("ridge",), "algorithm": "ridge", "outcome": "promoted"})
    >>> lesson_of(done, "Try it first.")
    'The model homes drifted. Of ridge, ridge was best and promoted by the gate. Try it first.'
    """
    names = [f"`{one.column}`" for one in sorted(improved.drifted, key=lambda one: -(one.psi or 0))]
    rest = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    where = f" in {', '.join(names[:_MOST_NAMED])}{rest}" if names else ""
    trained = ", ".join(improved.trained)
    best = f"Of {trained}, {improved.algorithm} was best and {improved.outcome} by the gate."
    return f"The model {improved.model} drifted{where}. {best} {said}".strip()


def _keep(memory: TaskMemory, task: TaskSpec, lesson: str, *, tainted: bool) -> None:
    """Keep a lesson once, however often the run goes on."""
    from ...agents.memory.records import Entry

    memory.store.forget(user=task.user, source=task.task_id)
    memory.keep(Entry(kind="fact", user=task.user, text=lesson, source=task.task_id, tainted=tainted))


def _memory(project: Project) -> TaskMemory | None:
    from ...agents.memory.opening import open_memory

    return open_memory(project.agentic, project.root) if project.agentic.memory.enabled else None


def _drifted(report: MonitoringReport) -> tuple[Drifted, ...]:
    return tuple(Drifted(column=one.column, kind=one.kind, psi=one.psi) for one in report.drift if one.drifted)


def _why_not(report: MonitoringReport) -> str:
    if report.drifted:
        return ""
    if report.status == "too few rows":
        return f"{report.rows} predictions are too few to compare"
    return f"{report.rows} predictions are like the {report.reference_rows} rows of training"


def verdict(improved: Improvement) -> str:
    """Say in a sentence how it ended."""
    model = f"version {improved.version} of {improved.model}"
    if improved.outcome == NOTHING:
        return f"Nothing was done to {model}: {improved.reason}."
    drifted = f"{len(improved.drifted)} columns of {model} drifted"
    if improved.candidate is None:
        return f"{drifted}, and the retraining {improved.outcome}: {improved.reason}."
    made = f"version {improved.candidate} ({improved.algorithm})"
    went = "made it the champion" if improved.outcome == "promoted" else "refused it"
    return f"{drifted}; {made} was trained anew, and the gate {went}."


def names_of(drifted: Sequence[Drifted]) -> list[tuple[JsonValue, ...]]:
    """Give rows of column, kind and index, the greatest first."""
    ordered = sorted(drifted, key=lambda one: -(one.psi or 0))
    return [(one.column, one.kind, None if one.psi is None else round(one.psi, 3)) for one in ordered]
