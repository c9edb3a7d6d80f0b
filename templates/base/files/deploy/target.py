"""What a target is, and finding them: each is a file of `targets/` that holds a `TARGET`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from .commands import Command, DeployError
from .release import Release


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the REST service answers, and the command that makes it so while it runs, if one is needed."""

    url: str
    tunnel: Command | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of place to deploy to. Everything it does is given as commands.

    Attributes
    ----------
    help
        One line about it.
    programs
        What must be on the PATH.
    variables
        What must be set, in the environment or in `.env`, and what for.
    prepare
        Everything that can fail before anything changes: after this there is something to roll back.
    start
        Put a release in place and start it.
    roll_back
        Go back to the release before.
    inside
        Run the project's own command with these arguments where it is deployed.
    reach
        How this machine gets to the service.
    running
        Print what runs, which `roll_back` then has as `release.before`. Not needed where the place remembers that.
    """

    help: str
    programs: tuple[str, ...]
    prepare: Callable[[Release], list[Command]]
    start: Callable[[Release], list[Command]]
    roll_back: Callable[[Release], list[Command]]
    inside: Callable[[Release, Sequence[str]], Command]
    reach: Callable[[Release], Reach]
    variables: Mapping[str, str] = field(default_factory=dict)
    running: Callable[[Release], Command] | None = None

    def check(self) -> None:
        """Find what is missing.

        Raises
        ------
        DeployError
            With every program and variable that is.
        """
        missing = [f"the program {name} is not installed" for name in self.programs if not shutil.which(name)]
        missing += [f"{name} is not set: {use}" for name, use in self.variables.items() if not os.environ.get(name)]
        if missing:
            hint = "variables go into .env or the environment; `make deploy-secrets` writes the passwords"
            raise DeployError("\n".join(missing), hint=hint)


def names() -> list[str]:
    """Name the targets there are."""
    return sorted(path.stem for path in (Path(__file__).parent / "targets").glob("[!_]*.py"))


def find(name: str) -> Target:
    """Load a target.

    Raises
    ------
    DeployError
        If there is none of that name, or its file holds none.
    """
    known = names()
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(known)}"
        raise DeployError(f"there is no target {name!r}", hint=hint)
    found = getattr(import_module(f"{__package__}.targets.{name}"), "TARGET", None)
    if not isinstance(found, Target):
        raise DeployError(f"deploy/targets/{name}.py holds no TARGET", hint="deploy/README.md shows one")
    return found
