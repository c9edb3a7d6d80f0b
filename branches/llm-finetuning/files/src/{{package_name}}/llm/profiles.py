"""Profiles: settings that suit a model or a device, from ``conf/llm/profiles``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ..config.settings import one_of
from .base_model import TINY_BASE
from .config import FORMER_MODEL_KEYS, FORMER_TRAINING_KEYS, LLMConfig, renamed
from .errors import ModelError

AUTO, NONE = "auto", "none"


@dataclass(frozen=True)
class Device:
    """What a profile is chosen by.

    Attributes
    ----------
    kind : str
        ``cpu``, ``cuda`` or ``mps``.
    memory_gb : float
        Memory of a GPU.
    capability : float
        Compute capability of a CUDA GPU.
    """

    kind: str
    memory_gb: float = 0.0
    capability: float = 0.0


def read_device(wanted: str) -> Device:
    """Look at the device that a run would use."""
    import torch

    from .base_model import pick_device

    device = pick_device(wanted)
    if device.type != "cuda":
        return Device(device.type)
    facts = torch.cuda.get_device_properties(device)
    return Device("cuda", facts.total_memory / 2**30, facts.major + facts.minor / 10)


def choose_profile(config: LLMConfig, device: Device | None = None) -> str:
    """Choose the profile for a model and a device.

    Parameters
    ----------
    config : LLMConfig
        With the profiles, and the model.
    device : Device, optional
        By default the one that the configuration means.

    Returns
    -------
    str
        ``none`` for the model that the project ships, since the files are made for it; else, of the profiles that the
        device is enough for, the one that asks for most.
    """
    if config.model.base_model == TINY_BASE:
        return NONE
    found = device or read_device(config.model.device)
    fitting = [
        (profile.capability, profile.memory_gb, name)
        for name, profile in config.profiles.items()
        if profile.device == found.kind
        and profile.memory_gb <= found.memory_gb
        and profile.capability <= found.capability
    ]
    return max(fitting)[2] if fitting else NONE


def apply_profile(config: LLMConfig, name: str, given: Collection[str] = ()) -> tuple[LLMConfig, str, dict[str, Any]]:
    """Put the values of a profile into a configuration.

    Parameters
    ----------
    config : LLMConfig
        What the files say.
    name : str
        A profile, which wins over the files; ``auto``, which leaves what was changed in them; or ``none``.
    given : collection of str
        Keys such as ``training.epochs`` that someone set for this run; a profile leaves them.

    Returns
    -------
    config : LLMConfig
        With the profile in it.
    name : str
        The profile that was chosen.
    values : dict of str to Any
        What it set, by key.

    Raises
    ------
    ModelError
        If there is no such profile, or one of its values is not valid.
    """
    chosen = choose_profile(config) if name == AUTO else name
    if chosen == NONE:
        return config, chosen, {}
    if chosen not in config.profiles:
        raise ModelError(f"there is no profile {chosen!r}", hint=one_of(chosen, [AUTO, NONE, *config.profiles]))
    profile = config.profiles[chosen]
    kept = {_present_name(key) for key in given}
    values = {
        f"{section}.{key}": value
        for section, part, former in (
            ("model", profile.model, FORMER_MODEL_KEYS),
            ("training", profile.training, FORMER_TRAINING_KEYS),
            ("evaluation", profile.evaluation, {}),
        )
        for key, value in renamed(part, former).items()
        if f"{section}.{key}" not in kept and (name != AUTO or _is_default(config, section, key))
    }
    content = config.model_dump()
    for key, value in values.items():
        section, _, field = key.partition(".")
        content[section][field] = value
    try:
        return LLMConfig.model_validate(content), chosen, values
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise ModelError(
            f"the profile {chosen} does not hold: {where}: {fault['msg']}", hint=f"edit conf/llm/profiles/{chosen}.yaml"
        ) from error


def _present_name(key: str) -> str:
    """Give a key by the name that is used here."""
    section, _, field = key.partition(".")
    former = {"model": FORMER_MODEL_KEYS, "training": FORMER_TRAINING_KEYS}.get(section, {})
    return f"{section}.{former.get(field, field)}"


def _is_default(config: LLMConfig, section: str, key: str) -> bool:
    """Say whether a value was not changed; an unknown key was not, and is refused with the whole profile."""
    part = getattr(config, section)
    field = type(part).model_fields.get(key)
    return field is None or bool(getattr(part, key) == field.get_default())
