"""How much memory a training run will need, and which settings would make it fit. Nothing is loaded for it.

Weights, gradients and what the optimiser keeps are counted. Activations follow Korthikanti et al., "Reducing
Activation Recomputation in Large Transformer Models" (https://arxiv.org/abs/2205.05198), table 2, without the scores of
attention, which fused kernels do not keep: 34 bytes for each token, hidden dimension and layer in 16 bits, and 2 with
recomputation. TRL's head takes the loss in tiles of tokens and vocabulary, and never has the logits of a whole batch:
https://github.com/huggingface/trl/blob/main/trl/kernels/chunked_logprob.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config import LLMConfig
from ..distributed.resource_management import smaller_batch
from ..distributed.strategy import SHARDS_WEIGHTS
from ..host_memory import host_memory
from .batches import attention_of

if TYPE_CHECKING:
    import torch

ACTIVATION_BYTES = 17  # for each byte of an element: 34 at two bytes
CHECKPOINTED_BYTES = 1
LOGIT_BYTES = 16  # a tile of logits and what the loss makes of it, in float32
TILE_TOKENS, TILE_VOCABULARY = 4096, 32768
EIGHT_BIT_OPTIMIZERS = ("adamw_8bit", "paged_adamw_8bit")
FOUR_BIT = 0.55  # bytes of a weight in NF4 with double quantisation: Dettmers et al., https://arxiv.org/abs/2305.14314
OVERHEAD = 1.1  # fragments, buffers and kernels


@dataclass(frozen=True)
class ModelShape:
    """What the memory of a model depends on.

    Attributes
    ----------
    parameters : int
        All weights.
    matrices : tuple of (str, int, int)
        Name, input and output width of each linear layer but the last.
    layers, hidden, vocabulary : int
        Number of blocks, width between them, and size of the vocabulary.
    saved_bytes : int
        Bytes of a weight as saved.
    attention : str
        How attention is computed where nothing else is asked for.
    """

    parameters: int
    matrices: tuple[tuple[str, int, int], ...]
    layers: int
    hidden: int
    vocabulary: int
    saved_bytes: int
    attention: str = "sdpa"


@dataclass(frozen=True)
class MemoryEstimate:
    """Memory of a training run in bytes."""

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it, with what fragments and buffers take."""
        return int(OVERHEAD * (self.weights + self.gradients + self.optimizer + self.activations))


def read_shape(model_config: Any, trust_remote_code: bool = False) -> ModelShape:
    """Build a model without weights, and measure it.

    Parameters
    ----------
    model_config : PretrainedConfig
        Configuration of the model.
    trust_remote_code : bool
        Whether code that comes with the model may run.
    """
    import torch
    from torch import nn
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        make: Any = AutoModelForCausalLM.from_config
        model = make(model_config, trust_remote_code=trust_remote_code)
    head = model.get_output_embeddings()
    text = model_config.get_text_config()
    matrices = tuple(
        (name, module.in_features, module.out_features)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module is not head
    )
    saved = getattr(model_config, "dtype", None)
    return ModelShape(
        parameters=sum(weight.numel() for weight in model.parameters()),
        matrices=matrices,
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        vocabulary=text.vocab_size,
        saved_bytes=saved.itemsize if isinstance(saved, torch.dtype) else 4,
        attention=attention_of(model),
    )


