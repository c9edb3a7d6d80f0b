"""The methods: each makes the weights of a model smaller in place, with torchao."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..base_model import dtype_of
from ..errors import ModelError
from .config import MethodName, QuantizationConfig

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_PROBED = 64  # outputs of the layer that a device is tried with


@dataclass(frozen=True)
class Method:
    """A way to write weights in fewer bits.

    Attributes
    ----------
    name : str
        As the configuration names it.
    summary : str
        What it does.
    settings : callable
        Makes torchao's settings of a group size.
    grouped : bool
        Whether rows of weights are divided into groups, with a scale for each.
    """

    name: MethodName
    summary: str
    settings: Callable[[int], Any]
    grouped: bool = False


def _int8(_: int) -> Any:
    return _torchao().Int8WeightOnlyConfig()


def _int8_dynamic(_: int) -> Any:
    return _torchao().Int8DynamicActivationInt8WeightConfig()


def _int4(group_size: int) -> Any:
    library = _torchao()
    return library.IntxWeightOnlyConfig(weight_dtype=_four_bits(), granularity=library.PerGroup(group_size))


def _int4_dynamic(group_size: int) -> Any:
    library = _torchao()
    return library.Int8DynamicActivationIntxWeightConfig(
        weight_dtype=_four_bits(), weight_granularity=library.PerGroup(group_size)
    )


def _torchao() -> Any:
    return import_module("torchao.quantization")  # has no types


def _four_bits() -> Any:
    return vars(import_module("torch"))["int4"]  # which the types of torch leave out


METHODS: dict[str, Method] = {
    one.name: one
    for one in (
        Method("int8", "weights in 8 bits, a scale for each row", _int8),
        Method("int8-dynamic", "weights in 8 bits, and activations too, as they come", _int8_dynamic),
        Method("int4", "weights in 4 bits, a scale for each group", _int4, grouped=True),
        Method("int4-dynamic", "weights in 4 bits, and activations in 8, as they come", _int4_dynamic, grouped=True),
    )
}


def find_method(name: str, device: torch.device, settings: QuantizationConfig) -> Method:
    """Give a method that a device can run.

    Raises
    ------
    ModelError
        If there is no such method, or the device can't run it.
    """
    if name not in METHODS:
        raise ModelError(f"there is no method {name!r}", hint=f"give {', '.join(METHODS)}")
    fault = fault_of(METHODS[name], device, settings)
    if fault:
        working = [one.name for one in METHODS.values() if fault_of(one, device, settings) is None]
        hint = f"these do: {', '.join(working)}" if working else "set llm.model.device=cpu"
        raise ModelError(f"{name} does not run on {device.type}: {fault}", hint=hint)
    return METHODS[name]


def working_methods(device: torch.device, settings: QuantizationConfig) -> list[Method]:
    """Give the methods that a device can run.

    Raises
    ------
    ModelError
        If it can run none.
    """
    faults = {name: fault_of(one, device, settings) for name, one in METHODS.items()}
    working = [one for name, one in METHODS.items() if faults[name] is None]
    if not working:
        told = "; ".join(f"{name}: {fault}" for name, fault in faults.items())
        raise ModelError(f"no method runs on {device.type}: {told}", hint="set llm.model.device=cpu")
    return working


def fault_of(method: Method, device: torch.device, settings: QuantizationConfig) -> str | None:
    """Try a method on one small layer, and say why it fails; nothing if it works."""
    import torch

    generator = torch.Generator().manual_seed(0)
    inputs: int = 2 * settings.group_size
    precision: Any = dtype_of(settings.precision)
    rows = torch.randn(4, inputs, generator=generator).to(device, precision)
    layer = torch.nn.Sequential(torch.nn.Linear(inputs, _PROBED)).to(device, precision)
    try:
        with torch.inference_mode():
            exact = layer(rows)
            _torchao().quantize_(layer, method.settings(settings.group_size))
            error = float((layer(rows) - exact).abs().max() / exact.abs().max())
    except Exception as fault:  # kernels that a device lacks raise whatever their authors chose
        return str(fault).strip().splitlines()[0] if str(fault).strip() else type(fault).__name__
    return None if error < 1 else "its results are wrong"  # which a NaN is too


def quantize_weights(model: PreTrainedModel, method: Method, group_size: int) -> None:
    """Quantise all linear layers of a model, and its embeddings in 8 bits, in place.

    Embeddings that serve as the last layer too stay one matrix: in two they would take more space than before.

    Raises
    ------
    ModelError
        If there are no linear layers, or a row of weights can't be divided into groups.
    """
    from torch import nn

    check_layers(model, method, group_size)
    whole: Any = model  # has no types for these
    embeddings, last = whole.get_input_embeddings(), whole.get_output_embeddings()
    quantize = _torchao().quantize_
    tied = last is not None and last.weight is embeddings.weight
    quantize(model, method.settings(group_size), lambda part, _: isinstance(part, nn.Linear) and part is not last)
    quantize(model, _int8(group_size), lambda part, _: part is embeddings or (part is last and not tied))
    if tied:
        last.weight = embeddings.weight


def check_layers(model: PreTrainedModel, method: Method, group_size: int) -> None:
    """Refuse a model whose layers a method can't quantise.

    Raises
    ------
    ModelError
        If there are no linear layers, or a row of weights can't be divided into groups.
    """
    from torch import nn

    whole: Any = model
    last = whole.get_output_embeddings()
    layers = [(name, one) for name, one in model.named_modules() if isinstance(one, nn.Linear) and one is not last]
    if not layers:
        raise ModelError(
            f"{type(model).__name__} has no layers of torch.nn.Linear, and only those are quantised",
            hint="quantise a model of another family, such as Llama or Qwen",
        )
    for name, part in layers:
        if method.grouped and part.in_features % group_size:
            raise ModelError(
                f"{name} has {part.in_features} inputs, which are no whole groups of {group_size}",
                hint="set llm.quantization.group_size to a divisor, such as 32",
            )
