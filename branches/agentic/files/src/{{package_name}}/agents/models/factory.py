"""Opening a language model by name: a provider's, one behind an OpenAI-compatible address, or the scripted one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.rate_limiters import InMemoryRateLimiter

from ...logs import get_logger
from ..errors import AgentError, ModelUnavailable
from .names import GUIDED, PROVIDERS, SCRIPTED, SERVED, ModelName, Provider, parse_name
from .resilience import ResilientModel, Source
from .response_cache import ResponseCache
from .scripted import ScriptedModel
from .served import ServedModel, find_default

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from ..session import Project

_NO_KEY_NEEDED = "none"  # ChatOpenAI wants some key, also for servers that ask for none


_LOCK = threading.Lock()


def model_opener(project: Project) -> Callable[[str], BaseChatModel]:
    """Give a function that opens the models of a project by name, each once; the configured one of an empty name."""

    def opened(name: str = "") -> BaseChatModel:
        wanted = name or project.agentic.agents.reasoning_model
        with _LOCK:
            if wanted not in project.models:
                project.models[wanted] = open_model(project, wanted)
            return project.models[wanted]

    return opened


def open_model(project: Project, name: str) -> BaseChatModel:
    """Open a model by name.

    Raises
    ------
    AgentError
        If the name is none, or its package is not installed.
    ModelUnavailable
        If it has no key, and this is not the development environment.
    """
    parsed = _parsed(project, name)
    if parsed.provider == SCRIPTED:
        get_logger(__name__).info("a model is in use", model=SCRIPTED)
        return ScriptedModel()
    missing = missing_for(project, parsed)
    if not missing:
        get_logger(__name__).info("a model is in use", model=str(parsed))
        # What is on this machine needs no second try, and must be told the schema of the answer.
        return _chat_model(project, parsed) if parsed.provider == GUIDED else _resilient(project, parsed)
    if project.environment != "development":
        raise ModelUnavailable(f"the model {parsed} can't be used: {missing}", hint="set it, or name another model")
    _warn_once(project.root, str(parsed), missing)
    return ScriptedModel()


def describe_model(project: Project, name: str = "") -> str:
    """Tell which model answers under a name, for people.

    Raises
    ------
    AgentError
        If the name is none.
    """
    parsed = _parsed(project, name or project.agentic.agents.reasoning_model)
    missing = "" if parsed.provider == SCRIPTED else missing_for(project, parsed)
    if not missing:
        return str(parsed)
    if project.environment == "development":
        return f"the scripted model, in place of {parsed}: {missing}"
    return f"none, in place of {parsed}: {missing}"


def missing_for(project: Project, name: ModelName) -> str:
    """Tell what a model lacks, naming the variable; nothing if it can be used."""
    if name.provider == GUIDED:
        from ..frameworks.guided import missing_for_guided

        return missing_for_guided(project, name.model)
    if not name.provider:
        return "" if project.agentic.models.base_url else "agentic.models.base_url is not set"
    variable = PROVIDERS[name.provider].key if name.provider in PROVIDERS else ""
    return f"{variable} is not set" if variable and not os.environ.get(variable) else ""


def _parsed(project: Project, name: str) -> ModelName:
    return parse_name(name, at_address=bool(project.agentic.models.base_url))


@cache
def _warn_once(root: Path, wanted: str, missing: str) -> None:
    get_logger(__name__).warning("the scripted model stands in", wanted=wanted, because=missing)


def _resilient(project: Project, name: ModelName) -> BaseChatModel:
    models, agents = project.agentic.models, project.agentic.agents
    names = [name, *([_parsed(project, models.fallback)] if models.fallback else [])]
    kept = project.root / project.agentic.durability.folder / "responses.db"
    return ResilientModel(
        sources=tuple(_source(project, one) for one in names),
        model_name=str(name),
        retries=models.retries,
        responses=ResponseCache(kept, agents.temperature) if models.cache else None,
    )


def _source(project: Project, name: ModelName) -> Source:
    if name.provider == SCRIPTED:
        return Source(str(name), ScriptedModel())
    per_minute = project.agentic.models.requests_per_minute
    limiter = InMemoryRateLimiter(requests_per_second=per_minute / 60, max_bucket_size=1) if per_minute else None
    key = PROVIDERS[name.provider].key if name.provider in PROVIDERS else ""
    return Source(str(name), _chat_model(project, name), key, limiter)


def _chat_model(project: Project, name: ModelName) -> BaseChatModel:
    if name.provider == GUIDED:
        from ..frameworks.guided import open_guided

        return open_guided(project, name.model)
    models = project.agentic.models
    options: dict[str, Any] = {"model": name.model, "temperature": project.agentic.agents.temperature}
    if name.provider in ("", SERVED):
        own = f"http://127.0.0.1:{_service_port(project)}/v1" if name.provider == SERVED else ""
        options["base_url"] = models.base_url or own
        options["api_key"] = models.api_key.get_secret_value() or _NO_KEY_NEEDED
        options["stream_usage"] = True
    if name.provider == SERVED and not name.model:
        options["model"] = find_default(options["base_url"], options["api_key"], models.timeout)
    provider = PROVIDERS.get(name.provider, PROVIDERS["openai"])
    if name.provider == "ollama":  # ignores what it does not know, such as a timeout
        options["client_kwargs"] = {"timeout": models.timeout}
    else:  # asking again is done one layer up, the same for all providers
        options |= {"timeout": models.timeout, "max_retries": 0}
    opened: BaseChatModel = _imported(provider)(**options)
    if name.provider == SERVED:
        return ServedModel(chat=opened, model_name=str(name), tells=models.tell_tools)
    return opened


def _service_port(project: Project) -> int:
    """Give the port of the project's own service."""
    port = getattr(project.config.group("api"), "port", 0) if project.config else 0
    if not isinstance(port, int) or not port:
        raise AgentError("the served model has no address", hint="set agentic.models.base_url to that of the service")
    return port


def _imported(provider: Provider) -> Any:
    try:
        return getattr(import_module(provider.module), provider.chat_model)
    except ImportError as error:
        package = provider.module.replace("_", "-")
        hint = f"uv sync --extra {provider.extra}" if provider.extra else f"uv add {package}"
        raise AgentError(f"the package {package} is not installed", hint=hint) from error
