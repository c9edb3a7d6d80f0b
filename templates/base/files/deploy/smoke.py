"""Trying a deployment from the outside: it must be ready, and every model must answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import httpx

from .commands import DeployError, output, running
from .release import Release
from .target import Target

_SCOPES = ("predict", "read", "probe")  # the last keeps what is asked here out of monitoring
_KEY_DAYS = "0.01"  # a quarter of an hour, should revoking it fail
_MOST_NAME = 100
"""Letters that the name of a key may have."""


def smoke_test(target: Target, release: Release, patience: float, say: Callable[[str], None]) -> None:
    """Ask `/ready`, then for one prediction of each model with a champion.

    The key for it is made where the project is deployed, and revoked after that.

    Parameters
    ----------
    patience
        Seconds that the service may need to become ready.

    Raises
    ------
    DeployError
        If it does not, or a model does not answer.
    """
    place = target.reach(release)
    tunnel: AbstractContextManager[object] = running(place.tunnel) if place.tunnel else nullcontext()
    with tunnel, httpx.Client(base_url=place.url, timeout=30, trust_env=False) as client:
        say(f"{place.url}/ready: {_wait(client, patience)}")
        name = f"smoke-test-{release.version}"[:_MOST_NAME]
        scopes = [part for scope in _SCOPES for part in ("--scope", scope)]
        key = output(target.inside(release, ["api", "keys", "create", name, "--days", _KEY_DAYS, *scopes]))
        client.headers["X-API-Key"] = key
        try:
            for model in _models(client):
                say(f"{place.url}/predict/{model}: {_predict(client, model)}")
        finally:
            output(target.inside(release, ["api", "keys", "revoke", _id(key)]))


def _wait(client: httpx.Client, patience: float) -> str:
    until = time.monotonic() + patience
    while True:
        try:
            status: str = _json(client.get("/ready"))["status"]
        except (httpx.TransportError, DeployError) as error:
            if time.monotonic() > until:
                hint = "if no model has a champion: `--train` trains where the project is deployed"
                raise DeployError(f"it is not ready after {patience:g} seconds: {error}", hint=hint) from error
            time.sleep(0.5)
        else:
            return status


def _models(client: httpx.Client) -> list[str]:
    listed = _json(client.get("/models"))["models"]
    return [one["name"] for one in listed if one["champion"]]


def _predict(client: httpx.Client, model: str) -> object:
    """Ask about a row without any value, which every model can bear."""
    inputs = _json(client.get(f"/models/{model}"))["signature"]["inputs"]
    row = dict.fromkeys(column["name"] for column in inputs)
    return _json(client.post(f"/predict/{model}", json={"row": row}))["predictions"][0]["prediction"]


def _json(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json()
    raise DeployError(f"{answer.request.url} answers {answer.status_code}: {answer.text[:500]}")


def _id(key: str) -> str:
    """Take the id from a key: it stands between the first two underscores."""
    return key.split("_")[1]
