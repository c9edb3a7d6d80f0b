"""JSON schemas, read apart from the service's other work: one may take seconds, and can't be broken off."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Any

from ..inference.schemas import SchemaError
from ..inference.tickets import BusyError
from ..inference.words import Constraint, Words


class Schemas:
    """Reads schemas in threads of its own.

    Parameters
    ----------
    threads : int
        How many are read at once.
    queue : int
        Most that are read or wait; more are refused.
    seconds : float
        How long a client waits for one.
    """

    def __init__(self, threads: int = 2, queue: int = 32, seconds: float = 20) -> None:
        self._pool = ThreadPoolExecutor(threads, "llm-schemas")
        self._places = BoundedSemaphore(queue)
        self._seconds = seconds

    async def constrain(self, words: Words, schema: Mapping[str, Any]) -> Constraint:
        """Hold answers to a schema.

        Raises
        ------
        SchemaError
            As `Words.constrain` does, and if it takes too long.
        BusyError
            If too many wait.
        """
        if not self._places.acquire(blocking=False):
            raise BusyError("too many JSON schemas wait already", 5)
        made = self._pool.submit(words.constrain, schema)
        made.add_done_callback(lambda _: self._places.release())
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.wrap_future(made)
        except TimeoutError as error:
            raise SchemaError(f"the JSON schema was not read within {self._seconds:g} s") from error

    def close(self) -> None:
        """Read no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
