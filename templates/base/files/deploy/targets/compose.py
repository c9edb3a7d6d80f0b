"""The whole system on this machine, with Docker Compose.

The engine remembers releases by tags: `current` is what runs, `previous` what a roll-back goes to.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..commands import Command, command
from ..release import PROJECT, Release
from ..target import Reach, Target

CURRENT, PREVIOUS = f"{PROJECT}:current", f"{PROJECT}:previous"
SECRETS = {
    "API_JWT_SECRET": "signs the tokens of users",
    "POSTGRES_PASSWORD": "of the database that compose starts",
}

_UP = ("docker", "compose", "up", "--detach", "--no-build", "--remove-orphans", "--wait")
_LOGS = "`docker compose logs --tail 50` tells why"


def prepare(release: Release) -> list[Command]:
    """Have the image, and see that the configuration is valid."""
    return [*release.fetch(), _compose(release, "config", "--quiet")]


def start(release: Release) -> list[Command]:
    """Remember what runs, and start the release."""
    steps = [
        command("docker", "image", "tag", CURRENT, PREVIOUS, optional=True),  # nothing runs yet at first
        command("docker", "image", "tag", release.tag, CURRENT),
        _up(release),
    ]
    if release.train:
        steps.append(_compose(release, "run", "--rm", "train"))
    return steps


def roll_back(release: Release) -> list[Command]:
    """Start what ran before."""
    return [
        command("docker", "image", "tag", PREVIOUS, CURRENT, hint="there is no earlier release on this machine"),
        _up(release),
    ]


def inside(release: Release, arguments: Sequence[str]) -> Command:
    """Run a command in the container of the service."""
    return _compose(release, "exec", "--no-TTY", "api", PROJECT, *arguments)


def reach(_: Release) -> Reach:
    """Get to the port that compose opens."""
    return Reach(f"http://127.0.0.1:{os.environ.get('API_PORT') or 8000}")


def _up(release: Release) -> Command:
    return Command(_UP, {"ENVIRONMENT": release.environment}, hint=_LOGS)


def _compose(release: Release, *arguments: str) -> Command:
    return Command(("docker", "compose", *arguments), {"ENVIRONMENT": release.environment}, hint=_LOGS)


TARGET = Target(
    help="The whole system on this machine, with Docker Compose",
    programs=("docker",),
    variables=SECRETS,
    prepare=prepare,
    start=start,
    roll_back=roll_back,
    inside=inside,
    reach=reach,
)
