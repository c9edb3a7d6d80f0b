"""Adapters: LoRA and its variants on a model as it is, and QLoRA on one in four bits."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ...errors import first_line
from ..config import TrainingConfig
from ..errors import ModelError
from ..model_families import find_family

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel


def add_adapter(model: PreTrainedModel | PeftModel, config: TrainingConfig, heads: Sequence[str] = ()) -> PeftModel:
    """Put an adapter on a base model; one that is there already is trained on.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        Base model, in four bits for QLoRA.
    config : TrainingConfig
        Rank, scale, variant and layers. DoRA: https://arxiv.org/abs/2402.09353, rsLoRA:
        https://arxiv.org/abs/2312.03732, PiSSA: https://arxiv.org/abs/2404.02948.
    heads : sequence of str
        Layers of a reward model that are trained whole.

    Raises
    ------
    ModelError
        If the model has none of the layers, or DoRA is asked for rows of zeros.
    """
    from peft import LoraConfig, PeftModel, get_peft_model, prepare_model_for_kbit_training

    if isinstance(model, PeftModel):
        return model
    family = find_family(str(model.config.model_type))
    targets: Any = list(config.lora_targets or (family.lora_targets if family else ())) or "all-linear"
    whole = [*heads, *(_embeddings(model) if config.train_embeddings else ())]
    adapter = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=targets,
        use_dora=config.lora_variant == "dora",
        use_rslora=config.lora_variant == "rslora",
        init_lora_weights="pissa" if config.lora_variant == "pissa" else True,
        task_type="SEQ_CLS" if heads else "CAUSAL_LM",
        modules_to_save=whole or None,
        ensure_weight_tying=config.train_embeddings and bool(getattr(model.config, "tie_word_embeddings", False)),
    )
    prepare: Any = prepare_model_for_kbit_training  # has no types
    if config.method == "qlora":
        model = prepare(model, use_gradient_checkpointing=config.activation_checkpointing)
    wrap: Any = get_peft_model
    try:
        tuned: PeftModel = wrap(model, adapter)
    except ValueError as error:
        raise ModelError(
            f"no adapter can be put on {', '.join(targets)}: {first_line(error)}",
            hint="set llm.training.lora_targets to the names of linear layers of this model",
        ) from error
    if config.lora_variant == "dora":
        _check_magnitudes(tuned)
    return tuned


def _embeddings(model: PreTrainedModel) -> list[str]:
    """Name the layers that turn tokens into vectors, and vectors into tokens where these have weights of their own."""
    whole: Any = model  # transformers gives these methods no types
    ends = [whole.get_input_embeddings()]
    if not getattr(model.config, "tie_word_embeddings", False):
        ends.append(whole.get_output_embeddings())
    return [name.rpartition(".")[2] for name, layer in model.named_modules() if any(layer is end for end in ends)]


def _check_magnitudes(model: PeftModel) -> None:
    """Refuse DoRA on rows of zeros: it divides by their length, and what comes out is no number."""
    zero = sorted(
        name.rpartition(".lora_magnitude_vector")[0].rpartition(".")[2]
        for name, weight in model.named_parameters()
        if "lora_magnitude_vector" in name and not weight.all()
    )
    if zero:
        raise ModelError(
            f"dora can't be put on {', '.join(dict.fromkeys(zero))}: it divides by the norm of rows, and some are zero",
            hint="set llm.training.lora_variant=lora, or name other layers in llm.training.lora_targets",
        )


def check_qlora(device: torch.device) -> None:
    """Refuse QLoRA where it can't run.

    Raises
    ------
    ModelError
        Without a CUDA GPU, or without bitsandbytes.
    """
    if device.type != "cuda":
        raise ModelError(
            f"qlora needs a CUDA GPU, and this runs on {device.type}",
            hint="set llm.training.method=lora, with llm.model.precision=bfloat16 and "
            "llm.training.activation_checkpointing=true if memory is short",
        )
    if find_spec("bitsandbytes") is None:
        raise ModelError(
            "qlora needs bitsandbytes, which is not installed", hint="install it with `uv sync --extra qlora`"
        )
