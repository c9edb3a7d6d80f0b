"""Tuning the model that the project ships on questions about customers, and serving it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ...config import Config, load_config
from ...llm.config import TrainingConfig

if TYPE_CHECKING:
    from ...llm.data.examples import Example
    from ...llm.data.splits import Splits
    from ...llm.training.progress import TrainingResult

NAME = "customer-questions"
"""Of the checkpoints."""

ROWS, EPOCHS, SEED = 3000, 2.0, 0
_LONGEST = 256  # tokens of a row
_LONGEST_REPLY = 96  # tokens
_RATE = 2e-3


def tune(root: Path, rows: Splits[Example], *, epochs: float = EPOCHS) -> tuple[Path, TrainingResult]:
    """Tune all weights of the shipped model, and save it as the next version of `NAME`.

    Parameters
    ----------
    root : Path
        Folder of the project.
    rows : Splits
        Conversations to learn from.
    epochs : float
        Passes over them.
    """
    from ...llm.process import import_training_stack

    import_training_stack()
    from ...llm.fine_tuning import LLMTrainer

    settings = TrainingConfig(
        name=NAME,
        method="full",  # a small model has to learn the form of replies with each of its weights
        epochs=epochs,
        learning_rate=_RATE,
        max_length=_LONGEST,
        evaluations=1,
        keep_states=1,
        seed=SEED,
    )
    trainer = LLMTrainer(config=settings)
    result = trainer.fine_tune(rows)
    saved = trainer.save(NAME, root=root / "checkpoints", metadata={"seed": SEED, "rows": len(rows.train)})
    return saved, result


@contextmanager
def served(config: Config, checkpoint: str | Path = NAME) -> Iterator[Config]:
    """Serve a checkpoint on this machine as long as the block lasts; agents of what is given think with it."""
    from ...llm.serving.server import ModelServer

    quiet = ["agentic.jobs.workers=0", "api.access_log=false", "logging.level=WARNING"]
    short = f"llm.serving.max_tokens={_LONGEST_REPLY}"
    with ModelServer(checkpoint, port=0, root=config.root, overrides=[*quiet, short]) as server:
        yield thinking(config, server.url)


def thinking(config: Config, url: str) -> Config:
    """Give the configuration in which agents think with the model at an address, which was tuned on its tool."""
    models = [f"agentic.models.base_url={url}", "agentic.models.tell_tools=false"]
    agents = [
        "agentic.agents.reasoning_model=served",
        "agentic.agents.tool_model=served",
        "agentic.agents.temperature=0",
    ]
    alone = ["agentic.memory.enabled=false", "logging.level=WARNING"]
    return load_config(config.environment, [*models, *agents, *alone], config.root)
