"""Start of the process: give up what code may not have, run the code, and hand over what it made.

It runs as `python -I -S -c "…; from inside.launch import main; main()" FOLDER RESULT`. FOLDER holds `order`, `code` and
the data frames. RESULT is the number of the pipe that takes the results, or a folder with a file for them and the file
`ready`, which takes the word that all is set up.
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
    ready, sink = _open(result)
    limits.die_with(int(order["parent"][0][0]))
    work.prepare(order, folder)
    limits.limit(order["limit"])
    if order["python"]:
        order["read"] += [(path,) for path in (*sys.path, os.path.join(sys.base_prefix, "lib"))]
    if order["write"]:
        from . import lock

        lock.lock(order)
    os.write(ready, b"\x01")  # it is set up; what comes from here on is the code's
    os.close(ready)  # where it is a file, no code can take the word back
    work.hand_over(sink, work.run(order, code, folder))
    # Threads that the code left behind, and what it registered to run at the end, are of no more use.
    os._exit(0)


def _open(result: str) -> tuple[int, int]:
    """Give what takes the word that all is set up, and what takes the results."""
    if result.isdigit():
        return os.dup(int(result)), int(result)
    # The results of code that has moved to another place in the file are whole none the less.
    ready, results = (os.open(f"{result}/{name}", os.O_WRONLY | os.O_APPEND) for name in ("ready", "results"))
    return ready, results


def _read(folder: str, name: str) -> str:
    with open(os.path.join(folder, name), encoding="utf-8", errors="surrogatepass", newline="") as file:
        return file.read()
