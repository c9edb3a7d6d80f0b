"""Work on a Ray cluster: Ray finds the machines and gives them their GPUs.

Workers of one run are started by torchrun on each machine; trials of a search are a process each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from ...errors import first_line
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
    with _connected(address, "the last state is kept: go on with --resume") as ray:
        fine = _run(ray, launch, arguments, device, {f"{PACKAGE.upper()}_ROOT": str(root)})
    if not all(fine):
        raise ModelError(
            f"the workers failed, and again after {launch.restarts} restarts",
            hint="what they wrote is above; the last state is kept: go on with --resume",
        )


def call_on_ray(calls: Sequence[Callable[[], None]], *, address: str, device: str, at_once: int, root: Path) -> None:
    """Call functions on a cluster, each in a process with a GPU, or with its share of the processors.

    Parameters
    ----------
    calls : sequence of callable
        What to call; all of it must pickle.
    address, device, root
        As `run_on_ray` takes them.
    at_once : int
        How many share the processors where there are no GPUs.

    Raises
    ------
    ModelError
        If Ray is not installed, no cluster answers, or one of its machines is lost.
    """
    with _connected(address, "what came to its end is kept: do the same again") as ray:
        machines = [one["Resources"] for one in ray.nodes() if one["Alive"]]
        room = room_of_a_call(machines, ray.cluster_resources(), device, at_once)
        work = ray.remote(_call).options(max_retries=0, **room)
        folder, environment = str(Path.cwd()), {f"{PACKAGE.upper()}_ROOT": str(root)}
        under_way = [work.remote(call, folder, environment) for call in calls]
        try:
            ray.get(under_way)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error


def room_of_a_call(
    machines: Sequence[Mapping[str, float]], there: Mapping[str, float], device: str, at_once: int
) -> dict[str, int]:
    """Say what a call takes: a GPU, or its share of the processors, of which one machine must have so many.

    Parameters
    ----------
    machines : sequence of mapping
        What each machine has.
    there : mapping
        What the cluster has.

    Examples
    --------
    >>> room_of_a_call([{"CPU": 8.0}] * 3, {"CPU": 24.0}, "cpu", 2)
    {'num_cpus': 8}
    """
    if _takes_gpus(device, there):
        return {"num_cpus": 1, "num_gpus": 1}
    largest = max((int(one.get("CPU", 1)) for one in machines), default=1)
    return {"num_cpus": max(1, min(int(there.get("CPU", 1)) // at_once, largest))}


@contextmanager
def _connected(address: str, hint: str) -> Iterator[Any]:
    """Connect to a cluster for the time of the ``with`` block."""
    # With it, Ray would pack the project, and make an environment of it for each worker.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    try:
        ray = import_module("ray")
    except ModuleNotFoundError as error:
        raise ModelError("Ray is not installed", hint="install the extra: uv sync --extra ray") from error
    try:
        ray.init(address=address, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError) as error:
        reason = first_line(error)
        raise ModelError(
            f"no cluster of Ray answers: {reason}", hint=f"is it running? --ray is {address}; local needs none"
        ) from error
    try:
        yield ray
    except ray.exceptions.RayError as error:
        lost = f"a machine of the cluster was lost: {first_line(error)}"
        raise ModelError(lost, hint=hint) from error
    finally:
        ray.shutdown()


def _takes_gpus(device: str, there: Mapping[str, float]) -> bool:
    has_gpus = bool(there.get("GPU"))
    if device == "cuda" and not has_gpus:
        raise ModelError("no machine of the cluster has a GPU", hint="set llm.model.device to auto or cpu")
    return device in {"cuda", "auto"} and has_gpus


def _run(ray: Any, launch: Launch, arguments: Sequence[str], device: str, environment: dict[str, str]) -> list[bool]:
    """Take room for the workers, and run them; says for each machine whether they came to their end."""
    there = ray.cluster_resources()
    room = {"CPU": launch.processes}
    if _takes_gpus(device, there):
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
    _settle(folder, environment)
    try:
        run_workers(launch, arguments, rendezvous=meeting)
    except ModelError:
        return False  # the workers have written why
    return True


def _call(call: Callable[[], None], folder: str, environment: dict[str, str]) -> None:
    """Call a function in the project's folder."""
    _settle(folder, environment)
    call()


def _settle(folder: str, environment: dict[str, str]) -> None:
    """Have this process be where the command is."""
    os.chdir(folder)
    os.environ.update(environment)
