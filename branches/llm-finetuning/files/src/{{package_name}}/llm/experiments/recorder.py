"""Writes down what the router saw, watches guardrails, and decides: in a thread, so that no request waits for it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from ...errors import ProjectError, first_line
from ...logs import get_logger
from .analysis import needs_text, summarise
from .config import ExperimentsConfig
from .guardrails import Tally, breach
from .records import Content, Experiment, Feedback, Trace, read_body, refuses
from .rows import Answer
from .store import ExperimentStore
from .summary import Summary
from .watch import Watch

Compare = Callable[[str, str, str], float]

_log = get_logger(__name__)
_REFRESH = 1.0  # seconds after which what the command line has changed is seen
_MOST_WAITING = 100_000  # answers that wait to be kept, while that can't be
_GROWTH = 1.02  # of answers and feedback, before it is looked again whether there is a winner


class Recorder:
    """Keeps the store up to date, and the experiments that requests meet.

    Parameters
    ----------
    compare
        Gives how much two answers agree, from 0 to 1, by a way of `ExperimentConfig.compare`.
    watch
        Is told what is kept.
    """

    def __init__(
        self, store: ExperimentStore, settings: ExperimentsConfig, compare: Compare, watch: Watch | None = None
    ) -> None:
        self.store, self._watch = store, watch or Watch()
        self.routes: dict[str, Experiment] = {}
        self._settings, self._compare = settings, compare
        self._traces: SimpleQueue[Trace | str] = SimpleQueue()
        self._lock = threading.RLock()
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._experiments: list[Experiment] = []
        self._gathered: dict[str, int] = {}
        self._judged_at: dict[str, int] = {}
        self._refreshed = self._decided = 0.0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="experiments", daemon=True)
        self.refresh()
        self._thread.start()

    def record(self, trace: Trace) -> None:
        """Take what was seen of an answer."""
        self._traces.put(trace)

    def drop(self, experiment: str) -> None:
        """Count a request that a shadow was too busy for."""
        self._traces.put(experiment)

    def judge(self, given: Feedback) -> bool:
        """Keep feedback; False where no such response is known."""
        with self._lock:
            self._write()
            places = self.store.judge(given)
            for name in self._gathered:
                self._gathered[name] += len(places)
            for experiment, variant in places:
                self._watch.judged(experiment, variant, given)
            return bool(places)

    def refresh(self) -> None:
        """Read which experiments there are."""
        with self._lock:
            self._refresh()

    def _refresh(self) -> None:
        known = self.store.experiments()
        routes: dict[str, Experiment] = {}
        for one in sorted(known, key=lambda one: (one.state == "running", one.started)):
            routes[one.name] = one
            if (one.salt, one.config.control.name) not in self._tallies:
                self._remember(one)
            if one.config.takes and one.state in {"running", "promoted"}:
                routes[one.config.takes] = one
        self._experiments, self.routes = known, routes
        self._watch.stand(known)
        self._refreshed = time.monotonic()

    def flush(self) -> None:
        """Write what has come so far, and act on it."""
        with self._lock:
            self._write()

    def close(self) -> None:
        """Write what is left, and end."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(self._settings.write_seconds):
            self._guarded(self._step)
        self._guarded(self.flush)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # answers go on, whatever the disk does, and the next step may do
            _log.error("experiments are not kept", reason=first_line(error), exc_info=not _is_known(error))

    def _step(self) -> None:
        with self._lock:
            self._write()
            if time.monotonic() - self._refreshed > _REFRESH:
                self._refresh()
        if time.monotonic() - self._decided > self._settings.decide_seconds:
            self._decided = time.monotonic()
            self._decide()

    def _write(self) -> None:
        known = {one.name: one for one in self._experiments}
        answers, dropped = [], []
        taken = self._taken()
        for trace in taken:
            if isinstance(trace, str):
                dropped.append(trace)
            elif trace.experiment in known and trace.salt == known[trace.experiment].salt:
                answers.append(self._answer(trace, known[trace.experiment]))
        try:
            if answers or dropped:
                self.store.add(answers, dropped)
        except Exception:  # they are kept once that can be, as long as they are not too many
            for trace in taken[-_MOST_WAITING:]:
                self._traces.put(trace)
            raise
        for name in dropped:
            self._watch.dropped(name)
        for one in answers:
            self._watch.answered(one)
            self._tallies[known[one.experiment].salt, one.variant].add(one.seconds, failed=one.failed)
            self._gathered[one.experiment] = self._gathered.get(one.experiment, 0) + 1
        for name in {one.experiment for one in answers}:
            self._guard(known[name])

    def _taken(self) -> list[Trace | str]:
        found: list[Trace | str] = []
        while True:
            try:
                found.append(self._traces.get_nowait())
            except Empty:
                return found

    def _answer(self, trace: Trace, experiment: Experiment) -> Answer:
        content = Content(failed=True) if trace.failed else read_body(trace.body)
        pair, agreement = content.id, None
        if trace.shadowed is not None:
            given = read_body(trace.shadowed)
            pair = given.id
            if not content.failed:
                agreement = self._agreement(experiment.config.compare, content.text, given.text)
        return Answer(
            experiment=trace.experiment,
            variant=trace.variant,
            unit=trace.unit,
            time=trace.time,
            seconds=trace.seconds,
            first_seconds=trace.first_seconds,
            prompt_tokens=content.prompt_tokens,
            completion_tokens=content.completion_tokens,
            failed=content.failed,
            refused=refuses(content.text),
            response=content.id,
            pair=pair,
            text=content.text if self._keeps(content.text, experiment) else None,
            agreement=agreement,
        )

    def _keeps(self, text: str, experiment: Experiment) -> bool:
        """Say whether a text is kept: a part of one would be scored as if it were all."""
        return needs_text(experiment.config) and len(text) <= self._settings.longest_answer

    def _agreement(self, way: str, answer: str, given: str) -> float | None:
        try:
            return self._compare(way, answer, given)
        except ProjectError as error:
            _log.error("answers are not compared", way=way, reason=error.message)
            return None

    def _remember(self, experiment: Experiment) -> None:
        """Count what was kept before this process began."""
        for one in experiment.config.variants:
            self._tallies[experiment.salt, one.name] = Tally()
        for row in self.store.answers(experiment.name):
            self._tallies[experiment.salt, row.answer.variant].add(row.answer.seconds, failed=row.answer.failed)

    def _guard(self, experiment: Experiment) -> None:
        config = experiment.config
        if experiment.state != "running":
            return
        first = self._tallies[experiment.salt, config.control.name]
        level = config.rule.level / (len(config.variants) - 1)
        for one in config.variants[1:]:
            if one.name not in experiment.stopped:
                tally = self._tallies[experiment.salt, one.name]
                reason = breach(config.guardrails, level, first, tally)
                if reason:
                    self._stop(experiment, one.name, reason)

    def _stop(self, experiment: Experiment, variant: str, reason: str) -> None:
        _log.warning("variant stopped", experiment=experiment.name, variant=variant, reason=reason)
        self.store.stop_variant(experiment.name, variant, reason)
        self.refresh()

    def _decide(self) -> None:
        """Look whether experiments have a winner. Of many answers that takes seconds, and feedback does not wait."""
        for one in self._experiments:
            gathered = self._gathered.get(one.name, 0)
            if one.state == "running" and gathered > _GROWTH * self._judged_at.get(one.name, 0):
                self._judged_at[one.name] = gathered
                found = summarise(self.store, one)
                with self._lock:
                    if self.store.get(one.name).salt == one.salt:  # it has not begun anew since
                        self._settle(one, found)

    def _settle(self, experiment: Experiment, found: Summary) -> None:
        config, limit = experiment.config, experiment.config.guardrails.metric_loss
        for one in found.comparisons:
            if limit is None or one.low is None or one.high is None or one.users < config.rule.min_users:
                continue
            best = one.high if config.metric.greater_is_better else -one.low
            if best < -limit and one.variant not in experiment.stopped:
                words = f"{config.metric.name} is worse by more than {limit:g} ({one.low:+.3f} to {one.high:+.3f})"
                self._stop(experiment, one.variant, words)
        if found.outcome == "undecided":
            return
        promote = found.outcome == "winner" and config.rule.promote and config.mode != "shadow"
        self.store.end(experiment.name, "promoted" if promote else "finished", winner=found.winner, reason=found.reason)
        _log.info("experiment decided", experiment=experiment.name, winner=found.winner, reason=found.reason)
        self.refresh()


def _is_known(error: Exception) -> bool:
    return isinstance(error, ProjectError | sqlite3.Error | OSError)
