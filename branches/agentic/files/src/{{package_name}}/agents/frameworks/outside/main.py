"""Start of the process: give up the network, load the framework, and do the task.

It runs as `python -I -c "…; from outside.main import main; main()" FRAMEWORK`.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from .host import Host

_WAYS_OUT = frozenset(
    {
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.getnameinfo",
        "socket.sendmsg",
        "socket.sendto",
    }
)


def main() -> None:
    """Do one task."""
    del sys.path[0]  # the project's package; what follows are the standard library and the framework
    host = _host()
    sys.addaudithook(_refuse)
    order = host.order()
    try:
        work = import_module(f".with_{sys.argv[1]}", __package__).start(host, order)
        task = order["task"]
        while task:
            task = host.ask(ask="done", text=work(task))["task"]
    except Exception as error:
        host.ask(ask="failed", reason=f"{type(error).__name__}: {error}")
    os._exit(0)  # what a framework still sends or saves at its end is of no use


def _host() -> Host:
    """Keep the pipes for questions and answers; what a framework prints goes to the errors."""
    answers, questions = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return Host(os.fdopen(answers, encoding="utf-8"), os.fdopen(questions, "w", encoding="utf-8"))


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event in _WAYS_OUT:
        raise PermissionError("a framework reaches models and tools through the project alone")
