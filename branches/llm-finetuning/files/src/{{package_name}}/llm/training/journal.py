"""A training's course in a file that others read while it runs: a line of JSON for each measure, and one at the end."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from ...errors import ProjectError, first_line


class Journal:
    """Writes lines; without a file, it takes them and does nothing.

    Parameters
    ----------
    path : Path, optional
        The file; lines are added to those of a run that goes on.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def tell(self, step: int, last_step: int, measured: Mapping[str, float]) -> None:
        """Write what was measured at a step."""
        self._write({"step": step, "last_step": last_step, **measured})

    def end(self, **facts: str) -> None:
        """Write how it ended: with a `checkpoint`, or with an `error`."""
        self._write(facts)

    def _write(self, line: Mapping[str, Any]) -> None:
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


@contextmanager
def open_journal(path: Path | None) -> Iterator[Journal]:
    """Write a failure as the last line, and let SIGTERM end the run as Ctrl-C does: what it has opened is closed."""
    journal = Journal(path)
    if path is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield journal
    except ProjectError as error:
        journal.end(error=f"{error.message}: {error.hint}" if error.hint else error.message)
        raise
    except KeyboardInterrupt:
        journal.end(interrupted="it was told to end")
        raise
    except Exception as error:
        journal.end(error=f"{type(error).__name__}: {first_line(error)}")
        raise


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Give the lines that are whole, in their order; none where there is no file."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            found.append(json.loads(line))
        except ValueError:  # a line that is being written, or that a crash has cut
            continue
    return found


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
