"""The command: `python -m deploy TARGET`.

check → deploy → smoke test → done, or roll back and say why
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace

from .commands import Command, DeployError, output, run
from .dotenv import load, make_secrets
from .release import ROOT, Release, check_version, find_version
from .target import Target, find, names
from .targets.compose import SECRETS


def main(arguments: Sequence[str]) -> int:
    """Deploy, and give the exit code."""
    given = _parser().parse_args(arguments)
    os.chdir(ROOT)
    try:
        if given.secrets:
            written = make_secrets(ROOT / ".env", SECRETS)
            print(f"written to .env: {', '.join(written) or 'nothing, all are there'}")
            return 0
        load(ROOT / ".env")
        _deploy(given)
    except DeployError as error:
        print(f"error: {error.message}" + (f"\nhint: {error.hint}" if error.hint else ""), file=sys.stderr)
        return 1
    return 0


def _deploy(given: argparse.Namespace) -> None:
    if not given.target:
        raise DeployError("no target is named", hint=f"make deploy TARGET=…; there are: {', '.join(names())}")
    target = find(given.target)
    release = Release(check_version(given.version or find_version()), given.environment, given.image, given.train)
    if not (ROOT / "conf" / "environments" / f"{release.environment}.yaml").exists():
        known = ", ".join(sorted(path.stem for path in (ROOT / "conf" / "environments").glob("*.yaml")))
        raise DeployError(f"there is no environment {release.environment!r}", hint=f"there are: {known}")
    before = [] if given.rollback else target.prepare(release)
    steps = target.roll_back(release) if given.rollback else target.start(release)
    if given.dry_run:
        _show(target, release, [*before, *steps])
        return
    from .smoke import smoke_test  # brings httpx, which takes longer to load than all else here

    target.check()
    _run(before)
    if target.running and not given.rollback:
        release = replace(release, before=output(target.running(release)))
    try:
        _run(steps)
        smoke_test(target, release, given.patience, say=print)
    except DeployError as error:
        if not given.rollback:
            _undo(target, release, error)
        raise
    done = "rolled back" if given.rollback else f"deployed {release.version}"
    print(f"{done}: {given.target}, {release.environment}")


def _undo(target: Target, release: Release, reason: DeployError) -> None:
    """Go back to the release before, after a deployment that did not work."""
    print(f"error: {reason.message}\nrolling back", file=sys.stderr)
    try:
        _run(target.roll_back(release))
    except DeployError as error:
        reason.hint = "\n".join(filter(None, [reason.hint, f"nothing was rolled back: {error.message}", error.hint]))
    else:
        reason.message = f"rolled back, because {reason.message}"


def _run(steps: Sequence[Command]) -> None:
    for step in steps:
        print(f"+ {step}", file=sys.stderr)
        run(step)


def _show(target: Target, release: Release, steps: Sequence[Command]) -> None:
    place = target.reach(release)
    tunnel = f", through: {place.tunnel}" if place.tunnel else ""
    print("\n".join(map(str, steps)))
    print(f"# then {place.url}/ready, and a prediction of each model{tunnel}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy", description="Deploy the project, and try it.")
    options = parser.add_argument
    options("target", nargs="?", default=os.environ.get("TARGET", ""), help=f"one of {', '.join(names())}")
    options("--environment", default="production", help="a file of conf/environments (%(default)s)")
    options("--image", default="", help="an image of a registry, instead of building one here")
    options("--version", default="", help="the release's name; else it is the commit's")
    options("--train", action="store_true", help="train and promote models there before the service is tried")
    options("--rollback", action="store_true", help="go back to the release before")
    options("--dry-run", action="store_true", help="print the commands and run none")
    options("--patience", type=float, default=120, help="seconds until the service must be ready (%(default)g)")
    options("--secrets", action="store_true", help="write passwords that are missing to .env, and do no more")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
