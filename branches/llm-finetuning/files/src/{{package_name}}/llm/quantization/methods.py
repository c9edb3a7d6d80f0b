"""The methods that make a model smaller, and which of them run here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from shutil import which
from typing import TYPE_CHECKING, Any, Literal

from ...errors import first_line
from ..base_model import dtype_of, four_bit_settings
from ..errors import ModelError
from .config import AUTO, MethodName, QuantizationConfig
from .foreign import reader_fault
from .weights import torchao

if TYPE_CHECKING:
    import torch

_DEVICES = ("cpu", "cuda", "mps")  # of other libraries, which are not tried on a small layer
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
        Makes of a group size the settings of what quantises.
    grouped : bool
        Whether rows of weights are divided into groups, with a scale for each.
    trained : bool
        Whether the model learns to answer as the original while its weights are rounded already.
    pruned : bool
        Whether layers are left out, and the others learn to answer as all did.
    maker : str
        What quantises: ``torchao``, ``bitsandbytes``, or ``llm-compressor`` or ``gptqmodel`` in an environment of its
        own.
    """

    name: MethodName
    summary: str
    settings: Callable[[int], Any]
    grouped: bool = False
    trained: bool = False
    pruned: bool = False
    maker: Literal["torchao", "bitsandbytes", "llm-compressor", "gptqmodel"] = "torchao"

    @property
    def outside(self) -> bool:
        """Whether it runs in an environment of its own."""
        return self.maker in ("llm-compressor", "gptqmodel")


@dataclass(frozen=True)
class Candidates:
    """What is tried.

    Attributes
    ----------
    methods : tuple of Method
        Those that the device runs.
    faults : dict of str to str
        Those that it doesn't run, and why.
    choosing : bool
        Whether the best is wanted, within the limits; else there is one method, which was named.
    """

    methods: tuple[Method, ...]
    faults: dict[str, str]
    choosing: bool


def _int8(_: int) -> Any:
    return torchao().Int8WeightOnlyConfig()


def _int8_dynamic(_: int) -> Any:
    return torchao().Int8DynamicActivationInt8WeightConfig()


def _int4(group_size: int) -> Any:
    library = torchao()
    return library.IntxWeightOnlyConfig(weight_dtype=_four_bits(), granularity=library.PerGroup(group_size))


def _int4_dynamic(group_size: int) -> Any:
    library = torchao()
    return library.Int8DynamicActivationIntxWeightConfig(
        weight_dtype=_four_bits(), weight_granularity=library.PerGroup(group_size)
    )


def _bnb_int8(_: int) -> Any:
    describe: Any = import_module("transformers").BitsAndBytesConfig
    return describe(load_in_8bit=True)


def _nf4(_: int) -> Any:
    import torch

    settings = four_bit_settings()
    if not torch.cuda.is_available():
        settings.bnb_4bit_compute_dtype = torch.float32
    return settings


def _gptq(group_size: int) -> Any:
    return ["gptq", "--group-size", str(group_size)]


def _awq(group_size: int) -> Any:
    return ["awq", "--group-size", str(group_size)]


def _gptqmodel(group_size: int) -> Any:
    return ["gptqmodel", "--group-size", str(group_size)]


def _four_bits() -> Any:
    return vars(import_module("torch"))["int4"]  # which the types of torch leave out


METHODS: dict[str, Method] = {
    one.name: one
    for one in (
        Method("int8", "weights in 8 bits, a scale for each row", _int8),
        Method("int8-dynamic", "weights in 8 bits, and activations too, as they come", _int8_dynamic),
        Method("int4", "weights in 4 bits, a scale for each group", _int4, grouped=True),
        Method("int4-dynamic", "weights in 4 bits, and activations in 8, as they come", _int4_dynamic, grouped=True),
        Method("int4-qat", "weights in 4 bits, trained to be so", _int4, grouped=True, trained=True),
        Method("pruned-int8", "fewer layers, trained to answer as all did, in 8 bits", _int8, pruned=True),
        Method("bnb-int8", "weights in 8 bits, with bitsandbytes", _bnb_int8, maker="bitsandbytes"),
        Method("nf4", "weights in 4 bits, spread as a normal distribution", _nf4, maker="bitsandbytes"),
        Method("gptq", "weights in 4 bits, errors made good by the next", _gptq, grouped=True, maker="llm-compressor"),
        Method("awq", "weights in 4 bits, scaled by what is given", _awq, grouped=True, maker="llm-compressor"),
        Method("gptqmodel", "as gptq, in the format of GPTQ", _gptqmodel, grouped=True, maker="gptqmodel"),
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


def find_candidates(name: str | None, device: torch.device, settings: QuantizationConfig) -> Candidates:
    """Give the method that was named, or is configured; or of the configured candidates those that the device runs.

    Raises
    ------
    ModelError
        If there is no such method, or the device can't run it, or can run none.
    """
    wanted = name or settings.method
    if wanted != AUTO:
        return Candidates((find_method(wanted, device, settings),), {}, choosing=False)
    tried = {one: fault_of(METHODS[one], device, settings) for one in dict.fromkeys(settings.candidates)}
    faults: dict[str, str] = {one: fault for one, fault in tried.items() if fault}
    if len(faults) == len(tried):
        told = "; ".join(f"{one}: {fault}" for one, fault in faults.items())
        raise ModelError(f"no method runs on {device.type}: {told}", hint="set llm.model.device=cpu")
    return Candidates(tuple(METHODS[one] for one in tried if one not in faults), faults, choosing=True)


def fault_of(method: Method, device: torch.device, settings: QuantizationConfig) -> str | None:
    """Try a method on one small layer, and say why it fails; of other libraries, what is missing to run them."""
    import torch

    if method.maker != "torchao" and device.type not in _DEVICES:
        return f"{method.maker} runs on {', '.join(_DEVICES)}"
    if method.maker == "bitsandbytes":
        return reader_fault("bitsandbytes")
    if method.outside:
        fault = reader_fault("compressed-tensors") if method.maker == "llm-compressor" else None
        return fault or (None if which("uv") else "uv is not on the PATH")
    generator = torch.Generator().manual_seed(0)
    inputs: int = 2 * settings.group_size
    precision: Any = dtype_of(settings.precision)
    rows = torch.randn(4, inputs, generator=generator).to(device, precision)
    layer = torch.nn.Sequential(torch.nn.Linear(inputs, _PROBED)).to(device, precision)
    try:
        with torch.inference_mode():
            exact = layer(rows)
            torchao().quantize_(layer, method.settings(settings.group_size))
            error = float((layer(rows) - exact).abs().max() / exact.abs().max())
    except Exception as fault:  # kernels that a device lacks raise whatever their authors chose
        return first_line(fault)
    return None if error < 1 else "its results are wrong"  # which a NaN is too
