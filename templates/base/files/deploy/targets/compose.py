"""The whole system on this machine, with Docker Compose."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..commands import Command, command
from ..host import Host
from ..release import PROJECT, Release
from ..target import Reach, Target

SECRETS = {
    "API_JWT_SECRET": "signs the tokens of users",
    "POSTGRES_PASSWORD": "of the database that compose starts",
}

_FOLDER = ".deploy"
_HOST = Host(_FOLDER, "../../.env", lambda: ("sh", "-c"))


def prepare(release: Release) -> list[Command]:
    """Have the image, and see that the configuration is valid."""
    check = Command(("docker", "compose", "config", "--quiet"), {"ENVIRONMENT": release.environment})
    return [*release.fetch(), check, command("mkdir", "-p", _FOLDER), _HOST.send(), _HOST.keep()]


def inside(_: Release, arguments: Sequence[str]) -> Command:
    """Run a command in the container of the service."""
    return command("docker", "compose", "exec", "--no-TTY", "api", PROJECT, *arguments)


def reach(_: Release) -> Reach:
    """Get to the port that compose opens."""
    return Reach(f"http://127.0.0.1:{os.environ.get('API_PORT') or 8000}")


TARGET = Target(
    help="The whole system on this machine, with Docker Compose",
    programs=("docker", "sh", "tar"),
    variables=SECRETS,
    prepare=prepare,
    start=_HOST.start,
    roll_back=_HOST.roll_back,
    inside=inside,
    reach=reach,
)
