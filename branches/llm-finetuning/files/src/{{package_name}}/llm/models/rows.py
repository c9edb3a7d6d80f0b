"""How many answers are best written at once: tried with twice as many each time, until that does not pay."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..inference.batch import Batch
from .memory import Memory, gib

_STEPS = 16
_WARM = 3
_MOST = 1024
_GAIN = 1.05
"""Twice as many answers that give less than a twentieth more tokens only make each of them slower."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a number of rows gave.

    Attributes
    ----------
    seconds
        From one token of an answer to its next.
    nbytes
        Memory of keys and values.
    """

    rows: int
    seconds: float
    nbytes: int

    @property
    def speed(self) -> float:
        """Tokens a second, of all rows together."""
        return self.rows / self.seconds


class RowSearch:
    """Doubles the rows until memory, patience or speed has an end.

    Parameters
    ----------
    model : PreTrainedModel
        In evaluation mode, where it is to run.
    memory
        Of its device.
    tokens
        Of each prompt.
    most_seconds
        From one token of an answer to its next.
    reserve
        Bytes that are to stay free.

    Attributes
    ----------
    reason
        Why it came to an end.
    """

    def __init__(self, model: Any, memory: Memory, *, tokens: int, most_seconds: float, reserve: int) -> None:
        self._model, self._memory = model, memory
        self._tokens, self._most_seconds, self._reserve = tokens, most_seconds, reserve
        self.reason = f"more than {_MOST} rows are not tried"

    def trials(self) -> Iterator[Trial]:
        """Try one number of rows after the other; the last one that is given is the best."""
        rows, before = 1, None
        while rows <= _MOST:
            try:
                trial = self._try(rows)
            except (MemoryError, RuntimeError) as error:  # out of memory has no error of its own on every device
                if "memory" not in str(error) and not isinstance(error, MemoryError):
                    raise
                self.reason = f"{rows} rows do not fit the memory"
                return
            free = self._memory.free()
            if free < self._reserve:
                self.reason = f"{rows} rows leave {gib(free)} free, less than {gib(self._reserve)}"
                return
            if trial.seconds > self._most_seconds and before is not None:
                self.reason = f"with {rows} rows a token takes {1000 * trial.seconds:.1f} ms"
                return
            if before is not None and trial.speed < _GAIN * before.speed:
                self.reason = f"{rows} rows give {trial.speed:.0f} tokens/s, hardly more than {before.rows}"
                return
            yield trial
            rows, before = 2 * rows, trial

    def _try(self, rows: int) -> Trial:
        import torch

        prompt = [number % 100 for number in range(self._tokens)]
        batch = Batch(self._model, rows, self._tokens + _WARM + _STEPS + 1)
        taken = []
        with torch.inference_mode():
            for _ in range(rows):
                batch.join([prompt])
            for _ in range(_WARM + _STEPS):
                started = time.perf_counter()
                chosen = batch.advance([[1]] * rows)[:, -1].argmax(-1)
                chosen.tolist()  # waits for the device
                batch.keep([1] * rows)
                taken.append(time.perf_counter() - started)
        return Trial(rows, sorted(taken[_WARM:])[_STEPS // 2], batch.nbytes)
