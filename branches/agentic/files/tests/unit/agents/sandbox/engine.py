"""Stands in for Docker and Podman: notes what it is told, and runs the inner command where no container is, unlocked.

Like theirs, its container outlives the client that is killed: only `rm` ends it.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

NOTES = Path(os.environ["HOME"])


def options(arguments):
    """Give the options of `run` as pairs, the image, and the command."""
    found, rest = [], list(arguments)
    while rest[0].startswith("--"):
        name = rest.pop(0)
        found.append((name, "" if name in {"--rm", "--read-only"} else rest.pop(0)))
    return found, rest[0], rest[1:]


def run(arguments):
    """Run the command with the folders of the container put in place of their names."""
    given, _, command = options(arguments)
    places = {"/sandbox/work": str(NOTES)}
    for name, value in given:
        if name == "--volume":
            outside, inside, _ = value.split(":")
            places[inside] = outside
    places["'/sandbox'"] = repr(str(Path(places["/sandbox/inside"]).parent))
    order = Path(places["/sandbox/in"]) / "order"
    told = order.read_text()
    (NOTES / "order").write_text(told)
    order.write_text(_replaced(told.replace("\0write\0/sandbox/work", ""), places))
    environment = dict(value.split("=", 1) for name, value in given if name == "--env")
    process = subprocess.Popen(
        [sys.executable, *(_replaced(part, places) for part in command)], env=environment, start_new_session=True
    )
    (NOTES / "process").write_text(str(process.pid))
    code = process.wait()
    sys.exit(128 - code if code < 0 else code)


def _replaced(text, places):
    for inside in sorted(places, key=len, reverse=True):
        text = text.replace(inside, places[inside])
    return text


if sys.argv[1] == "version":
    sys.exit()
with (NOTES / "told").open("a") as notes:
    notes.write(json.dumps(sys.argv[1:]) + "\n")
if sys.argv[1] == "run":
    run(sys.argv[2:])
elif (NOTES / "process").exists():
    with suppress(ProcessLookupError):
        os.kill(int((NOTES / "process").read_text()), signal.SIGKILL)
