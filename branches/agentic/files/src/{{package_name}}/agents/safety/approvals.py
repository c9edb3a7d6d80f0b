"""Approvals asked in a terminal, of who sits there."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..errors import AgentError
from ..session import ApprovalRequest, Approvals, Decision
from .taint import without_invisible

_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], "\N{REPLACEMENT CHARACTER}") | {0x0A: "\n"}


class Answers(Protocol):
    """Keeps answers, so that a run that goes on knows them: the store of runs."""

    def decide(self, key: str, decision: Decision) -> object:
        """Keep the answer to a question."""


@dataclass(frozen=True, slots=True)
class TerminalApprovals:
    """Asks in the terminal, and keeps question and answer where others look for them too.

    Attributes
    ----------
    kept
        Where the question is asked as well. An answer that was given there is not asked for again.
    answers
        What keeps the answer.
    read
        Reads a line behind a prompt; gives an empty one at the end of the input.
    """

    kept: Approvals
    answers: Answers
    read: Callable[[str], str]
    by: str

    def ask(self, request: ApprovalRequest) -> Decision | None:
        """Give the answer that is kept, or ask for it."""
        known = self.kept.ask(request)
        if known is not None:
            return known
        said = self.read(f"{describe(request)}\napprove? [y/N] ").strip().casefold()
        decision = Decision(approved=said in ("y", "yes"), by=self.by, reason="asked in the terminal")
        try:
            self.answers.decide(request.key, decision)
        except AgentError:  # somebody else was quicker, or the time was over: what is kept holds
            return self.kept.ask(request)
        return decision


def describe(request: ApprovalRequest) -> str:
    """Write a question for people. What a model wrote can neither hide in it nor move the cursor."""
    arguments = json.dumps(request.arguments, indent=2, ensure_ascii=False)
    warning = "\nIt was asked for after text from outside was read." if request.tainted else ""
    text = f"{request.agent} wants to call {request.tool} ({request.effect}): {request.reason}{warning}\n{arguments}"
    return without_invisible(text).translate(_CONTROLS)


def in_terminal(kept: Approvals, answers: Answers) -> Approvals:
    """Ask in the terminal if somebody sits there; else leave the question to wait where it is kept."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return kept
    return TerminalApprovals(kept, answers, _read, getpass.getuser())


def _read(prompt: str) -> str:
    print(prompt, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline()
