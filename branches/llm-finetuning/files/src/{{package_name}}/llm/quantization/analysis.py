"""Where a quantised model differs: layer by layer, and in what it says next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ..data.examples import Row, conversation
from ..training.data_preparation import encode
from .recovery import padded


@dataclass(frozen=True)
class LayerError:
    """How far a layer is off.

    Attributes
    ----------
    name : str
        Of the layer.
    weights : float or None
        Norm of the difference as a share of the norm, of its weights; nothing where a library keeps them packed.
    outputs : float
        The same of what it gives on the rows, with the errors of all layers before it.
    """

    name: str
    weights: float | None
    outputs: float


@dataclass(frozen=True)
class Analysis:
    """Where a quantised model differs from the one that it was made of.

    Attributes
    ----------
    layers : tuple of LayerError
        In the order of the model; none where it has other layers than the original.
    rows : tuple of Row
        What both were given.
    divergences : tuple of float
        For each row the Kullback-Leibler divergence of the next token's distribution from the original's, in nats, a
        mean over the tokens of the answer.
    """

    layers: tuple[LayerError, ...]
    rows: tuple[Row, ...]
    divergences: tuple[float, ...]

    @property
    def divergence(self) -> float:
        """Mean over the rows."""
        return fmean(self.divergences)

    def worst(self, count: int) -> list[tuple[Row, float]]:
        """Give the rows on which the two differ most, with their divergences."""
        both = list(zip(self.rows, self.divergences, strict=True))
        return sorted(both, key=lambda one: -one[1])[:count]


def analyse(original: Any, quantized: Any, tokenizer: Any, rows: Sequence[Row]) -> Analysis:
    """Give both models the same rows, and compare them layer by layer, and in what they say next.

    Parameters
    ----------
    original, quantized : PreTrainedModel
        What is compared.
    tokenizer : PreTrainedTokenizerBase
        That of both.
    rows : sequence of Row
        Rows that neither was trained on: errors on others would be too small.
    """
    import torch

    squares: dict[str, tuple[float, float]] = {}
    divergences = []
    for row in encode(tokenizer, [conversation(one) for one in rows]):
        ids, _, counts = padded([row], tokenizer.pad_token_id, original.device)
        exact, logits = _outputs(original, ids)
        found, others = _outputs(quantized, ids)
        for name, output in exact.items() if exact.keys() == found.keys() else ():
            error, size = squares.get(name, (0.0, 0.0))
            squares[name] = error + _square(found[name] - output), size + _square(output)
        expected, said = (values[counts[0]].float().log_softmax(-1) for values in (logits, others))
        # (counted, vocabulary)
        divergences.append(float(torch.nn.functional.kl_div(said, expected, reduction="batchmean", log_target=True)))
    layers = [
        LayerError(name, _weight_error(original, quantized, name), (error / max(size, 1e-12)) ** 0.5)
        for name, (error, size) in squares.items()
    ]
    return Analysis(tuple(layers), tuple(rows), tuple(divergences))


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


def _weight_error(original: Any, quantized: Any, name: str) -> float | None:
    exact, found = (model.get_submodule(name).weight.detach() for model in (original, quantized))
    plain = found.dequantize() if hasattr(found, "qdata") else found
    if plain.shape != exact.shape or not plain.is_floating_point():
        return None
    return float((_square(plain - exact) / max(_square(exact), 1e-12)) ** 0.5)


def _square(values: Any) -> float:
    return float(values.float().square().sum())
