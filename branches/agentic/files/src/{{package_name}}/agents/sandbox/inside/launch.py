"""Start of the process: give up what code may not have, run the code, and hand over what it made.

It runs as `python -I -S -c "…; from inside.launch import main; main()" FOLDER RESULT`. FOLDER holds `order`, `code` and
the data frames, RESULT is the number of the pipe, or the path of the file, that takes the results.
"""

from __future__ import annotations

import os
import sys

from . import limits, work
from .order import read_order


def main() -> None:
    """Run one order."""
    folder, result = sys.argv[1:]
    del sys.path[0]  # this package; what follows are the standard library and what the order names
    order, code = read_order(_read(folder, "order")), _read(folder, "code")
    sink = int(result) if result.isdigit() else os.open(result, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    limits.die_with(int(order["parent"][0][0]))
    work.prepare(order, folder)
    limits.limit(order["limit"])
    if order["write"]:
        from . import lock

        lock.lock(order)
    os.write(sink, b"\x01")  # it is set up; what comes from here on is the code's
    work.hand_over(sink, work.run(order, code, folder))
    # Threads that the code left behind, and what it registered to run at the end, are of no more use.
    os._exit(0)


def _read(folder: str, name: str) -> str:
    with open(os.path.join(folder, name), encoding="utf-8", errors="surrogatepass", newline="") as file:
        return file.read()
