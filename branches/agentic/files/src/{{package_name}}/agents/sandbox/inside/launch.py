"""Start of the process: give up what code may not have, run the code, and hand over what it made.

It runs as `python -I -S -c "…; from inside.launch import main; main()" FOLDER RESULT`. FOLDER holds `order.json` and
the data frames, RESULT is the number of the pipe, or the path of the file, that takes the results.
"""

from __future__ import annotations

import json
import os
import sys

from . import limits, work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def main() -> None:
    """Run one order."""
    folder, result = sys.argv[1:]
    del sys.path[0]  # this package; what follows are the standard library and what the order names
    with open(os.path.join(folder, "order.json"), encoding="utf-8") as file:
        order: dict[str, Any] = json.load(file)
    sink = int(result) if result.isdigit() else os.open(result, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    limits.die_with(order["parent"])
    work.prepare(order, folder)
    limits.limit(order["limits"])
    if order["lock"]:
        from . import lock

        lock.lock(order["lock"])
    os.write(sink, b"\x01")  # it is set up; what comes from here on is the code's
    work.hand_over(sink, work.run(order, folder))
    # Threads that the code left behind, and what it registered to run at the end, are of no more use.
    os._exit(0)
