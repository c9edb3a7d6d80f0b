"""Workers on a Ray cluster: Ray finds the machines and gives them their GPUs, torchrun starts the workers on each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ...plugins import PACKAGE
from ..errors import ModelError
from .multi_node import Launch, run_workers

_PATIENCE = 300.0


def run_on_ray(launch: Launch, arguments: Sequence[str], *, address: str, device: str, root: Path) -> None:
    """Run the project's command in workers on a cluster, until they end.

    Parameters
    ----------
    launch : Launch
        How many workers, on how many machines.
    arguments : sequence of str
        Those of the project's command, such as ``llm train``.
    address : str
        ``auto``, ``local`` for a cluster that is this machine and ends with the run, or ``ray://host:port``.
    device : str
        As in ``llm.model.device``; ``auto`` takes GPUs if the cluster has any.
    root : Path
        Folder of the project, which all machines share, as they do the current folder.

    Raises
    ------
    ModelError
        If Ray is not installed, no cluster answers, it has no room, or the workers fail.
    """
    # With it, Ray would pack the project, and make an environment of it for each worker.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    try:
        ray = import_module("ray")
    except ModuleNotFoundError as error:
        raise ModelError("Ray is not installed", hint="install the extra: uv sync --extra ray") from error
    try:
        ray.init(address=address, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ModelError(
            f"no cluster of Ray answers: {reason}", hint=f"is it running? --ray is {address}; local needs none"
        ) from error
    try:
        fine = _run(ray, launch, arguments, device, {f"{PACKAGE.upper()}_ROOT": str(root)})
    except ray.exceptions.RayError as error:
        lost = f"a machine of the cluster was lost: {str(error).strip().splitlines()[0]}"
        raise ModelError(lost, hint="the last state is kept: go on with --resume") from error
    finally:
        ray.shutdown()
    if not all(fine):
        raise ModelError(
            f"the workers failed, and again after {launch.restarts} restarts",
            hint="what they wrote is above; the last state is kept: go on with --resume",
        )


def _run(ray: Any, launch: Launch, arguments: Sequence[str], device: str, environment: dict[str, str]) -> list[bool]:
    """Take room for the workers, and run them; says for each machine whether they came to their end."""
    there = ray.cluster_resources()
    room = {"CPU": launch.processes}
    if device == "cuda" or (device == "auto" and there.get("GPU")):
        room["GPU"] = launch.processes
    group = import_module("ray.util").placement_group([room] * launch.nodes, strategy="SPREAD")
    try:
        ray.get(group.ready(), timeout=_PATIENCE)
    except ray.exceptions.GetTimeoutError as error:
        has = {name: int(there.get(name, 0)) for name in room}
        raise ModelError(
            f"the cluster has no room for {launch.nodes} times {room}: in all it has {has}",
            hint="give fewer --processes or --nodes, or wait for what runs there",
        ) from error
    place = import_module("ray.util.scheduling_strategies").PlacementGroupSchedulingStrategy

    def on(bundle: int, work: Any, cpus: int) -> Any:
        gpus = room.get("GPU", 0) if cpus else 0
        return ray.remote(work).options(
            num_cpus=cpus, num_gpus=gpus, max_retries=0, scheduling_strategy=place(group, bundle)
        )

    meeting = None if launch.nodes == 1 else ray.get(on(0, _meeting, 0).remote())
    folder = str(Path.cwd())
    runs = [
        on(bundle, _work, launch.processes).remote(launch, list(arguments), meeting, folder, environment)
        for bundle in range(launch.nodes)
    ]
    fine: list[bool] = ray.get(runs)
    return fine


def _meeting() -> str:
    """Give an address of this machine where the others can meet."""
    import socket

    with socket.socket() as free:
        free.bind(("", 0))
        return f"{import_module('ray.util').get_node_ip_address()}:{free.getsockname()[1]}"


def _work(launch: Launch, arguments: list[str], meeting: str | None, folder: str, environment: dict[str, str]) -> bool:
    """Start the workers of this machine, and wait for them."""
    os.chdir(folder)
    os.environ.update(environment)
    try:
        run_workers(launch, arguments, rendezvous=meeting)
    except ModelError:
        return False  # the workers have written why
    return True
