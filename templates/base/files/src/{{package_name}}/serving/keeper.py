"""The thread that follows the registry, and carries out what the rules say."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable

from ..errors import ProjectError
from ..logs import get_logger
from ..models.errors import ModelError
from ..models.promotion import Decision, settle, withdraw
from ..models.registry import Version, find_version
from ..monitoring.predictions import PredictionLog
from ..tracking.errors import LockedError
from .config import ServingConfig, TrafficConfig
from .loading import Identity, Loader, Slot, Snapshot
from .rules import judge
from .tally import Tally

_log = get_logger(__name__)

_PATIENCE = 5.0
_OFF = TrafficConfig()


class Keeper:
    """Keeps what is in use: `snapshot` is replaced as a whole, so that a request sees one state of it.

    Attributes
    ----------
    tallies
        Of the versions that were in use.
    withdrawn
        Challengers that get no more requests, with the decision; the registry is told as soon as it can be.
    """

    def __init__(self, config: ServingConfig, loader: Loader, open_log: Callable[[], PredictionLog]) -> None:
        self.snapshot = Snapshot()
        self.tallies: defaultdict[Identity, Tally] = defaultdict(Tally)
        self.withdrawn: dict[Identity, Decision] = {}
        self._config, self._loader, self._open_log = config, loader, open_log
        self._ending, self._awake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="registry", daemon=True)
        self._judged = time.monotonic()
        self._said = ""

    def start(self) -> None:
        """Look at the registry once, then again and again in a thread."""
        self.look()
        self._thread.start()

    def close(self) -> None:
        """Stop looking. A look that goes on is not waited for long."""
        self._ending.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)

    def look(self) -> None:
        """Load what is new in the registry."""
        self.snapshot = self._loader.look(self.snapshot, self.withdrawn)

    def traffic(self, model: str) -> TrafficConfig:
        """Get what the challenger of a model gets to do."""
        return self._config.traffic.get(model, _OFF)

    def withdraw(self, slot: Slot, decision: Decision) -> None:
        """Give a challenger no more requests, from now on."""
        identity = slot.name, decision.candidate
        if identity not in self.withdrawn:
            self.withdrawn[identity] = decision
            _log.error("a challenger gets no more requests", model=slot.name, reason=decision.reason)
            self._awake.set()

    def judge(self) -> None:
        """Hold each challenger in use against its champion, on the labels that there are."""
        self._judged = time.monotonic()
        slots = [one for one in self.snapshot.slots.values() if one.challenger and self.traffic(one.name).mode != "off"]
        if not slots or not self._config.log.enabled:
            return
        log = self._open_log()
        for slot in slots:
            decision = judge(self._loader.workspace(), slot, log, self.traffic(slot.name), self._config.rules)
            if decision and decision.promoted:
                self._promote(slot, decision)
            elif decision:
                self.withdraw(slot, decision)
        self.tell()

    def tell(self) -> None:
        """Take the alias from challengers that were withdrawn here. A person may give it to them again."""
        for identity, decision in list(self.withdrawn.items()):
            tracking = self._loader.workspace().tracking
            withdraw(tracking, find_version(tracking, decision.model, str(decision.candidate)), decision)
            self.look()
            self.tallies.pop(identity, None)
            self.withdrawn.pop(identity, None)

    def _promote(self, slot: Slot, decision: Decision) -> None:
        def decide(champion: Version | None) -> Decision:
            if champion is None or champion.number != decision.champion:
                raise ModelError(f"{slot.name} has another champion by now", hint="the comparison starts anew")
            return decision

        tracking = self._loader.workspace().tracking
        try:
            settle(tracking, find_version(tracking, slot.name, str(decision.candidate)), decide)
        except (ModelError, LockedError) as error:
            _log.info("another worker was faster", model=slot.name, reason=error.message)
        self.look()

    def _work(self) -> None:
        while True:
            self._awake.wait(self._config.reload)
            self._awake.clear()
            if self._ending.is_set():
                return
            try:
                self.tell()
                self.look()
                if time.monotonic() - self._judged >= self._config.rules.interval:
                    self.judge()
                self._said = ""
            except ProjectError as error:
                self._say(error.message)
            except Exception as error:  # the thread must go on, whatever a store or a metric of a plugin raises
                self._say(f"{type(error).__name__}: {error}")

    def _say(self, reason: str) -> None:
        if reason != self._said:
            self._said = reason
            _log.error("the rules of traffic could not be carried out", reason=reason)
