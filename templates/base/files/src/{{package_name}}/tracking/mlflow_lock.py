"""A lock on a model that all machines see which share an MLflow server: claims, as tags of the registered model.

Who wants the lock writes a claim, then looks at those of others. Without any the lock is got. Of several that wait, the
one whose claim sorts first stays, and the others take theirs back: who sees a claim can't be overlooked by its owner.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..logs import get_logger
from .errors import LockedError, TrackingError
from .mlflow_registry import explained

if TYPE_CHECKING:
    from mlflow import MlflowClient

_log = get_logger(__name__)

_CLAIM = "claim_"
_STALE = 900.0  # seconds after which the process that claimed is taken for dead
_RENEWAL = 300.0  # seconds between two signs of life of who has the lock
_PAUSE = 0.2


@contextmanager
def claimed(client: MlflowClient, uri: str, model: str, wait: float) -> Iterator[None]:
    """Let only one into the `with` block.

    Parameters
    ----------
    wait
        Seconds to wait for another.

    Raises
    ------
    LockedError
        If the other did not end by then.
    TrackingError
        If the server does not answer.
    """
    claim = f"{_CLAIM}{secrets.token_hex(8)}"
    end = time.monotonic() + wait
    written = False
    try:
        while True:
            with explained(uri):
                client.set_registered_model_tag(model, claim, repr(time.time()))
                written = True
                others = _others(client, model, claim)
                if others and min(others) < claim:
                    client.delete_registered_model_tag(model, claim)
            if not others:
                break
            if time.monotonic() > end:
                raise LockedError(model, wait)
            time.sleep(_PAUSE * (1 + secrets.randbelow(100) / 100))
        with _renewed(client, uri, model, claim):
            yield
    finally:
        _drop(client, uri, model, claim, told=written)


@contextmanager
def _renewed(client: MlflowClient, uri: str, model: str, claim: str) -> Iterator[None]:
    """Show in the `with` block that the process lives, however long its decision takes."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(_RENEWAL):
            try:
                with explained(uri):
                    client.set_registered_model_tag(model, claim, repr(time.time()))
            except TrackingError as error:
                _log.warning("a claim was not renewed", model=model, claim=claim, reason=error.message)

    thread = threading.Thread(target=renew, name="claim", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _others(client: MlflowClient, model: str, claim: str) -> list[str]:
    tags = client.get_registered_model(model).tags
    others = {name: float(since) for name, since in tags.items() if name.startswith(_CLAIM) and name != claim}
    late = time.time() - _STALE
    for name, since in others.items():
        if since <= late:
            client.delete_registered_model_tag(model, name)
    return [name for name, since in others.items() if since > late]


def _drop(client: MlflowClient, uri: str, model: str, claim: str, *, told: bool) -> None:
    try:
        with explained(uri):
            client.delete_registered_model_tag(model, claim)
    except TrackingError as error:
        if told:
            _log.warning("a claim stays for a while", model=model, claim=claim, reason=error.message)
