"""Approvals that are asked in the store of runs, so that question and answer survive a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..session import ApprovalRequest, Decision
from .errors import ConflictError
from .store import RunStore


@dataclass(frozen=True, slots=True)
class StoredApprovals:
    """Asks whoever looks into the store. It is the `Approvals` of a session.

    Attributes
    ----------
    seconds
        How long an answer is waited for; then it is no.
    run_id
        What waits, if that is not the task of the request.
    """

    store: RunStore
    seconds: float
    run_id: str = ""

    def ask(self, request: ApprovalRequest) -> Decision | None:
        """Give the answer, or None as long as there is none.

        Raises
        ------
        DurabilityError
            If the store can't be used.
        """
        approval = self.store.ask(request, self.seconds, self.run_id)
        if approval.decision is None and approval.expires <= datetime.now(UTC):
            reason = f"nobody answered until {approval.expires:%Y-%m-%d %H:%M:%S} UTC"
            approval = self.store.close(request.key, Decision(approved=False, by="nobody", reason=reason))
        return approval.decision


@dataclass(frozen=True, slots=True)
class Present:
    """Asks a person who is there, one thing at a time, and keeps question and answer: the `Approvals` of a session.

    Attributes
    ----------
    decide
        Asks the person; None if they want to answer later.
    """

    stored: StoredApprovals
    decide: Callable[[ApprovalRequest], Decision | None]
    _talking: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, request: ApprovalRequest) -> Decision | None:
        """Give the answer.

        Raises
        ------
        DurabilityError
            If the store can't be used.
        """
        known = self.stored.ask(request)
        if known is not None:
            return known
        with self._talking:
            given = self.decide(request)
        if given is None:
            return None
        try:
            return self.stored.store.decide(request.key, given).decision
        except ConflictError:  # meanwhile somebody else has answered, or its time is over: that holds
            return self.stored.ask(request)
