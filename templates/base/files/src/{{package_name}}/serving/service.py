"""Asking the models in use.

request → route → champion or challenger, inline or in a thread → answers → prediction log
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ..config.settings import one_of
from ..logs import get_logger
from ..models.registry import CHAMPION
from ..models.threads import suited_threads
from ..models.workspace import Workspace
from ..monitoring.predictions import SHADOW, Prediction, PredictionLog, Record, Role
from .answers import Answer, Readiness, Request, State
from .config import ServingConfig
from .errors import NotServedError, RowsError, ServingError, SizeError, UnknownModelError
from .ids import Ids
from .keeper import Keeper
from .labels import check_labels
from .loading import Loader, Slot
from .predictor import Predictor, Value
from .rows import Row
from .rules import decide
from .tally import Tally, fault
from .traffic import route
from .writer import Counts, Writer

if TYPE_CHECKING:
    from ..config import Config

_log = get_logger(__name__)

_INLINE = 0.001  # seconds that a model may keep the event loop from other requests
_CHUNK = 0.05  # seconds that a part of a great batch should take
_MOST_SHADOWS = 64
_LATENCY_EVERY = 20
_PATIENCE = 5.0


class Serving:
    """The models in use. It belongs to one event loop; its threads see to the registry and the prediction log."""

    def __init__(self, config: ServingConfig, loader: Loader, root: Path) -> None:
        self._config, self._root = config, root
        self._keeper = Keeper(config, loader, self._open_log)
        self._writer = Writer(config.log, root)
        self._log: PredictionLog | None = None
        self._pool = ThreadPoolExecutor(config.threads, thread_name_prefix="predict")
        self._shadow_pool = ThreadPoolExecutor(1, thread_name_prefix="shadow")
        self._shadows: set[asyncio.Task[None]] = set()
        self._threads = ExitStack()
        self._ids = Ids()

    @classmethod
    def open(cls, config: Config) -> Self:
        """Read the configuration. Nothing is connected to before `start`.

        Raises
        ------
        ConfigError
            If the configuration has no group `serving`.
        """
        serving = config.group("serving", ServingConfig)
        challenged = {name for name, traffic in serving.traffic.items() if traffic.mode != "off"}
        return cls(serving, Loader(lambda: Workspace.open(config), serving.models, challenged), config.root)

    async def start(self) -> None:
        """Load the models. A registry that can't be reached is asked again later."""
        self._threads.enter_context(suited_threads(1))
        if self._config.log.enabled:
            self._writer.start()
        await asyncio.to_thread(self._keeper.start)

    async def close(self) -> None:
        """Let what runs come to its end, and write the last predictions."""
        if self._shadows:
            await asyncio.wait(self._shadows, timeout=_PATIENCE)
        await asyncio.to_thread(self._keeper.close)
        await asyncio.to_thread(self._writer.close)
        for pool in (self._pool, self._shadow_pool):
            pool.shutdown(wait=False, cancel_futures=True)
        if self._log:
            self._log.close()
        self._threads.close()

    async def predict(
        self, model: str, rows: Sequence[Row], request_id: str = "", key: str = "", *, keep: bool = True
    ) -> list[Answer]:
        """Predict rows with the champion, or with the challenger if the request is one of its share.

        Parameters
        ----------
        request_id
            Written with each prediction.
        key
            What decides who answers, such as the id of a customer; the request's id if there is none.
        keep
            Whether the predictions go to the log.

        Raises
        ------
        UnknownModelError
            If there is no such model.
        NotServedError
            If the model has no champion yet, or none at all is registered.
        SizeError
            If there are no rows, or too many.
        RowsError
            If they are not what the model takes.
        ServingError
            If the model fails.
        """
        slot = self._slot(model)
        champion, challenger = slot.champion, self._challenger(slot)
        if champion is None:
            raise NotServedError(f"{model} has no champion yet", hint=f"promote a version: `models promote {model}`")
        if not rows or len(rows) > self._config.max_rows:
            raise SizeError(len(rows), self._config.max_rows)
        request = Request(self._ids.next(), request_id, slot, rows, keep)
        if challenger is None:
            return await self._ask_champion(request, champion)
        way = route(self._keeper.traffic(model), model, key or request_id or request.id)
        if way == "canary":
            return await self._try(request, challenger, self._pool, "challenger") or await self._ask_champion(
                request, champion
            )
        answers = await self._ask_champion(request, champion)
        if way == "shadow" and len(self._shadows) < _MOST_SHADOWS:
            task = asyncio.create_task(self._follow(request, challenger))
            self._shadows.add(task)
            task.add_done_callback(self._shadows.discard)
        return answers

    async def add_labels(self, model: str, labels: Mapping[str, Prediction]) -> int:
        """Write what turned out to be true, by the id of the prediction.

        Returns
        -------
        int
            How many of the ids are known.

        Raises
        ------
        UnknownModelError, NotServedError
            If the model is not served.
        LabelsError
            If a label is none that the model could have answered.
        PredictionLogError
            If they can't be written.
        """
        slot = self._slot(model)
        if slot.champion is None:
            raise NotServedError(f"{model} has no champion yet", hint=f"promote a version: `models promote {model}`")
        if not self._config.log.enabled:
            raise NotServedError(
                "predictions are not kept, and so labels belong to nothing", hint="serving.log.enabled"
            )
        checked = check_labels(slot.champion.loaded.description.signature, labels)
        return await asyncio.to_thread(self._label, checked)

    def models(self) -> list[State]:
        """Tell what is served."""
        return [self._state(slot) for slot in self._keeper.snapshot.slots.values()]

    def model(self, name: str) -> State:
        """Tell how one model is served.

        Raises
        ------
        UnknownModelError, NotServedError
            If it is not registered.
        """
        return self._state(self._slot(name))

    def gone(self, model: str) -> bool:
        """Tell whether the registry has no champion of a model, as far as that is known here."""
        snapshot, wanted = self._keeper.snapshot, self._config.models
        if not snapshot.connected or (wanted and model not in wanted):
            return False
        slot = snapshot.slots.get(model)
        return slot is None or not any(CHAMPION in version.aliases for version in slot.versions)

    def log_counts(self) -> Counts:
        """Count what became of the predictions."""
        return self._writer.counts()

    def ready(self) -> Readiness:
        """Tell whether requests can be answered, and what is wrong."""
        snapshot = self._keeper.snapshot
        problems = [snapshot.problem] if snapshot.problem else []
        problems += [problem for slot in snapshot.slots.values() for problem in slot.problems]
        if self._writer.failing():
            problems.append("the prediction log can't be written")
        if not any(slot.champion for slot in snapshot.slots.values()):
            return Readiness("unavailable", tuple(problems) or ("no model has a champion",))
        return Readiness("degraded" if problems else "ready", tuple(problems))

    def _slot(self, model: str) -> Slot:
        snapshot = self._keeper.snapshot
        if model in snapshot.slots:
            return snapshot.slots[model]
        if not snapshot.slots:
            reason = snapshot.problem or "no model is registered"
            raise NotServedError(f"no model can answer: {reason}", hint="train one and promote it: `models train`")
        raise UnknownModelError(f"there is no model {model[:100]!r}", hint=one_of(model, list(snapshot.slots)))

    def _challenger(self, slot: Slot) -> Predictor | None:
        challenger = slot.challenger
        if challenger is None or (slot.name, challenger.version.number) in self._keeper.withdrawn:
            return None
        return challenger

    def _tally(self, predictor: Predictor) -> Tally:
        return self._keeper.tallies[predictor.version.model, predictor.version.number]

    def _state(self, slot: Slot) -> State:
        champion, challenger = (self._tally(one) if one else None for one in (slot.champion, slot.challenger))
        return State(slot, self._keeper.traffic(slot.name), champion, challenger)

    async def _ask_champion(self, request: Request, champion: Predictor) -> list[Answer]:
        try:
            return await self._ask(request, champion, self._pool, "champion")
        except ServingError:
            raise
        except Exception as error:  # a model of a plugin may raise anything
            self._tally(champion).failures += 1
            _log.exception("a model failed", version=str(champion.version))
            message = f"{champion.version} failed: {type(error).__name__}"
            raise ServingError(message, hint="the log has the reason; promote another version") from error

    async def _try(self, request: Request, challenger: Predictor, pool: Executor, role: Role) -> list[Answer] | None:
        """Ask a challenger. If it fails, that is counted, and there is no answer."""
        tally = self._tally(challenger)
        try:
            answers = await self._ask(request, challenger, pool, role)
        except Exception as error:  # whatever it is, the champion answers
            if isinstance(error, RowsError) and not self._champion_takes(request):
                return None  # the rows are to blame
            tally.failures += 1
            if tally.failures == 1:
                _log.exception("a challenger failed", version=str(challenger.version), role=role)
            answers = None
        if answers is None or tally.requests % _LATENCY_EVERY == 0:
            self._check(request.slot, tally)
        return answers

    def _champion_takes(self, request: Request) -> bool:
        if request.slot.champion is None:
            return False
        try:
            request.slot.champion.reader.read(request.rows)
        except RowsError:
            return False
        return True

    def _check(self, slot: Slot, tally: Tally) -> None:
        """Withdraw a challenger that fails too often, or is too slow."""
        if slot.champion:
            reason = fault(tally, self._tally(slot.champion), self._config.rules)
            if reason:
                self._keeper.withdraw(slot, decide(slot, promoted=False, reason=reason))

    async def _follow(self, request: Request, challenger: Predictor) -> None:
        """Predict in the shadow of an answer that was given."""
        await self._try(request, challenger, self._shadow_pool, "shadow")

    async def _ask(self, request: Request, predictor: Predictor, pool: Executor, role: Role) -> list[Answer]:
        started = time.perf_counter()
        if role != "shadow" and predictor.cost(len(request.rows)) <= _INLINE:
            values = predictor.answer(request.rows)
        else:
            values = await _in_parts(predictor, request.rows, pool)
        seconds = time.perf_counter() - started
        self._tally(predictor).add(len(values), seconds)
        ending = SHADOW if role == "shadow" else ""
        number = predictor.version.number
        answers = [
            Answer(f"{request.id}-{place}{ending}", prediction, probabilities, number, role)
            for place, (prediction, probabilities) in enumerate(values)
        ]
        if self._config.log.enabled and request.keep:
            self._writer.put(_records(request, predictor, answers, seconds / len(answers)))
        return answers

    def _open_log(self) -> PredictionLog:
        self._log = self._log or PredictionLog.open(self._config.log.url, self._root)
        return self._log

    def _label(self, labels: Mapping[str, Prediction]) -> int:
        self._writer.flush()
        return self._open_log().add_labels(labels)


async def _in_parts(predictor: Predictor, rows: Sequence[Row], pool: Executor) -> list[Value]:
    """Predict in threads, a great batch in parts between which other requests get their turn."""
    loop = asyncio.get_running_loop()
    table = await loop.run_in_executor(pool, predictor.reader.read, rows)
    size = len(rows) if not predictor.each else max(1, int((_CHUNK - predictor.start) / predictor.each))
    parts = [table.part(start, start + size) for start in range(0, len(rows), size)]
    found = await asyncio.gather(*(loop.run_in_executor(pool, predictor.values, part) for part in parts))
    return [value for values in found for value in values]


def _records(request: Request, predictor: Predictor, answers: Sequence[Answer], seconds: float) -> list[Record]:
    now, version = datetime.now(UTC), predictor.version
    return [
        Record(
            id=answer.id,
            time=now,
            request_id=request.request_id[:200],
            model=version.model,
            version=version.number,
            role=answer.role,
            inputs=predictor.reader.inputs(row),
            prediction=answer.prediction,
            probabilities=answer.probabilities,
            seconds=seconds,
        )
        for answer, row in zip(answers, request.rows, strict=True)
    ]
