"""Finding and loading a base model and its tokenizer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import first_line
from .acceleration import choose_attention
from .config import ModelConfig, Precision
from .errors import ModelError
from .model_families import find_family

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

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
    reference: str | ModelConfig, *, precision: Precision = "single", four_bits: bool = False
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a causal language model for training, with its tokenizer, to the CPU.

    The tokenizer comes back with a padding token and a chat template, whatever the model brings.

    Parameters
    ----------
    reference : str or ModelConfig
        As `resolve_base_model` takes it, or all that the configuration says about the model.
    precision : str
        Precision of the weights, if `reference` does not say it.
    four_bits : bool
        Whether to quantise the weights to NF4 with bitsandbytes, on the GPU.

    Raises
    ------
    ModelError
        If there is no such model, it is no causal language model, or its chat template can't be read.
    """
    from transformers import AutoModelForCausalLM

    model = reference if isinstance(reference, ModelConfig) else ModelConfig(base_model=reference, precision=precision)
    attention = choose_attention(model, pick_device(model.device))
    options: dict[str, Any] = {"attn_implementation": attention} if attention else {}
    if four_bits:
        options["quantization_config"] = four_bit_settings()
    tokenizer = load_tokenizer(model)
    with _found(model.base_model):
        location = resolve_base_model(model.base_model)
        commit = commit_of(location, model.revision)
        loaded: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            location,
            dtype=dtype_of(model.precision),
            revision=commit or "main",
            trust_remote_code=model.trust_remote_code,
            **options,
        )
    set_commit(loaded, commit)
    if loaded.generation_config is not None:
        loaded.generation_config.eos_token_id = tokenizer.eos_token_id
        loaded.generation_config.pad_token_id = tokenizer.pad_token_id
    return loaded, tokenizer


def commit_of(location: str, revision: str | None) -> str | None:
    """Give the commit that a revision of a model on the hub stands for now; nothing for a folder.

    Raises
    ------
    OSError
        If there is no such model, or it can't be got.
    """
    from transformers.utils.hub import cached_file, extract_commit_hash

    if Path(location).is_dir():
        return None
    return extract_commit_hash(cached_file(location, "config.json", revision=revision or "main"), None)


def set_commit(model: Any, commit: str | None) -> None:
    """Have a model know its commit, so that a checkpoint of it can be loaded on the same weights."""
    model.config._commit_hash = commit  # transformers leaves it out of what it saves


def load_tokenizer(model: ModelConfig) -> PreTrainedTokenizerBase:
    """Load a model's tokenizer, with the end of a turn as its end token, a padding token and a chat template.

    Raises
    ------
    ModelError
        If there is no such model, or its chat template can't be read.
    """
    from transformers import AutoTokenizer

    family = find_family(load_config(model).model_type)
    with _found(model.base_model):
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            resolve_base_model(model.base_model),
            revision=model.revision or "main",
            trust_remote_code=model.trust_remote_code,
        )
    if family is not None:
        family = find_family(load_config(model).model_type, tokenizer.get_vocab())
    if model.chat_template is not None:
        try:
            tokenizer.chat_template = model.chat_template.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(
                f"the chat template {model.chat_template} can't be read: {error}",
                hint="set llm.model.chat_template to a Jinja file in UTF-8",
            ) from error
    elif tokenizer.chat_template is None:
        tokenizer.chat_template = family.chat_template if family else PLAIN_CHAT_TEMPLATE
    if family and family.turn_end and family.turn_end in str(tokenizer.chat_template):
        tokenizer.eos_token = family.turn_end
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_config(model: ModelConfig) -> PretrainedConfig:
    """Load what says how a model is built, and none of its weights.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    from transformers import AutoConfig

    with _found(model.base_model):
        config: PretrainedConfig = AutoConfig.from_pretrained(
            resolve_base_model(model.base_model),
            revision=model.revision or "main",
            trust_remote_code=model.trust_remote_code,
        )
    return config


def models_here() -> list[str]:
    """Name the models that load without a network: the shipped one, and those of the hub that are cached."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        cached = sorted(one.repo_id for one in scan_cache_dir().repos if one.repo_type == "model")
    except CacheNotFound:
        cached = []
    return [TINY_BASE, *cached]


@contextmanager
def _found(reference: str) -> Iterator[None]:
    """Turn what transformers raises about a model that can't be had into what a person can act on."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = first_line(error)
        if "trust_remote_code" in str(error):
            raise ModelError(
                f"the base model {reference} brings Python code of its own, which is not run",
                hint="read that code, and set llm.model.trust_remote_code=true if you trust it",
            ) from error
        raise ModelError(
            f"cannot load the base model {reference}: {reason}",
            hint="set llm.model.base_model to a folder, or an id on the Hugging Face hub if the network reaches it; "
            f"without a network these work here: {', '.join(models_here())}",
        ) from error


def dtype_of(precision: Precision) -> torch.dtype | Literal["auto"]:
    """Give the type of weights as transformers takes it."""
    import torch

    return torch.float32 if precision == "single" else "auto" if precision == "saved" else getattr(torch, precision)


def four_bit_settings() -> Any:
    """Describe NF4 with double quantisation, as QLoRA has it: https://arxiv.org/abs/2305.14314."""
    import torch
    from transformers import BitsAndBytesConfig

    describe: Any = BitsAndBytesConfig  # has no types
    return describe(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16,
    )


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
