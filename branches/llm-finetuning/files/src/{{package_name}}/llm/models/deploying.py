"""Putting a checkpoint into a service that runs.

check → put in the other's place → ask over HTTP → done, or the other one comes back
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from ...errors import ProjectError, first_line
from ..base_model import pick_device
from ..config import LLMConfig
from ..errors import ModelError
from ..inference import prompt_messages
from ..training.checkpoint_names import label_of
from ..training.checkpointing import CheckpointManager
from ..training.golden import golden_of
from .memory import DeviceMemory, gib, saved_size

Say = Callable[[str], None]

_MOST_TOKENS = 32
_PATIENCE = 600.0
"""Seconds to load a model, and to let the other one end what it has begun."""


class DeployError(ProjectError):
    """A checkpoint that does not take its place, and what is there instead."""


def check(config: LLMConfig, checkpoints: CheckpointManager, reference: str | Path, say: Say) -> dict[str, Any]:
    """See that a checkpoint is as it was saved, and that this machine's memory could hold it.

    Returns
    -------
    dict
        Its metadata.

    Raises
    ------
    CheckpointError
        If it is not as it was saved.
    ModelError
        If it is larger than models may be here.
    """
    facts = checkpoints.verify(reference)
    size = saved_size(checkpoints, checkpoints.path(reference))
    room = int(config.models.memory_gb * 2**30)
    room = room or int(DeviceMemory(pick_device(config.model.device)).total() * config.models.memory_share)
    if size > room:
        raise ModelError(
            f"{label_of(facts)} takes {gib(size)}, and models may take {gib(room)}",
            hint="raise llm.models.memory_gb or memory_share, or quantise it",
        )
    say(f"{label_of(facts)}: as it was saved, {gib(size)} of {gib(room)}")
    return facts


def ask_golden(client: httpx.Client, facts: Mapping[str, Any], name: str, say: Say) -> None:
    """Ask a service the golden prompts of the checkpoint that a name is to mean.

    Raises
    ------
    DeployError
        If another checkpoint answers, or none, or there is no word in all answers.
    """
    said = []
    for context, question in golden_of(facts):
        messages = prompt_messages(context, question)
        body = {"model": name, "messages": messages, "temperature": 0, "max_tokens": _MOST_TOKENS}
        answer = _json(client, "POST", "/v1/chat/completions", body)
        if answer["model"] != label_of(facts):
            raise DeployError(f"{answer['model']} answers to {name}, and not {label_of(facts)}")
        said.append(answer["choices"][0]["message"]["content"].strip())
    if not any(said):
        raise DeployError(f"{label_of(facts)} answers nothing to its golden prompts", hint="train it again")
    say(f"{label_of(facts)} answers {len(said)} golden prompts, the last with {said[-1]!r}")


def deploy_to_service(
    client: httpx.Client, facts: Mapping[str, Any], place: Path, say: Say, name: str | None = None
) -> None:
    """Put a checkpoint into a service that runs, in the place of what answers to a name.

    Parameters
    ----------
    client
        Of the service, with a key that may administer it.
    facts
        Metadata of the checkpoint.
    place
        Its folder, as the service sees it.
    name
        What it is to answer to; its own name without a version by default.

    Raises
    ------
    DeployError
        If it does not load or answer; what was there before is there again.
    """
    label, name = label_of(facts), name or str(facts["name"])
    before = _meant(client, name)
    if before == label:
        say(f"{label} is what answers to {name} already")
    else:
        _json(client, "POST", "/llm/models", {"checkpoint": str(place), "replaces": name})
        say(f"{label} answers to {name} in the place of {before}")
    try:
        ask_golden(client, facts, name, say)
    except DeployError as error:
        if before == label:
            raise
        try:
            _json(client, "POST", "/llm/models", {"checkpoint": before, "replaces": name})
        except DeployError as worse:
            raise DeployError(error.message, hint=f"{before} does not come back: {worse.message}") from error
        raise DeployError(f"{error.message}: {before} is back", hint=error.hint) from error


def _meant(client: httpx.Client, name: str) -> str:
    """Ask which checkpoint answers to a name."""
    _json(client, "GET", "/v1/models")  # has the service find what is configured
    models = _json(client, "GET", "/llm/models")["models"]
    found = next((str(one["name"]) for one in models if name in one["aliases"]), None)
    if found is None:
        known = ", ".join(alias for one in models for alias in one["aliases"]) or "none"
        raise DeployError(f"the service has no model {name!r}", hint=f"give --replaces one of: {known}")
    return found


def _json(client: httpx.Client, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    try:
        answer = client.request(method, path, json=body, timeout=_PATIENCE)
    except httpx.HTTPError as error:
        raise DeployError(
            f"{client.base_url} can't be asked: {first_line(error) or type(error).__name__}",
            hint="start it with `llm serve`, or give its --url",
        ) from error
    if answer.is_success:
        return answer.json()
    try:
        reason = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        reason = answer.text[:500]
    raise DeployError(f"{path} answers {answer.status_code}: {reason}")
