"""A model and its tokenizer in the folder of a checkpoint."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from importlib import metadata as packages
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base_model import dtype_of, four_bit_settings, set_commit
from ..config import Precision
from ..distributed.resource_management import is_out_of_memory
from ..errors import CheckpointError
from ..quantization.storage import is_quantized, read_quantized, write_quantized
from .checkpoint_base import Base
from .checkpoint_files import RESTORE, read_metadata, write_json

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

RECORDED_PACKAGES = ("torch", "transformers", "peft", "trl", "tokenizers", "safetensors", "accelerate", "torchao")


def write_model(folder: Path, model: Any, tokenizer: Any, reference: str | None) -> None:
    """Save the adapter of a PEFT model, or all of another, and the tokenizer.

    Parameters
    ----------
    folder : Path
        Folder that is there.
    model : PreTrainedModel or PeftModel
        Model to save, as safetensors.
    tokenizer : PreTrainedTokenizerBase
        Tokenizer that belongs to it.
    reference : str, optional
        Where the base model is.
    """
    if hasattr(model, "get_base_model"):
        model.save_pretrained(folder, selected_adapters=["default"])
        # PEFT writes the base model's path on this machine into both files.
        (folder / "README.md").unlink(missing_ok=True)
        config = folder / "adapter_config.json"
        write_json(config, json.loads(config.read_text(encoding="utf-8")) | {"base_model_name_or_path": reference})
    elif is_quantized(model):
        write_quantized(folder, model)
    else:
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def read_model(
    folder: Path, base: Base | None, *, trainable: bool, precision: Precision, four_bits: bool
) -> tuple[PreTrainedModel | PeftModel, PreTrainedTokenizerBase]:
    """Load a model in evaluation mode, and its tokenizer.

    Parameters
    ----------
    folder : Path
        Folder of the checkpoint.
    base : Base, optional
        What the adapter in the folder stands on; without it, a whole model is there.
    trainable : bool
        Whether an adapter is to be trained on.
    precision : str
        Precision of the weights of the base model.
    four_bits : bool
        Whether to quantise those to NF4 with bitsandbytes, on the GPU.

    Raises
    ------
    CheckpointError
        If the files are no model or lack weights, or an adapter does not fit its base model.
    """
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

    where = base or Base(str(folder))
    facts = read_metadata(folder)
    kind = facts["kind"]
    model: Any
    try:
        if kind == "quantized":
            model, lacking = read_quantized(folder), set()
        else:
            options = {"quantization_config": four_bit_settings()} if four_bits else {}
            loader: Any = AutoModelForSequenceClassification if kind == "reward" else AutoModelForCausalLM
            model, loaded = loader.from_pretrained(
                where.location,
                revision=where.commit or "main",
                dtype=dtype_of(precision),
                trust_remote_code=False,
                output_loading_info=True,
                **options,
            )
            lacking = loaded["missing_keys"]
        set_commit(model, where.commit)
        if base:
            model = PeftModel.from_pretrained(model, str(folder), is_trainable=trainable)
            # The file holds the reference; PEFT looks for the base model there when it saves the adapter again.
            model.peft_config["default"].base_model_name_or_path = base.location
            lacking = _lacking(model, folder)
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    except Exception as error:  # the files may come from anywhere: each part of what reads them may fail
        if is_out_of_memory(error):
            hint = "take a device with more memory, or a smaller checkpoint: `llm quantize` makes one"
            raise CheckpointError(f"there is no memory left to load {folder.name}", hint=hint) from error
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        hint = RESTORE
        if kind == "quantized":  # what torchao writes may differ from one of its versions to the next
            hint += f"; it was written with torchao {facts.get('packages', {}).get('torchao', 'of no known version')}"
        raise CheckpointError(f"{folder.name} can't be loaded on {where.location}: {reason}", hint=hint) from error
    if lacking:
        # Libraries only warn, and fill in what leaves the base model as it is, or noise.
        raise CheckpointError(f"{folder.name} lacks weights, such as {min(lacking)}", hint=RESTORE)
    return model.eval(), tokenizer


def _lacking(model: PeftModel, folder: Path) -> set[str]:
    """Give the weights of an adapter that its file does not have."""
    from peft import get_peft_model_state_dict
    from safetensors import safe_open

    with safe_open(folder / "adapter_model.safetensors", framework="pt") as weights:
        return {*get_peft_model_state_dict(model, save_embedding_layers=False)} - {*weights.keys()}


def kind_of(model: Any) -> str:
    """Say what a checkpoint of a model is: an ``adapter``, ``quantized``, a ``reward`` model, or a ``full`` one."""
    if hasattr(model, "get_base_model"):
        return "adapter"
    return "quantized" if is_quantized(model) else "reward" if is_reward_model(model) else "full"


def is_reward_model(model: Any) -> bool:
    """Say whether a model scores, and does not write."""
    name: str = type(model).__name__
    return name.endswith("ForSequenceClassification")


def package_versions() -> dict[str, str]:
    """Give the versions of Python and of the packages that a model depends on."""
    versions = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in RECORDED_PACKAGES:
        with suppress(packages.PackageNotFoundError):
            versions[package] = packages.version(package)
    return versions
