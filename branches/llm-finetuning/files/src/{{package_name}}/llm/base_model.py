"""Finding and loading a base model and its tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .errors import ModelError

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PACKAGE_SCHEME = "package:"
TINY_BASE = f"{PACKAGE_SCHEME}tiny_base/model"
# For models without a chat template of their own: plain text, nothing that a tokenizer must know.
PLAIN_CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %} {{ message['content'] | trim }}{{ eos_token }}"
    "{% else %}{{ message['content'] | trim }}\n\nAnswer:{% endif %}"
    "{% endfor %}"
)


def resolve_base_model(reference: str) -> str:
    """Turn a reference to a base model into what transformers can load.

    Parameters
    ----------
    reference : str
        ``package:<folder below this package>``, a folder, or an id on the Hugging Face hub.

    Raises
    ------
    ModelError
        If ``package:`` names no folder with a model.

    Examples
    --------
    >>> resolve_base_model("organisation/some-model")
    'organisation/some-model'
    """
    if not reference.startswith(PACKAGE_SCHEME):
        return reference
    package = Path(__file__).resolve().parent
    folder = (package / reference.removeprefix(PACKAGE_SCHEME)).resolve()
    if not folder.is_relative_to(package) or not (folder / "config.json").is_file():
        raise ModelError(f"there is no model {reference}", hint=f"the model that ships with the project is {TINY_BASE}")
    return str(folder)


def load_base_model(
    reference: str, *, precision: Literal["single", "saved"] = "single"
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a causal language model for training, with its tokenizer, to the CPU.

    The tokenizer comes back with a padding token and a chat template, whatever the model brings.

    Parameters
    ----------
    reference : str
        As `resolve_base_model` takes it.
    precision : str
        ``single``, or the one in which the weights were ``saved``.

    Raises
    ------
    ModelError
        If there is no such model, or it is no causal language model.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = resolve_base_model(reference)
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(source)
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            source, dtype=torch.float32 if precision == "single" else "auto"
        )
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"cannot load the base model {reference}: {reason}",
            hint=f"set llm.model.base_model to a folder, an id on the Hugging Face hub, or {TINY_BASE}",
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.chat_template is None:
        tokenizer.chat_template = PLAIN_CHAT_TEMPLATE
    return model, tokenizer


def pick_device(wanted: str) -> torch.device:
    """Choose where a model runs.

    Parameters
    ----------
    wanted : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``; ``auto`` takes the best there is.

    Raises
    ------
    ModelError
        If the wanted device is not there.
    """
    import torch

    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return torch.device(next(name for name, there in available.items() if there))
    if not available[wanted]:
        raise ModelError(f"there is no {wanted} device here", hint="set llm.model.device to auto or cpu")
    return torch.device(wanted)


def place(model: PreTrainedModel | PeftModel, device: torch.device) -> None:
    """Move a model to a device."""
    from torch import nn

    nn.Module.to(model, device)  # what transformers puts around it takes no device, as far as its types go
