"""Which fast ways to compute a device and its packages have; what is asked for and is not there is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .config import ModelConfig
from .errors import ModelError

if TYPE_CHECKING:
    import torch

FLASH = "flash_attention_2"
FLASH_CAPABILITY = 8, 0


def choose_attention(model: ModelConfig, device: torch.device) -> str | None:
    """Choose how attention is computed: with FlashAttention where it can be, or as the model has it.

    Parameters
    ----------
    model : ModelConfig
        What is loaded, and how.
    device : torch.device
        Where it runs.

    Returns
    -------
    str or None
        A name that transformers knows; nothing to leave the choice to transformers.

    Raises
    ------
    ModelError
        If FlashAttention is asked for, and can't be used here.
    """
    if model.attention not in {"auto", FLASH}:
        return model.attention
    lacking = _lacking_for_flash(model, device)
    if not lacking:
        return FLASH
    if model.attention == FLASH:
        raise ModelError(f"{FLASH} can't be used: {lacking}", hint="set llm.model.attention=auto")
    return None


def _lacking_for_flash(model: ModelConfig, device: torch.device) -> str:
    """Say what FlashAttention lacks here: https://github.com/Dao-AILab/flash-attention, requirements."""
    import torch
    from transformers.utils.import_utils import is_flash_attn_2_available

    if device.type != "cuda":
        return f"it needs a CUDA GPU, and this runs on {device.type}"
    if torch.cuda.get_device_capability(device) < FLASH_CAPABILITY:
        return f"it needs a GPU of compute capability {'.'.join(map(str, FLASH_CAPABILITY))} or more"
    if model.precision not in {"bfloat16", "float16"}:
        return f"it needs weights in 16 bits, and llm.model.precision is {model.precision}"
    return "" if is_flash_attn_2_available() else "the package flash-attn is not installed"
