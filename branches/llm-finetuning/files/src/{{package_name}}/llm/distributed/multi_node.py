"""Training in several processes, on one machine or many: the command of torchrun, and the files of schedulers.

torchrun starts the workers, tells them where to meet, and starts all again when one dies; they go on from their last
state.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from ...plugins import PACKAGE
from ..config import DistributedConfig
from ..errors import ModelError

PORT = 29500
MEETING = "$MEETING"  # of the script for Slurm: the first of its machines
SHARED_MEMORY = "dev/shm"
AUTO_RESUME = "--auto-resume"  # a job that is queued again, or a pod that is started again, runs the same command


@dataclass(frozen=True)
class Launch:
    """How many workers there are, and where.

    Attributes
    ----------
    processes : int
        Workers on a machine: one for each GPU.
    nodes : int
        Machines.
    restarts : int
        How often all workers are started again after one has died.
    """

    processes: int
    nodes: int = 1
    restarts: int = DistributedConfig().restarts


def torchrun(launch: Launch, arguments: Sequence[str], *, rendezvous: str | None = None) -> list[str]:
    """Write the command that starts the workers of one machine.

    Parameters
    ----------
    launch : Launch
        How many.
    arguments : sequence of str
        Those of the project's command, such as ``llm train``.
    rendezvous : str, optional
        Address where machines meet; not needed for one machine.

    Examples
    --------
    >>> torchrun(Launch(2), ["llm", "train"])[1:6]
    ['-m', 'torch.distributed.run', '--nproc-per-node=2', '--nnodes=1', '--max-restarts=3']
    """
    meeting = ["--standalone"] if rendezvous is None else ["--rdzv-backend=c10d", f"--rdzv-endpoint={rendezvous}"]
    counts = [f"--nproc-per-node={launch.processes}", f"--nnodes={launch.nodes}", f"--max-restarts={launch.restarts}"]
    return [sys.executable, "-m", "torch.distributed.run", *counts, *meeting, "-m", PACKAGE, *arguments]


def slurm_script(launch: Launch, arguments: Sequence[str]) -> str:
    """Write a script for ``sbatch``."""
    command = _shell(torchrun(launch, [*arguments, AUTO_RESUME], rendezvous=f"{MEETING}:{PORT}"))
    return f"""#!/bin/bash
#SBATCH --job-name={PACKAGE}
#SBATCH --nodes={launch.nodes}
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node={launch.processes}
#SBATCH --cpus-per-task={8 * launch.processes}
#SBATCH --output=%x-%j.log
#SBATCH --requeue
set -euo pipefail

# The folder of the project must be one that all nodes share: states and checkpoints are written there.
read -r MEETING < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
srun {command}
"""


def kubernetes_manifest(launch: Launch, arguments: Sequence[str], *, image: str) -> str:
    """Write an indexed job, a worker in each pod, and the service by which the pods find each other.

    Parameters
    ----------
    launch : Launch
        How many.
    arguments : sequence of str
        Those of the project's command.
    image : str
        Container image of the project.
    """
    import yaml

    name = f"{PACKAGE.replace('_', '-')[:40].strip('-')}-training"
    command = torchrun(launch, [*arguments, AUTO_RESUME], rendezvous=f"{name}-0.{name}:{PORT}")
    container = {
        "name": "training",
        "image": image,
        "command": ["python", *command[1:]],
        "resources": {"limits": {"nvidia.com/gpu": str(launch.processes)}},
        "volumeMounts": [
            {"name": "checkpoints", "mountPath": "/app/checkpoints"},
            {"name": "memory", "mountPath": f"/{SHARED_MEMORY}"},  # workers of one pod exchange gradients there
        ],
    }
    pod = {
        "subdomain": name,
        "restartPolicy": "OnFailure",
        "containers": [container],
        "volumes": [
            {"name": "checkpoints", "persistentVolumeClaim": {"claimName": f"{name}-checkpoints"}},
            {"name": "memory", "emptyDir": {"medium": "Memory"}},
        ],
    }
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "completionMode": "Indexed",
            "completions": launch.nodes,
            "parallelism": launch.nodes,
            "backoffLimit": launch.restarts,
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"clusterIP": "None", "selector": {"app": name}, "ports": [{"port": PORT}]},
    }
    return yaml.safe_dump_all([service, job], sort_keys=False)


def run_workers(launch: Launch, arguments: Sequence[str], *, rendezvous: str | None = None) -> None:
    """Run the project's command in several processes of this machine, until they end.

    Parameters
    ----------
    launch : Launch
        How many.
    arguments : sequence of str
        Those of the project's command.
    rendezvous : str, optional
        Address where machines meet, if there are others.

    Raises
    ------
    ModelError
        If they fail more often than they are started again.
    """
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main

    try:
        main(torchrun(launch, arguments, rendezvous=rendezvous)[3:])
    except ChildFailedError as error:
        raise ModelError(
            f"the workers failed, and again after {launch.restarts} restarts",
            hint="what they wrote is above; the last state is kept: go on with --resume",
        ) from error


def without_options(arguments: Sequence[str], *names: str) -> list[str]:
    """Leave options with a value out of a command line.

    Examples
    --------
    >>> without_options(["train", "--processes", "2", "--ray=local", "--seed", "1"], "--processes", "--ray")
    ['train', '--seed', '1']
    """
    kept, skip = [], False
    for argument in arguments:
        if not skip and argument.partition("=")[0] not in names:
            kept.append(argument)
        skip = not skip and argument in names
    return kept


def is_main_process() -> bool:
    """Say whether this is the one of several processes that writes and speaks."""
    return int(os.environ.get("RANK", "0")) == 0


def world_size() -> int:
    """Count the processes of this run."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def join_workers(wanted: str) -> None:
    """Have this process take its own GPU and meet the others of its run, if there are any.

    Nothing may be on a GPU before: all workers would put it on the first one.
    The addresses of workers that were started again are kept apart from those of the workers before: otherwise a fast
    worker would wait for one that is dead.

    Parameters
    ----------
    wanted : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    """
    if world_size() == 1:
        return

    from torch import cuda, distributed
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    from ..base_model import pick_device

    device = pick_device(wanted)
    if device.type == "cuda":
        cuda.set_device(int(os.environ["LOCAL_RANK"]))
    restarts = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    store, rank, size = next(iter(rendezvous("env://")))
    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo",  # gloo for what is offloaded to the CPU
        store=PrefixStore(f"restart-{restarts}", store),
        rank=rank,
        world_size=size,
    )


def wait_for_workers() -> None:
    """Wait until all processes of this run are here, if there are others."""
    from torch import distributed

    if distributed.is_initialized():
        distributed.barrier()


def was_restarted() -> bool:
    """Say whether torchrun has started this process again after one died."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def _shell(command: Sequence[str]) -> str:
    """Quote a command so that a shell puts in where the machines meet, and nothing else."""
    words = ["python", *command[1:]]
    return " ".join(f'"{word}"' if MEETING in word else shlex.quote(word) for word in words)
