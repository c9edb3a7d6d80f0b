"""What the commands ``datasets …`` share: their options, the store, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...runtime import start
from ..parts import has_part

if TYPE_CHECKING:
    from ..config import LLMConfig
    from .config import LanguageModelConfig
    from .language_model import LanguageModel
    from .store import DatasetStore, Version

NameOption = Annotated[str, typer.Option("--name", help="Name of the dataset")]
Reference = Annotated[str, typer.Argument(metavar="DATASET", help="Such as name, or name@a1b2c3")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of the splits")]


def open_datasets(overrides: list[str] | None, env: str | None) -> tuple[LLMConfig, Path, DatasetStore]:
    """Give the configuration, the project's folder and its datasets."""
    from ..config import LLMConfig
    from .store import DatasetStore

    loaded = start(overrides, env)
    return loaded.group("llm", LLMConfig), loaded.root, DatasetStore(loaded.root / "datasets")


def tell_version(version: Version) -> None:
    """Say what a new version holds, and print its name alone for what reads it."""
    rows = version.card["rows"]
    counts = ", ".join(f"{count} {name}" for name, count in rows.items())
    typer.echo(f"{sum(rows.values())} rows: {counts}", err=True)
    typer.echo(str(version))


@contextmanager
def language_model(
    config: LLMConfig, store: DatasetStore, settings: LanguageModelConfig | None = None
) -> Iterator[LanguageModel]:
    """Connect to a language model, or load it here where no address is given, and say in the end what it took.

    Parameters
    ----------
    settings : LanguageModelConfig, optional
        Which; else the one that writes rows.
    """
    from ..errors import ModelError
    from .endpoint import Endpoint

    wanted = settings or config.generation
    model: LanguageModel
    cache = store.root / "answers.db"
    if not wanted.model or wanted.url:
        model = Endpoint(wanted, cache)
    elif not has_part("serving"):
        fault = "a language model is loaded here by what serves models, which this project leaves out"
        raise ModelError(fault, hint=f"set {wanted.section}.url to an OpenAI-compatible address")
    else:
        local = import_module(".local_model", __package__)  # by its name: it is left out with the service
        model = local.open_local_model(config, wanted, cache, store.root.parent / "checkpoints")
    try:
        yield model
    finally:
        model.close()
        used = model.usage
        typer.echo(
            f"language model: {used.requests} requests, {used.kept} answers kept from before, "
            f"{used.prompt_tokens} tokens sent, {used.completion_tokens} received, cost {used.cost:.4f}",
            err=True,
        )


def tell_limit(reason: str) -> None:
    """Warn that a language model was not asked everything, if there is a reason."""
    if reason:
        typer.echo(f"warning: not everything was asked: {reason}", err=True)
