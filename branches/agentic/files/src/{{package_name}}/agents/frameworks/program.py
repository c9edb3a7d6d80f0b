"""A framework at work in a process of its own: started, asked for its next question, answered, and ended.

    the project                          the process
    order: who, the task, tools   →
                                  ←      {"ask": "model", "messages": […], "tools": true}
    {"text": "", "calls": […]}    →
                                  ←      {"ask": "tool", "name": "…", "arguments": {…}}
    {"text": "…"}                 →
                                  ←      {"ask": "done", "text": "…"}
    {"task": ""}                  →      and if the task is not empty, on with that

It gets no key and no variable but what it needs to run, its folder is empty and goes with it, and Python there opens no
connection.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import Any, Literal

import psutil
from pydantic import Field, JsonValue, ValidationError

from ..errors import AgentError
from ..safety.egress import turn_telemetry_off
from ..tasks import Record

_BEGIN = "import sys; sys.path.insert(0, {folder!r}); from outside.main import main; main()"
_LOOK_UP = 0.05  # seconds between two looks at whether the run was ended
_LAST_WORDS = 1.0  # seconds in which what a process wrote before it ended has been read
_HELD_ON = 5.0  # seconds to wait for the end of what it writes, which a process out of reach may hold open
_MOST_TOLD = 300
_QUIET = {
    "AUTOGEN_DISABLE_RUNTIME_TRACING": "true",
    "CREWAI_DISABLE_TRACKING": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "ENABLE_INSTRUMENTATION": "false",
    "HF_HUB_OFFLINE": "1",
    "OTEL_SDK_DISABLED": "true",
}
_NEEDED = ("CUDA_VISIBLE_DEVICES", "LANG", "LC_ALL", "PATH", "SYSTEMROOT", "TZ")


class FrameworkError(AgentError):
    """A framework that could not go on."""


class Question(Record):
    """What a framework asks.

    Attributes
    ----------
    messages, tools
        For a model: the conversation, and whether it may call tools.
    name, arguments
        Of the tool that is to be called.
    text
        The answer to the task.
    reason
        Why it gives up.
    """

    ask: Literal["model", "tool", "done", "failed"]
    messages: list[dict[str, JsonValue]] = Field(default_factory=list)
    tools: bool = False
    name: str = ""
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    text: str = ""
    reason: str = ""


class Program:
    """A framework's process, which starts with its first question.

    Parameters
    ----------
    title
        Its name for people.
    framework
        Its name for `outside`.
    patience
        Seconds that it may take for a question.
    """

    def __init__(self, title: str, framework: str, python: Path, patience: float) -> None:
        self.title = title
        self._framework, self._python, self._patience = framework, python, patience
        self._process: psutil.Popen | None = None
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._home = TemporaryDirectory(prefix="framework-", ignore_cleanup_errors=True)
        self._errors = Path(self._home.name) / "errors"
        self._asked: Question | None = None

    def question(self, order: Mapping[str, Any], ended: Callable[[], bool]) -> Question | None:
        """Give the question that waits for an answer; None if the run was ended before it came.

        Parameters
        ----------
        order
            What is to be done, for a process that has yet to be started.
        ended
            Whether the run was ended, asked now and then.

        Raises
        ------
        FrameworkError
            If it takes too long, breaks off, or says what is no question.
        """
        if self._asked is None:
            if self._process is None:
                self._start()
                self._write(order)
            line = self._next_line(ended)
            if line is None:
                return None
            self._asked = self._read(line)
        return self._asked

    def answer(self, reply: Mapping[str, JsonValue]) -> None:
        """Answer its question."""
        self._asked = None
        self._write(reply)

    def end(self) -> None:
        """End the process, and whatever it started; its folder goes with it."""
        if self._process is not None:
            self._kill(self._process)
            self._process.wait()
            with suppress(OSError):  # what it was still to be told is of no use to it
                self._process.stdin.close()
            self._listener.join(_HELD_ON)
        self._home.cleanup()

    def _kill(self, process: psutil.Popen) -> None:
        """Kill it and its group, which may outlive it; until it is waited for, its number is no other group's."""
        if process.returncode is not None:
            return
        with suppress(psutil.NoSuchProcess, ProcessLookupError, PermissionError):  # as systems say that all have ended
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)

    def _start(self) -> None:
        home = self._home.name
        environment = {name: os.environ[name] for name in _NEEDED if name in os.environ}
        environment |= {"HOME": home, "USERPROFILE": home, "TMPDIR": home, "PYTHONUTF8": "1", **_QUIET}
        turn_telemetry_off(environment)
        begin = _BEGIN.format(folder=str(Path(__file__).parent))
        with self._errors.open("wb") as errors:
            self._process = psutil.Popen(
                [str(self._python), "-I", "-c", begin, self._framework],
                stdin=PIPE,
                stdout=PIPE,
                stderr=errors,
                env=environment,
                cwd=home,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
        self._listener = threading.Thread(target=self._listen, args=(self._process,), name=self.title, daemon=True)
        self._listener.start()

    def _listen(self, process: psutil.Popen) -> None:
        if process.stdout is not None:
            with process.stdout as lines:
                for line in lines:
                    self._lines.put(line)
        self._lines.put("")

    def _write(self, value: Mapping[str, Any]) -> None:
        if self._process is None or self._process.stdin is None:
            raise FrameworkError(f"{self.title} has not been started")
        try:
            self._process.stdin.write(json.dumps(value) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._broken("ended by itself") from error

    def _next_line(self, ended: Callable[[], bool]) -> str | None:
        until = time.monotonic() + self._patience
        while not ended():
            over = self._over()
            try:
                return self._lines.get(timeout=_LAST_WORDS if over else _LOOK_UP)
            except queue.Empty:
                if over:  # what it started holds the pipe open, so that no end of it is read
                    return ""
                if time.monotonic() > until:
                    hint = "set agentic.frameworks.patience to more seconds"
                    message = f"{self.title} asked nothing for {self._patience:g} seconds"
                    raise FrameworkError(message, hint=hint) from None
        return None

    def _over(self) -> bool:
        """Tell whether the process has ended, without waiting for it."""
        try:
            return self._process is None or self._process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def _read(self, line: str) -> Question:
        if not line:
            raise self._broken("ended by itself")
        try:
            question = Question.model_validate_json(line)
        except ValidationError as error:
            raise self._broken("asked what the project does not understand") from error
        if question.ask == "failed":
            raise FrameworkError(f"{self.title} gave up: {question.reason[:_MOST_TOLD]}")
        return question

    def _broken(self, what: str) -> FrameworkError:
        said = self._errors.read_text(encoding="utf-8", errors="replace").strip()[-_MOST_TOLD:]
        return FrameworkError(f"{self.title} {what}", hint=said or "see `agents frameworks list`")
