"""The command that serves a checkpoint with vLLM.

Source of the flags: https://docs.vllm.ai/en/latest/cli/serve/
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..config import LLMConfig
from ..errors import ModelError
from ..quantization.storage import WEIGHTS
from ..training.checkpoint_base import checked_base
from ..training.checkpoint_names import label_of
from ..training.checkpointing import CheckpointManager


@dataclass(frozen=True)
class Adapter:
    """An adapter that is loaded beside others.

    Attributes
    ----------
    names : tuple of str
        What requests call it.
    rank : int
        Of its matrices.
    """

    names: tuple[str, ...]
    folder: Path
    rank: int


def serve_command(config: LLMConfig, manager: CheckpointManager, reference: str, project: Path) -> list[str]:
    """Word the command, all but the address to listen on.

    Parameters
    ----------
    config : LLMConfig
        Its sections ``serving`` and ``vllm`` are used.
    manager : CheckpointManager
        Finds the checkpoints.
    reference : str
        Of the checkpoint. An adapter is put on its base model.
    project : Path
        Folder that base models are found from.

    Raises
    ------
    CheckpointError
        If a checkpoint or its base model is missing or was changed.
    ModelError
        If vLLM can't serve it.
    """
    folder = manager.path(reference)
    facts = manager.metadata(folder)
    label = label_of(facts)
    names = (label, facts["name"])
    if facts["kind"] == "reward" or (folder / WEIGHTS).exists():
        reason = "it writes no answers" if facts["kind"] == "reward" else "its weights are in a format of this project"
        raise ModelError(
            f"{label} can't be served by vLLM: {reason}",
            hint="serve it with llm.serving.backend=transformers, or name another checkpoint",
        )
    adapters = [_adapter(manager, named, (name,)) for name, named in config.vllm.adapters.items()]
    words = [*config.vllm.command, "serve"]
    if facts["kind"] != "adapter":
        words += [str(folder), "--served-model-name", *names]
    else:
        base = checked_base(folder, facts, project)
        # A name for the base model too: without one, requests may ask for it by its path.
        words += [base.location, "--tokenizer", str(folder), "--served-model-name", f"{label}-base"]
        words += ["--revision", base.commit] if base.commit else []
        adapters.insert(0, _adapter(manager, str(folder), names))
    return [*words, *_adapter_flags(adapters), *_flags(config, _draft(manager, config.vllm.draft))]


def _adapter(manager: CheckpointManager, reference: str, names: tuple[str, ...]) -> Adapter:
    folder = manager.path(reference)
    path = folder / "adapter_config.json"
    if not path.is_file():
        raise ModelError(f"{reference} is no adapter", hint="name adapters in llm.vllm.adapters")
    return Adapter(names, folder, int(json.loads(path.read_text(encoding="utf-8"))["r"]))


def _draft(manager: CheckpointManager, reference: str) -> str:
    """Give the folder of a checkpoint that guesses ahead; what is none may be a folder, or an id on the hub."""
    if not reference or "/" in reference:
        return reference
    folder = manager.path(reference)
    if manager.metadata(folder)["kind"] != "full":
        hint = "merge it, or name the folder or id of a whole model"
        raise ModelError(f"{reference} can't guess ahead for vLLM: it is no whole model", hint=hint)
    return str(folder)


def _adapter_flags(adapters: Sequence[Adapter]) -> list[str]:
    if not adapters:
        return []
    modules = [
        json.dumps({"name": name, "path": str(adapter.folder)}) for adapter in adapters for name in adapter.names
    ]
    rank = 1 << max(3, (max(adapter.rank for adapter in adapters) - 1).bit_length())  # it takes powers of 2 from 8 on
    # To vLLM each name is an adapter of its own, and without a number it takes one adapter in a batch.
    sizes = ["--max-loras", str(len(modules)), "--max-lora-rank", str(rank)]
    return ["--enable-lora", *sizes, "--lora-modules", *modules]


def _flags(config: LLMConfig, draft: str) -> list[str]:
    settings, serving = config.vllm, config.serving
    words = ["--dtype", settings.dtype]
    words += ["--max-num-seqs", str(serving.rows)] if serving.rows != "auto" else []
    words += ["--tensor-parallel-size", str(settings.tensor_parallel)]
    words += ["--pipeline-parallel-size", str(settings.pipeline_parallel)]
    words += ["--gpu-memory-utilization", str(settings.gpu_memory)]
    words += ["--enable-prefix-caching" if settings.prefix_cache else "--no-enable-prefix-caching"]
    if serving.context:
        words += ["--max-model-len", str(serving.context)]
    if settings.batched_tokens:
        words += ["--max-num-batched-tokens", str(settings.batched_tokens)]
    speculation = settings.speculation
    if settings.draft and not speculation:
        speculation = {"method": "draft_model", "model": draft, "num_speculative_tokens": settings.draft_tokens}
    elif serving.lookup_tokens and not speculation:
        speculation = {"method": "ngram", "num_speculative_tokens": serving.lookup_tokens, "prompt_lookup_max": 3}
    if speculation:
        words += ["--speculative-config", json.dumps(speculation)]
    return [*words, *settings.flags]
