"""What the commands ``llm …`` share: their options, the configuration with these in it, and checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ..runtime import start

if TYPE_CHECKING:
    from ..tracking.config import TrackingConfig
    from .config import LLMConfig

CheckpointArgument = Annotated[
    str | None, typer.Argument(metavar="[CHECKPOINT]", help="Such as name@v1.0.0; the latest by default")
]
SourceOption = Annotated[
    Path | None,
    typer.Option("--source", "--documents", metavar="PATH", help="What rows are made from, in place of the project's"),
]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="Seed of splits, batches and weights")]
DatasetOption = Annotated[
    str | None, typer.Option("--dataset", help="Such as name or name@a1b2c3, in place of the source")
]


class Settings(NamedTuple):
    """What commands start from: the configuration, the project's folder, what rows are made from, and the runs."""

    config: LLMConfig
    root: Path
    source: Path
    store: TrackingConfig


def read_settings(
    source: Path | None,
    seed: int | None,
    overrides: list[str] | None,
    env: str | None,
    *,
    profile: str | None = None,
) -> Settings:
    """Give the configuration with the options in it."""
    from ..tracking.config import TrackingConfig
    from .config import LLMConfig

    loaded = start(overrides, env)
    config = loaded.group("llm", LLMConfig)
    from .console import tell_profile
    from .profiles import apply_profile
    from .use_case import open_use_case

    given = {
        value.key.removeprefix("llm.")
        for value in loaded.values()
        if value.origin != "default" and not value.origin.startswith("conf/")
    }
    config, chosen, values = apply_profile(config, profile or config.training.profile, given)
    tell_profile(chosen, values)
    if seed is not None:
        config = config.model_copy(update={"training": config.training.model_copy(update={"seed": seed})})
    made_from = source or loaded.root / open_use_case(config).source
    return Settings(config, loaded.root, made_from, loaded.group("tracking", TrackingConfig))


def load_model(checkpoint: str | None, config: LLMConfig, root: Path) -> tuple[Any, Any, dict[str, Any]]:
    """Load a checkpoint to the configured device, with its facts."""
    from .base_model import pick_device, place
    from .process import quiet_transformers
    from .training.checkpointing import CheckpointManager

    quiet_transformers()
    model, tokenizer, facts = CheckpointManager.of_project(root).load_checkpoint(checkpoint or config.training.name)
    place(model, pick_device(config.model.device))
    return model, tokenizer, facts
