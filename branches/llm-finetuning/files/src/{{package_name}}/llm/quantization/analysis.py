"""Where a quantised model differs: layer by layer, and in what it says next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..inference import prompt_messages

if TYPE_CHECKING:
    from ..training.golden import Prompt


@dataclass(frozen=True)
class LayerError:
    """How far a layer is off.

    Attributes
    ----------
    name : str
        Of the layer.
    weights, outputs : float
        Norm of the difference as a share of the norm: of its weights, and of what it gives on the prompts, with the
        errors of all layers before it.
    """

    name: str
    weights: float
    outputs: float


@dataclass(frozen=True)
class Analysis:
    """Where a quantised model differs from the one that it was made of.

    Attributes
    ----------
    layers : tuple of LayerError
        In the order of the model.
    divergence : float
        Kullback-Leibler divergence of the next token's distribution from the original's, in nats, a mean over all
        tokens of the prompts.
    """

    layers: tuple[LayerError, ...]
    divergence: float


def analyse(original: Any, quantized: Any, tokenizer: Any, prompts: Sequence[Prompt]) -> Analysis:
    """Give both models the same prompts, and compare them layer by layer."""
    import torch

    squares: dict[str, tuple[float, float]] = {}
    divergence, tokens = 0.0, 0
    for context, question in prompts:
        text = str(
            tokenizer.apply_chat_template(
                prompt_messages(context, question), tokenize=False, add_generation_prompt=True
            )
        )
        ids = tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"].to(original.device)
        exact, logits = _outputs(original, ids)
        found, others = _outputs(quantized, ids)
        for name, output in exact.items():
            error, size = squares.get(name, (0.0, 0.0))
            squares[name] = error + _square(found[name] - output), size + _square(output)
        expected, said = (values.float().log_softmax(-1) for values in (logits, others))  # (tokens, vocabulary)
        divergence += float(torch.nn.functional.kl_div(said, expected, reduction="sum", log_target=True))
        tokens += len(expected)
    layers = [
        LayerError(name, _weight_error(original, quantized, name), (error / max(size, 1e-12)) ** 0.5)
        for name, (error, size) in squares.items()
    ]
    return Analysis(tuple(layers), divergence / tokens)


def _outputs(model: Any, ids: Any) -> tuple[dict[str, Any], Any]:
    """Give what each layer with weights in two dimensions gives, and the logits."""
    import torch

    found: dict[str, Any] = {}

    def keep(name: str) -> Any:
        return lambda _layer, _inputs, output: found.update({name: output.detach()})

    parts = [(name, part) for name, part in model.named_modules() if _is_quantized_kind(part)]
    hooks = [part.register_forward_hook(keep(name)) for name, part in parts]
    try:
        with torch.inference_mode():
            logits = model(input_ids=ids).logits[0]
    finally:
        for hook in hooks:
            hook.remove()
    return found, logits


def _is_quantized_kind(part: Any) -> bool:
    from torch import nn

    return isinstance(part, nn.Linear | nn.Embedding)


def _weight_error(original: Any, quantized: Any, name: str) -> float:
    exact, found = (model.get_submodule(name).weight.detach() for model in (original, quantized))
    return float((_square(found.dequantize() - exact) / max(_square(exact), 1e-12)) ** 0.5)


def _square(values: Any) -> float:
    return float(values.float().square().sum())
