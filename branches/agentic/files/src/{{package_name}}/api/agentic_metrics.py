"""What Prometheus reads about agents: tasks, models, tools, tokens, cost, and who waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ..agents.observability.totals import TotalsStore
from ..agents.tasks import Status
from ..errors import ProjectError
from ..logs import get_logger

if TYPE_CHECKING:
    from ..agents.durability.store import RunStore

_SUMS = {
    "tasks": ("agent_tasks", "Tasks that have ended", ("status",)),
    "model_calls": ("agent_model_calls", "Answers of models", ("model",)),
    "tokens": ("agent_tokens", "Tokens that models read and wrote", ("model", "kind")),
    "cost": ("agent_cost_dollars", "US dollars that models took, by the price table", ("model",)),
    "tool_calls": ("agent_tool_calls", "Calls of tools", ("tool", "outcome")),
    "tool_seconds": ("agent_tool_seconds", "Seconds that tools took", ("tool",)),
    "approvals": ("agent_approvals", "Approvals that were answered", ("answer",)),
}


class AgentMetrics(Collector):
    """Numbers of all processes that do tasks, from the database that they share.

    Parameters
    ----------
    store
        Gives the store of runs; it is opened with the first scrape.
    """

    def __init__(self, store: Callable[[], RunStore]) -> None:
        self._store = store
        self._told = ""

    def describe(self) -> list[Metric]:
        """Name nothing beforehand: to register must not open the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give the numbers; none while the database can't be used."""
        try:
            store = self._store()
            totals = TotalsStore(store.database).read()
            waiting = len(store.approvals())
            live = {status: store.count(status) for status in (Status.RUNNING, Status.WAITING)}
        except ProjectError as error:
            if self._told != error.message:
                get_logger(__name__).error("numbers of agents can't be read", reason=str(error))
            self._told = error.message
            return
        self._told = ""
        for key, (name, text, labels) in _SUMS.items():
            family = CounterMetricFamily(name, text, labels=labels)
            for (kind, label), value in sorted(totals.items()):
                if kind == key:
                    family.add_metric(label.split("\n"), value)
            yield family
        runs = GaugeMetricFamily("agent_runs", "Runs that have not ended", labels=("status",))
        for status, count in live.items():
            runs.add_metric([status.value], count)
        yield runs
        yield GaugeMetricFamily("agent_approvals_waiting", "Calls that wait for a person", value=waiting)
