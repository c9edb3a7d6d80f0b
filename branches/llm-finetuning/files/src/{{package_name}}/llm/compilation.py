"""Layers compiled with ``torch.compile``: one after another, so that the same code serves all that are alike.

The loss, what picks the positions that it counts, and what wraps a model for several processes stay as they are.
https://docs.pytorch.org/tutorials/recipes/regional_compilation.html describes the method.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import Strategy, TrainingConfig
from .errors import ModelError

if TYPE_CHECKING:
    import torch
    from torch import nn

CAPABILITY = 7, 0  # from which Triton makes kernels: https://github.com/triton-lang/triton#compatibility
BACKEND = "inductor"


def choose_compilation(training: TrainingConfig, device: torch.device, strategy: Strategy = "ddp") -> bool:
    """Choose whether layers are compiled: on a CUDA GPU where they can be, on the CPU where it is asked for.

    Parameters
    ----------
    training : TrainingConfig
        What is asked for.
    device : torch.device
        Where it runs.
    strategy : str
        How processes share it; ``ddp`` for one alone. Layers that are gathered when they are needed stay as they are,
        unless it is asked for.

    Raises
    ------
    ModelError
        If it is asked for, and can't be had here.
    """
    if training.compile == "never":
        return False
    lacking = _lacking(device)
    if training.compile == "auto":
        return device.type == "cuda" and training.method != "qlora" and strategy == "ddp" and not lacking
    if lacking:
        raise ModelError(f"layers can't be compiled: {lacking}", hint="set llm.training.compile=never")
    return True


def _lacking(device: torch.device) -> str:
    """Say what compilation lacks here."""
    import torch

    if device.type not in {"cuda", "cpu"}:
        return f"it needs a CUDA GPU or the CPU, and this runs on {device.type}"
    if device.type == "cuda":
        if torch.cuda.get_device_capability(device) < CAPABILITY:
            return f"it needs a GPU of compute capability {'.'.join(map(str, CAPABILITY))} or more"
        if find_spec("triton") is None:
            return "the package triton is not installed"
    compilers = _compilers(device)
    if not any(map(shutil.which, compilers)):
        return f"there is no compiler ({' or '.join(compilers)})"
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        return "the headers of Python are not installed"
    return ""


def _compilers(device: torch.device) -> list[str]:
    """Name the compilers that would do: of C for Triton, of C++ for the CPU."""
    if device.type == "cuda":
        return [os.environ["CC"]] if "CC" in os.environ else ["gcc", "clang"]
    if "CXX" in os.environ:
        return [os.environ["CXX"]]
    return {"darwin": ["clang++"], "win32": ["cl"]}.get(sys.platform, ["g++"])


@contextmanager
def compiled_layers(model: Any, *, wanted: bool) -> Iterator[None]:
    """Have the layers of a model compiled when they are first called in the ``with`` block, and as before after it.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        Model whose class names its layers.
    wanted : bool
        Whether to compile at all.
    """
    from torch import compiler

    layers = list(_layers(model)) if wanted else []
    for layer in layers:
        # Rows of any length with the same code: without it, each new length would be compiled for.
        layer.compile(backend=BACKEND, dynamic=True)
    try:
        yield
    finally:
        for layer in layers:
            layer._compiled_call_impl = None  # torch has no name for the way back
        if layers:
            compiler.reset()


def _layers(model: Any) -> Iterator[nn.Module]:
    """Find the layers that transformers keeps on one device, and FSDP shards one by one."""
    from peft import PeftModel

    causal: Any = model.get_base_model() if isinstance(model, PeftModel) else model
    kinds = set(causal._no_split_modules or ())
    return (module for module in causal.modules() if type(module).__name__ in kinds)
