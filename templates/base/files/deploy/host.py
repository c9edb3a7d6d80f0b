"""A machine with Docker Compose, whatever way leads to it.

It remembers releases: `current` is what runs, and `previous` what a roll-back goes to. Each is a tag of the image, and
a folder with the files that Compose reads. The variables of `.env` are the machine's own, and no part of a release.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from .commands import Command, command
from .release import NAME, Release

CURRENT, PREVIOUS = f"{NAME}:current", f"{NAME}:previous"

_FILES = ("compose.yaml", "deploy")
_LOGS = "`docker compose logs --tail 50` tells why"


@dataclass(frozen=True, slots=True)
class Host:
    """The steps of a deployment there.

    Attributes
    ----------
    folder
        Where releases are kept.
    variables
        The file with its variables, as seen from a release.
    shell
        The words that run a script there, which comes after them.
    """

    folder: str
    variables: str
    shell: Callable[[], tuple[str, ...]]

    def run(self, script: str, *, hint: str = "") -> Command:
        """Run a script in the folder of the releases."""
        return command(*self.shell(), f"cd {shlex.quote(self.folder)} && {script}", hint=hint)

    def compose(self, release: Release, *words: str) -> Command:
        """Run Docker Compose with the files of the release that is current."""
        variables = f"ENVIRONMENT={shlex.quote(release.environment)}"
        return self.run(f"cd current && {variables} docker compose {shlex.join(words)}", hint=_LOGS)

    def send(self) -> Command:
        """Have the files there, beside those in use."""
        return Command(("tar", "-cf", "-", *_FILES), into=self.run(f"{_empty('next')} && tar -xf - -C next"))

    def keep(self) -> Command:
        """Remember what runs; nothing does at first."""
        kept = f"cp -R current previous.new && docker image tag {CURRENT} {PREVIOUS}"
        keep = f"rm -rf previous.new && {kept} && rm -rf previous && mv previous.new previous"
        there = f"test -d current && docker image inspect {CURRENT} >/dev/null 2>&1"
        return self.run(f"if {there}; then {keep}; fi")

    def start(self, release: Release) -> list[Command]:
        """Start the release."""
        steps = [
            self.run(f"docker image tag {release.tag} {CURRENT} && {self._put('next')}"),
            self._up(release),
        ]
        if release.train:
            steps.append(self.compose(release, "run", "--rm", "train"))
        return steps

    def roll_back(self, release: Release) -> list[Command]:
        """Start what ran before."""
        back = f"{self._put('previous')} && docker image tag {PREVIOUS} {CURRENT}"
        return [self.run(back, hint="there is no earlier release there"), self._up(release)]

    def _put(self, source: str) -> str:
        """Fill the folder that containers have mounted: another one in its place they would not see."""
        copy = f"{_empty('current')} && cp -R {source}/. current"
        return f"test -d {source} && {copy} && ln -sf {self.variables} current/.env"

    def _up(self, release: Release) -> Command:
        return self.compose(release, "up", "--detach", "--no-build", "--remove-orphans", "--wait")


def _empty(folder: str) -> str:
    return f"mkdir -p {folder} && find {folder} -type f -delete"
