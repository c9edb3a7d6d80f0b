"""The page of what the promotion gate has decided, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...reports import Block, Facts, Figure, Link, Section, Status, Table
from ...reports.charts import Bar, intervals
from .. import draw
from ..page import Page, Visit
from ..sources import tracking_of

if TYPE_CHECKING:
    from ...models.promotion import Decision

_MOST = 100


def load(visit: Visit) -> list[Section]:
    """Read the decisions about all models, or about one version of one."""
    from ...models.promotion import decisions
    from ...models.registry import list_models

    tracking, model, version = tracking_of(visit.config), visit.first("model"), visit.first("version")
    models = [model] if model else list_models(tracking)
    found = [decision for name in models for decision in decisions(tracking, name)]
    found.sort(key=lambda decision: decision.decided, reverse=True)
    if not found:
        return draw.empty("No decisions yet", "models train", "models promote MODEL")
    chosen = [decision for decision in found if str(decision.candidate) == version] if version else found[:1]
    rows = [_row(visit, decision) for decision in found[:_MOST]]
    header = ("candidate", "decision", "against", "metric", "better by", "decided")
    overview = Section("The last decision about each version", [Table(header, rows)])
    return [overview, *(_detail(decision) for decision in chosen)]


def outcome(decision: Decision) -> Status:
    """Say what was decided."""
    if decision.forced:
        return Status("warning", "promoted by force")
    return Status("good", "promoted") if decision.promoted else Status("critical", "refused")


def link(visit: Visit, decision: Decision, text: str) -> Link:
    """Lead to a decision."""
    return Link(text, visit.address("/decisions", model=decision.model, version=str(decision.candidate)))


def _row(visit: Visit, decision: Decision) -> tuple[object, ...]:
    name = link(visit, decision, f"{decision.model} version {decision.candidate}")
    gain = decision.comparison.value if decision.comparison else None
    return name, outcome(decision), _against(decision), decision.metric, gain, decision.decided


def _against(decision: Decision) -> str:
    return f"version {decision.champion}" if decision.champion else "the baseline"


def _detail(decision: Decision) -> Section:
    status = outcome(decision)
    blocks: list[Block] = [Status(status.level, f"{status.text}: {decision.reason}")]
    blocks.append(Facts({"decided": decision.decided, "compared with": _against(decision), "by": decision.metric}))
    if decision.comparison:
        gain = decision.comparison
        row = Bar(f"version {decision.candidate}", gain.value, gain.low, gain.high)
        interval = f"{gain.value:.4g} [{gain.low:.4g}, {gain.high:.4g}]"
        caption = f"Better than {_against(decision)} in {decision.metric} by {interval}; p = {gain.p_value:.4f}"
        blocks.append(Figure(intervals([row]), caption, caption))
    checks = [
        (one.name, Status("good", "holds") if one.passed else Status("critical", "fails"), one.detail)
        for one in decision.checks
    ]
    if checks:
        blocks.append(Table(("check", "", "detail"), checks, "What the gate asked for"))
    scores = [(name, one.value, one.low, one.high) for name, one in decision.scores.items()]
    blocks.append(Table(("metric", "value", "from", "to"), scores, "Scores of the candidate on the test split"))
    return Section(f"{decision.model} version {decision.candidate}", blocks)


PAGE = Page("/decisions", "Decisions", load, draw.sections, order=30)
