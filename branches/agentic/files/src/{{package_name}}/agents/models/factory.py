"""Opening a language model by name: a provider's, one behind an OpenAI-compatible address, or the scripted one."""

from __future__ import annotations

import os
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ...logs import get_logger
from ..errors import AgentError, ModelUnavailable
from .names import PROVIDERS, SCRIPTED, ModelName, Provider, parse_name
from .scripted import ScriptedModel

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from ..session import Project

_NO_KEY_NEEDED = "none"  # ChatOpenAI wants some key, also for servers that ask for none


class ModelOpener:
    """Opens models of one project, each once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._opened: dict[str, BaseChatModel] = {}
        self._lock = threading.Lock()

    def open(self, name: str = "") -> BaseChatModel:
        """Give the chat model of a name; of an empty name the configured one.

        Raises
        ------
        AgentError
            If the name is none, or its package is not installed.
        ModelUnavailable
            If it has no key, and this is not the development environment.
        """
        wanted = name or self.project.agentic.agents.reasoning_model
        with self._lock:
            if wanted not in self._opened:
                self._opened[wanted] = open_model(self.project, wanted)
            return self._opened[wanted]


def open_model(project: Project, name: str) -> BaseChatModel:
    """Open a model by name, as `ModelOpener.open` does."""
    parsed = parse_name(name)
    if parsed.provider == SCRIPTED:
        return ScriptedModel()
    missing = missing_for(project, parsed)
    if not missing:
        return _chat_model(project, parsed)
    if project.environment != "development":
        raise ModelUnavailable(f"the model {parsed} can't be used: {missing}", hint="set it, or name another model")
    get_logger(__name__).warning("the scripted model stands in", wanted=str(parsed), because=missing)
    return ScriptedModel()


def missing_for(project: Project, name: ModelName) -> str:
    """Tell what a model lacks, naming the variable; nothing if it can be used."""
    models = project.agentic.models
    if not name.provider:
        return "" if models.base_url else "agentic.models.base_url is not set"
    variable = PROVIDERS[name.provider].key if name.provider in PROVIDERS else ""
    return f"{variable} is not set" if variable and not os.environ.get(variable) else ""


def _chat_model(project: Project, name: ModelName) -> BaseChatModel:
    models = project.agentic.models
    options: dict[str, Any] = {"model": name.model, "temperature": project.agentic.agents.temperature}
    if not name.provider:
        options |= {"base_url": models.base_url, "api_key": models.api_key.get_secret_value() or _NO_KEY_NEEDED}
    provider = PROVIDERS[name.provider or "openai"]
    opened: BaseChatModel = _imported(provider)(**options, timeout=models.timeout, max_retries=0)
    return opened


def _imported(provider: Provider) -> Any:
    try:
        return getattr(import_module(provider.module), provider.chat_model)
    except ImportError as error:
        package = provider.module.replace("_", "-")
        hint = f"uv sync --extra {provider.extra}" if provider.extra else f"uv add {package}"
        raise AgentError(f"the package {package} is not installed", hint=hint) from error
