"""The whole system on another machine that has Docker Compose, over SSH.

The image and the files that compose reads are sent; secrets are not: the other machine has a `.env` of its own.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..commands import Command, command
from ..host import Host
from ..release import PROJECT, Release
from ..target import Reach, Target

_API_PORT = 8000
_OPTIONS = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=20")


def prepare(release: Release) -> list[Command]:
    """Have the image here, and send it and the files."""
    hint = f"put `.env` into the folder {PROJECT} there; `make deploy-secrets` here shows what belongs into it"
    image = Command(("docker", "image", "save", release.tag), into=_HOST.run("docker image load --quiet"))
    return [_HOST.run("test -s .env", hint=hint), *release.fetch(), image, _HOST.send(), _HOST.keep()]


def inside(release: Release, arguments: Sequence[str]) -> Command:
    """Run a command in the container of the service."""
    return _HOST.compose(release, "exec", "--no-TTY", "api", PROJECT, *arguments)


def reach(release: Release) -> Reach:
    """Get to the service through a tunnel: its port is open to its own machine only."""
    forward = f"127.0.0.1:{release.port}:127.0.0.1:{_API_PORT}"
    options = (*_OPTIONS, "-o", "ExitOnForwardFailure=yes", "-N", "-L", forward)
    return Reach(f"http://127.0.0.1:{release.port}", command("ssh", *options, "--", _remote()))


def _remote() -> str:
    return os.environ.get("REMOTE") or "user@host"


_HOST = Host(PROJECT, "../.env", lambda: ("ssh", *_OPTIONS, "--", _remote()))

TARGET = Target(
    help="The whole system on another machine, over SSH",
    programs=("docker", "ssh", "tar"),
    variables={"REMOTE": "the other machine, as ssh takes it: user@host"},
    prepare=prepare,
    start=_HOST.start,
    roll_back=_HOST.roll_back,
    inside=inside,
    reach=reach,
)