def estimate(
    shape: ModelShape, config: LLMConfig, *, longest: int, device: torch.device, processes: int = 1
) -> MemoryEstimate:
    """Estimate the memory of a run, in each of its processes.

    Parameters
    ----------
    shape : ModelShape
        The model.
    config : LLMConfig
        How it is trained, with its batches as they will be.
    longest : int
        Tokens of the longest row.
    device : torch.device
        Where; on CUDA activations are kept in 16 bits.
    processes : int
        How many share the run.
    """
    shards = 1 if config.distributed.strategy == "ddp" else processes
    parts = processes if config.distributed.strategy in SHARDS_WEIGHTS else 1
    training = config.training
    weight_bytes = {"single": 4, "saved": shape.saved_bytes}.get(config.model.precision, 2)
    trained = trained_parameters(shape, config)
    tokens = training.batch_size * longest
    per_layer = CHECKPOINTED_BYTES if training.activation_checkpointing else ACTIVATION_BYTES
    element = 2 if device.type == "cuda" else max(weight_bytes, 2)
    # With recomputation one block at a time is there in full.
    blocks = shape.layers * per_layer + (ACTIVATION_BYTES if training.activation_checkpointing else 0)
    adapter = training.method != "full"
    base = _base_bytes(shape, weight_bytes, four_bits=training.method == "qlora")
    trained_bytes = 4 if adapter else weight_bytes
    logits = min(tokens, TILE_TOKENS) * min(shape.vocabulary, TILE_VOCABULARY) * LOGIT_BYTES
    return MemoryEstimate(
        weights=(base + (4 * trained if adapter else 0)) // parts,
        gradients=trained * trained_bytes // shards,
        optimizer=trained * _moment_bytes(training.optimizer, trained_bytes) // shards,
        activations=tokens * shape.hidden * element * blocks + logits,
    )


def _base_bytes(shape: ModelShape, weight_bytes: int, *, four_bits: bool) -> int:
    """Count the bytes of the base model; QLoRA leaves embeddings and head in 32 bits."""
    if not four_bits:
        return shape.parameters * weight_bytes
    quantised = sum(before * after for _, before, after in shape.matrices)
    return int(quantised * FOUR_BIT) + 4 * (shape.parameters - quantised)


def _moment_bytes(optimizer: str, trained_bytes: int) -> int:
    """Count what AdamW keeps for a trained weight, two numbers like it; Adafactor keeps sums of rows and columns."""
    if optimizer == "adafactor":
        return 0
    return 2 if optimizer in EIGHT_BIT_OPTIMIZERS else 2 * trained_bytes


def trained_parameters(shape: ModelShape, config: LLMConfig) -> int:
    """Count the weights that a run trains: all, or the two matrices of each adapter, perhaps with the embeddings."""
    training = config.training
    if training.method == "full":
        return shape.parameters
    wanted = training.lora_targets
    embeddings = shape.parameters - sum(before * after for _, before, after in shape.matrices)
    return (embeddings if training.train_embeddings else 0) + sum(
        training.lora_rank * (before + after)
        for name, before, after in shape.matrices
        if not wanted or name.rpartition(".")[2] in wanted
    )


def settings_that_fit(
    config: LLMConfig, device: torch.device, fits: Callable[[LLMConfig], bool]
) -> dict[str, str] | None:
    """Find the least change of settings with which a run fits; the effective batch stays as it is.

    Parameters
    ----------
    config : LLMConfig
        Settings that are too much.
    device : torch.device
        Where the run is.
    fits : callable
        Says whether settings fit.

    Returns
    -------
    dict of str to str, or None
        Keys of the configuration with their values; nothing if no change is enough.
    """
    return next((settings for changed, settings in _smaller(config, device) if fits(changed)), None)


def _smaller(config: LLMConfig, device: torch.device) -> Iterator[tuple[LLMConfig, dict[str, str]]]:
    """Give ever smaller configurations, the cheapest changes first."""
    settings: dict[str, str] = {}

    def change(section: str, values: Mapping[str, Any]) -> None:
        nonlocal config
        part = getattr(config, section).model_copy(update=values)
        config = config.model_copy(update={section: part})
        settings.update({f"llm.{section}.{key}": str(value).lower() for key, value in values.items()})

    if not config.training.activation_checkpointing:
        change("training", {"activation_checkpointing": True})
        yield config, settings
    while smaller := smaller_batch(config.training.batch_size, config.training.gradient_accumulation):
        batches = {"batch_size": smaller[0], "gradient_accumulation": smaller[1]}
        change("training", {"packing": config.training.packing, **batches})
        yield config, settings
    if config.model.precision == "single":
        change("model", {"precision": "bfloat16"})
        yield config, settings
    if config.training.method == "full":
        change("training", {"method": "lora"})
        yield config, settings
    if config.training.method == "lora" and device.type == "cuda":
        change("training", {"method": "qlora"})
        yield config, settings


def available_memory(device: torch.device) -> int:
    """Ask how many bytes a device has for this process."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return host_memory().free
