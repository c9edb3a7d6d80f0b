"""Nothing leaves the machine that nobody asked for: libraries' telemetry is off, unless a person turned it on."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

_OFF = {
    "ANONYMIZED_TELEMETRY": "False",
    "CREWAI_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "LANGSMITH_TRACING_V2": "false",
    "LITELLM_TELEMETRY": "False",
    "MLFLOW_MODEL_CATALOG_URI": "",
}
"""What libraries of agents are told. What is left over in a shell is no wish of this project."""


def turn_telemetry_off(
    environment: MutableMapping[str, str] | None = None, *, allowed: frozenset[str] = frozenset()
) -> None:
    """Have libraries send nothing of their own accord.

    Parameters
    ----------
    environment
        The process's variables by default.
    allowed
        Variables that stay as they are: of the traces that the configuration asks for.
    """
    variables = os.environ if environment is None else environment
    for name, value in _OFF.items():
        if name not in allowed:
            variables[name] = value
