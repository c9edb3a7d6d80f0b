"""Names of language models, and who provides them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import AgentError

SCRIPTED = "scripted"
SERVED = "served"
GUIDED = "guidance"

_PREFIXES = (
    ("anthropic", re.compile(r"claude")),
    ("openai", re.compile(r"gpt(?!-oss)|o\d|chatgpt")),
    ("google_genai", re.compile(r"gemini")),
    ("mistralai", re.compile(r"mistral|magistral|codestral")),
    ("deepseek", re.compile(r"deepseek")),
    ("xai", re.compile(r"grok")),
)


@dataclass(frozen=True, slots=True)
class Provider:
    """Where models come from.

    Attributes
    ----------
    module, chat_model
        LangChain's package of the provider, and its class there.
    key
        Variable of its key; none is needed if empty.
    extra
        Extra of this project that brings the package; a person installs it if empty.
    """

    module: str
    chat_model: str
    key: str
    extra: str = ""


PROVIDERS = {
    "openai": Provider("langchain_openai", "ChatOpenAI", "OPENAI_API_KEY", "openai"),
    "anthropic": Provider("langchain_anthropic", "ChatAnthropic", "ANTHROPIC_API_KEY", "anthropic"),
    "ollama": Provider("langchain_ollama", "ChatOllama", "", "ollama"),
    "azure_openai": Provider("langchain_openai", "AzureChatOpenAI", "AZURE_OPENAI_API_KEY", "openai"),
    "cohere": Provider("langchain_cohere", "ChatCohere", "COHERE_API_KEY"),
    "deepseek": Provider("langchain_deepseek", "ChatDeepSeek", "DEEPSEEK_API_KEY"),
    "fireworks": Provider("langchain_fireworks", "ChatFireworks", "FIREWORKS_API_KEY"),
    "google_genai": Provider("langchain_google_genai", "ChatGoogleGenerativeAI", "GOOGLE_API_KEY"),
    "groq": Provider("langchain_groq", "ChatGroq", "GROQ_API_KEY"),
    "mistralai": Provider("langchain_mistralai", "ChatMistralAI", "MISTRAL_API_KEY"),
    "together": Provider("langchain_together", "ChatTogether", "TOGETHER_API_KEY"),
    "xai": Provider("langchain_xai", "ChatXAI", "XAI_API_KEY"),
}


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model by its provider and the provider's name for it; without a provider it is at `agentic.models.base_url`."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}" if self.provider and self.model else self.model or self.provider


def parse_name(text: str, *, at_address: bool = False) -> ModelName:
    """Read the name of a model.

    Parameters
    ----------
    at_address
        Whether `agentic.models.base_url` is set: a name without a provider then is one of the models there, also where
        it begins like a provider's, such as `gpt-oss` or `mistral`.

    Raises
    ------
    AgentError
        If it is empty, or its provider is unknown.

    Examples
    --------
    >>> parse_name("gpt-4") == parse_name("openai:gpt-4")
    True
    >>> parse_name("qwen3:8b"), parse_name("ollama:qwen3:8b")
    (ModelName(provider='', model='qwen3:8b'), ModelName(provider='ollama', model='qwen3:8b'))
    """
    name = text.strip()
    if not name:
        raise AgentError("the name of a model is empty", hint="set agentic.agents.reasoning_model, such as gpt-4")
    if name in (SCRIPTED, SERVED):
        return ModelName(name, "")
    provider, colon, model = name.partition(":")
    if colon and provider in (*PROVIDERS, SERVED, GUIDED):
        if not model:
            raise AgentError(f"{name!r} names no model", hint=f"write it behind the colon: {provider}:…")
        return ModelName(provider, model)
    if at_address or colon:  # with a tag, as Ollama and its like write it
        return ModelName("", name)
    for known, prefix in _PREFIXES:
        if prefix.match(name):
            return ModelName(known, name)
    return ModelName("", name)
