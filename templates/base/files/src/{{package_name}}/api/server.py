"""Running the application with uvicorn: in this process, or in several that share a port.

The application is imported where it is run: others that serve want the options alone.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI

from ..config import Config
from ..plugins import PACKAGE
from ..runtime import start
from .config import ApiConfig
from .connection import Connection
from .identity import DEVELOPMENT, signing_secret
from .metrics import FOLDER

_SETTINGS = f"{PACKAGE.upper()}_API_SETTINGS"
_SECRET = f"{PACKAGE.upper()}__API__JWT_SECRET"
_STARTING = 30
"""Seconds in which a worker must answer its parent. It can't while it imports, which on a busy machine takes longer
than the 5 s of uvicorn: each worker would be replaced before it is ready, and so on for ever."""


def serve(config: Config, overrides: Sequence[str]) -> None:
    """Serve until a signal comes.

    Parameters
    ----------
    overrides
        Those that the configuration was read with; other processes read it again.

    Raises
    ------
    SecretError
        If this is no development, and the secret that signs tokens is missing or can be guessed.
    """
    from .app import create_app

    settings = config.group("api", ApiConfig)
    options = uvicorn_options(settings)
    if settings.workers == 1:
        uvicorn.run(create_app(config), **options)
        return
    secret = signing_secret(settings, config.environment)
    if config.environment == DEVELOPMENT and not settings.jwt_secret.get_secret_value():
        os.environ[_SECRET] = secret  # one that all workers share
    os.environ[_SETTINGS] = json.dumps({"overrides": list(overrides), "environment": config.environment})
    os.environ[FOLDER] = tempfile.mkdtemp(prefix=f"{PACKAGE}-metrics-{secrets.token_hex(4)}-")
    try:
        uvicorn.run(f"{PACKAGE}.api.server:make_app", factory=True, workers=settings.workers, **options)
    finally:
        shutil.rmtree(os.environ[FOLDER], ignore_errors=True)


def uvicorn_options(settings: ApiConfig) -> dict[str, Any]:
    """Give what uvicorn is told, whoever runs it."""
    return {
        "host": settings.host,
        "port": settings.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": bool(settings.proxies),
        "forwarded_allow_ips": list(settings.proxies),
        "timeout_graceful_shutdown": settings.shutdown_seconds,
        "timeout_worker_healthcheck": _STARTING,
        "http": partial(Connection, patience=settings.timeout_seconds),
    }


def make_app() -> FastAPI:
    """Make the application of one of several processes."""
    from .app import create_app

    given = json.loads(os.environ[_SETTINGS])
    return create_app(start(given["overrides"], given["environment"]))
