"""The whole system on another machine that has Docker Compose, over SSH.

The image and the files that compose reads are sent; secrets are not: the other machine has a `.env` of its own.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from ..commands import Command, command
from ..release import PROJECT, Release
from ..target import Reach, Target
from .compose import CURRENT, PREVIOUS

_API_PORT = 8000


def prepare(release: Release) -> list[Command]:
    """Have the image here, and send it and the files."""
    hint = f"put `.env` into the folder {PROJECT} there; `make deploy-secrets` here shows what belongs into it"
    send = Command(("docker", "image", "save", release.tag), into=_there("docker image load --quiet"))
    files = Command(("tar", "-cf", "-", "compose.yaml", "deploy"), into=_there(f"tar -xf - -C {_FOLDER}"))
    return [_there(f"test -s {_FOLDER}/.env", hint=hint), *release.fetch(), send, files]


def start(release: Release) -> list[Command]:
    """Remember what runs there, and start the release."""
    steps = [
        _there(f"docker image tag {CURRENT} {PREVIOUS}", optional=True),  # nothing runs yet at first
        _there(f"docker image tag {release.tag} {CURRENT}"),
        _up(release),
    ]
    if release.train:
        steps.append(_compose(release, "run", "--rm", "train"))
    return steps


def roll_back(release: Release) -> list[Command]:
    """Start what ran before."""
    hint = "there is no earlier release on that machine"
    return [_there(f"docker image tag {PREVIOUS} {CURRENT}", hint=hint), _up(release)]


def inside(release: Release, arguments: Sequence[str]) -> Command:
    """Run a command in the container of the service."""
    return _compose(release, "exec", "--no-TTY", "api", PROJECT, *arguments)


def reach(release: Release) -> Reach:
    """Get to the service through a tunnel: its port is open to its own machine only."""
    forward = f"127.0.0.1:{release.port}:127.0.0.1:{_API_PORT}"
    options = (*_OPTIONS, "-o", "ExitOnForwardFailure=yes", "-N", "-L", forward)
    return Reach(f"http://127.0.0.1:{release.port}", command("ssh", *options, "--", _remote()))


def _up(release: Release) -> Command:
    return _compose(release, "up", "--detach", "--no-build", "--remove-orphans", "--wait")


def _compose(release: Release, *arguments: str) -> Command:
    words = shlex.join(["docker", "compose", *arguments])
    return _there(f"cd {_FOLDER} && ENVIRONMENT={shlex.quote(release.environment)} {words}")


def _there(script: str, hint: str = "", *, optional: bool = False) -> Command:
    return command("ssh", *_OPTIONS, "--", _remote(), script, hint=hint, optional=optional)


def _remote() -> str:
    return os.environ.get("REMOTE") or "user@host"


_FOLDER = shlex.quote(PROJECT)
_OPTIONS = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=20")

TARGET = Target(
    help="The whole system on another machine, over SSH",
    programs=("docker", "ssh", "tar"),
    variables={"REMOTE": "the other machine, as ssh takes it: user@host"},
    prepare=prepare,
    start=start,
    roll_back=roll_back,
    inside=inside,
    reach=reach,
)
