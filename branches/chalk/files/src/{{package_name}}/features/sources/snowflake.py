"""A connection to Snowflake, whose failure says what to do."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...errors import first_line
from ..errors import FeatureError

_PATIENCE = 30  # seconds until the account must have answered


def connect_snowflake(address: str, what: str, patience: int = _PATIENCE) -> Any:
    """Open a connection of Ibis.

    Parameters
    ----------
    address
        Such as `snowflake://user:password@account/database`.
    what
        Who needs it, for errors.
    patience
        Seconds until the account must have answered.

    Raises
    ------
    FeatureError
        If the extra is missing, the address is no such, or the account lets nobody in.
    """
    try:
        ibis, errors = import_module("ibis"), import_module("snowflake.connector.errors")
    except ImportError as error:
        hint = "install the extra: uv sync --extra snowflake"
        raise FeatureError(f"{what} needs Snowflake's connector for Ibis", hint=hint) from error
    hint = "check user, password and account: snowflake://user:password@account/database"
    if not address.startswith("snowflake://"):
        raise FeatureError(f"{what} has an address that is not Snowflake's", hint=hint)
    try:
        return ibis.connect(address, login_timeout=patience, network_timeout=patience, create_object_udfs=False)
    except (errors.Error, ValueError, KeyError, TypeError) as error:
        raise FeatureError(f"{what}: Snowflake lets nobody in: {_said(error, address)}", hint=hint) from error


def _said(error: Exception, address: str) -> str:
    """Give what an error says, without the secrets of the address."""
    return first_line(error).replace(address, "the address")
