"""The kill switch: a file that stops all agents of a project, whichever process they are in."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from ...errors import first_line
from ..errors import AgentError
from ..tasks import Record


class Stop(Record):
    """Who stopped the agents, when and why."""

    by: str
    reason: str
    time: datetime


class KillSwitch:
    """Stops what agents do: once thrown, each call of a tool is denied, and no task begins, until it is released.

    Parameters
    ----------
    path
        The file. While it is there, agents are stopped, whatever it holds.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._name = path, str(path)

    def thrown(self) -> Stop | None:
        """Say who stopped the agents, or None. What can't be read counts as thrown."""
        try:
            made = datetime.fromtimestamp(os.stat(self._name).st_mtime, UTC)  # first: it is asked for at each step
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            reason = f"{self.path} can't be read: {first_line(error)}"
            return Stop(by="nobody known", reason=reason, time=datetime.now(UTC))
        try:
            return Stop.model_validate_json(content)
        except ValidationError:
            return Stop(by="nobody known", reason="the file names no reason", time=made)

    def throw(self, by: str, reason: str) -> Stop:
        """Stop the agents. Where they are stopped already, the first reason stays.

        Raises
        ------
        AgentError
            If the file can't be written.
        """
        stop = Stop(by=by, reason=reason, time=datetime.now(UTC))
        written = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(stop.model_dump_json(), encoding="utf-8")
            os.link(written, self.path)  # whole or not at all, and never over another
        except FileExistsError:
            return self.thrown() or stop
        except OSError as error:
            hint = f"any file at {self.path} stops the agents: make one, or end their processes"
            raise AgentError(f"agents can't be stopped: {first_line(error)}", hint=hint) from error
        finally:
            written.unlink(missing_ok=True)
        return stop

    def release(self) -> Stop | None:
        """Let agents work again, and give what had stopped them.

        Raises
        ------
        AgentError
            If the file can't be taken away.
        """
        stop = self.thrown()
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            reason = f"{self.path} can't be taken away: {first_line(error)}"
            raise AgentError(reason, hint="delete it by hand") from error
        return stop
