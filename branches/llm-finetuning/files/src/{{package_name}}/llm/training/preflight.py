"""What is checked before weights are downloaded or anything is trained.

tokenizer → rows of tokens → template and end token → lengths → batches → memory → disk
→ problems, each with what would help
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ...reports.theme import DARK, LIGHT, variables
from ..acceleration import choose_attention
from ..base_model import load_config, load_tokenizer, pick_device, resolve_base_model
from ..compilation import choose_compilation
from ..config import LLMConfig, ModelConfig, TrainingConfig
from ..distributed.strategy import check_strategy
from ..errors import DataError, ModelError
from .batches import plan_batches
from .data_preparation import Conversations, TokenRow, conversations_of
from .lora_training import check_qlora
from .memory import (
    MemoryEstimate,
    available_memory,
    estimate,
    read_shape,
    settings_that_fit,
    trained_parameters,
)
from .problems import (
    disk_problems,
    length_problems,
    memory_problems,
    packing_problems,
    template_problems,
)
from .token_store import TOKENS, TokenRows, prepare_rows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ROWS_SHOWN = 5
ROWS_TRIED = 50
STATE_COPIES = 3  # of the trained weights: the weights and the two moments of AdamW

Segments = list[tuple[str, bool]]


@dataclass(frozen=True)
class Lengths:
    """Tokens of the rows of a split.

    Attributes
    ----------
    rows, tokens, supervised : int
        How many rows and tokens, and how many tokens the loss counts.
    typical, longest : int
        Median and most tokens of a row.
    too_long, unsupervised : int
        Rows that would be cut, and rows in which the loss counts nothing.
    """

    rows: int
    tokens: int
    supervised: int
    typical: int
    longest: int
    too_long: int
    unsupervised: int


@dataclass(frozen=True)
class Preflight:
    """What a run is going to be.

    Attributes
    ----------
    base_model, licence, device : str
        Model, its licence as it says itself, and where it runs.
    parameters, trained : int
        Weights of the model, and those that are trained.
    attention : str
        How attention is computed.
    compiled : bool
        Whether layers are compiled.
    batches : TrainingConfig
        The settings, with batches as they will be.
    splits : dict of str to Lengths
        Lengths of the rows.
    memory : MemoryEstimate
        Estimate.
    available : int
        Bytes that the device has for each process.
    fits_with : dict of str to str or None
        Where the run does not fit: settings with which it would, or nothing if none is enough.
    disk_needed, disk_free : int
        Bytes of checkpoint and states, and those that are free.
    benchmarks : str
        Those that the model is put to.
    samples : list of Segments
        Rows as text, in parts that the loss counts or not.
    problems : list of ModelError or DataError
        Why it can't start.
    """

    base_model: str
    licence: str
    device: str
    parameters: int
    trained: int
    attention: str
    compiled: bool
    batches: TrainingConfig
    splits: dict[str, Lengths]
    memory: MemoryEstimate
    available: int
    fits_with: dict[str, str] | None
    disk_needed: int
    disk_free: int
    benchmarks: str = "none"
    samples: list[Segments] = field(default_factory=list)
    problems: list[ModelError | DataError] = field(default_factory=list)

    def check(self) -> None:
        """Raise the first problem.

        Raises
        ------
        DataError, ModelError
            If there is one.
        """
        if self.problems:
            raise self.problems[0]


def run_preflight(
    config: LLMConfig, dataset: Conversations, folder: Path, *, memory_must_fit: bool = True, processes: int = 1
) -> Preflight:
    """Look at a run before it starts.

    Parameters
    ----------
    config : LLMConfig
        Model and settings.
    dataset : mapping or path
        As `LLMTrainer.fine_tune` takes it.
    folder : Path
        Where checkpoints will go.
    memory_must_fit : bool
        Whether too little memory, which is an estimate, is a problem.
    processes : int
        How many share the run.

    Raises
    ------
    DataError, ModelError
        If the model or the data can't be read at all.
    """
    device = pick_device(config.model.device)
    tokenizer = load_tokenizer(config.model)
    rows = prepare_rows(tokenizer, dataset, config.training.loss, folder / TOKENS)
    lengths = {name: measure(some, config.training.max_length) for name, some in rows.items()}
    shape = read_shape(load_config(config.model), config.model.trust_remote_code)
    longest = max(one.longest for one in lengths.values())
    attention = choose_attention(config.model, device) or shape.attention
    numbers = shape.hidden * shape.layers
    batches = plan_batches(config.training, attention=attention, longest=longest, numbers=numbers, device=device)
    compiled = choose_compilation(config.training, device, config.distributed.strategy if processes > 1 else "ddp")
    packing = packing_problems(config.training)
    config = config.model_copy(update={"training": batches})

    def needs(some: LLMConfig) -> MemoryEstimate:
        return estimate(shape, some, longest=longest, device=device, processes=processes)

    memory = needs(config)
    available = available_memory(device) // (1 if device.type == "cuda" else processes)
    trained = trained_parameters(shape, config)
    existing = next(one for one in (folder, *folder.resolve().parents) if one.is_dir())
    # The checkpoint, and the weights that the run begins with, in single precision.
    states = 4 * trained * STATE_COPIES * (config.training.keep_states + 1)
    found = Preflight(
        base_model=config.model.base_model,
        licence=read_licence(config.model),
        device=str(device),
        parameters=shape.parameters,
        trained=trained,
        attention=attention,
        compiled=compiled,
        batches=batches,
        splits=lengths,
        memory=memory,
        available=available,
        fits_with=None
        if memory.total <= available
        else settings_that_fit(config, device, lambda changed: needs(changed).total <= available),
        disk_needed=2 * 4 * trained + states,
        disk_free=shutil.disk_usage(existing).free,
        samples=[show(tokenizer, row) for row in rows["train"].first(ROWS_SHOWN)],
    )
    found.problems.extend(packing)
    found.problems.extend(length_problems(lengths, config.training.max_length))
    tried = [messages for _, messages in islice(conversations_of(dataset, ("train",)), ROWS_TRIED)]
    found.problems.extend(template_problems(tokenizer, tried, rows["train"].first(ROWS_TRIED)))
    if memory_must_fit:
        found.problems.extend(memory_problems(found))
    found.problems.extend(disk_problems(found))
    try:
        if config.training.method == "qlora":
            check_qlora(device)
        check_strategy(config, processes, device)
    except ModelError as error:
        found.problems.append(error)
    return found


def measure(rows: TokenRows, most: int) -> Lengths:
    """Count the tokens of rows of which none should have more than `most`."""
    import numpy as np

    return Lengths(
        rows=len(rows),
        tokens=int(rows.sizes.sum()),
        supervised=int(rows.supervised.sum()),
        typical=int(np.median(rows.sizes)),
        longest=int(rows.sizes.max()),
        too_long=int((rows.sizes > most).sum()),
        unsupervised=int((rows.supervised == 0).sum()),
    )


def show(tokenizer: PreTrainedTokenizerBase, row: TokenRow) -> Segments:
    """Give a row as text, in parts that the loss counts or not."""
    return [(str(tokenizer.decode(ids)), counted) for ids, counted in row.segments()]


def write_supervision(found: Preflight, path: Path) -> None:
    """Write a page that shows what is learned."""
    from jinja2 import Environment, PackageLoader

    train = found.splits["train"]
    template = Environment(
        loader=PackageLoader(__name__.rpartition(".")[0], package_path=""), autoescape=True
    ).get_template("supervision.html.j2")
    path.parent.mkdir(parents=True, exist_ok=True)
    page = template.render(
        rows=found.samples,
        summary=f"{found.base_model}: {train.supervised:,} of {train.tokens:,} tokens in {train.rows:,} rows.",
        light=variables(LIGHT),
        dark=variables(DARK),
    )
    path.write_text(page, encoding="utf-8")


def read_licence(model: ModelConfig) -> str:
    """Read the licence that a model's card names."""
    from huggingface_hub.errors import EntryNotFoundError
    from transformers.utils.hub import cached_file

    source = resolve_base_model(model.base_model)
    try:
        if Path(source).is_dir():
            card = Path(source) / "README.md"
        else:
            card = Path(cached_file(source, "README.md", revision=model.revision or "main") or "")
        found = re.search(r"^license(?:_name)?:\s*(\S+)", card.read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, EntryNotFoundError):
        return "unknown"
    return found[1] if found else "unknown"
