"""Look at what code imports, to say at once and kindly what would fail later. It is no boundary."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence

_USELESS = {
    **dict.fromkeys(("asyncio", "ftplib", "http", "smtplib", "socket", "socketserver", "ssl"), "it reaches no network"),
    **dict.fromkeys(("concurrent", "multiprocessing", "pty", "subprocess"), "it starts no processes"),
    **dict.fromkeys(("ctypes", "mmap", "resource"), "it reaches nothing of the system"),
    **dict.fromkeys(("idlelib", "tkinter", "turtle", "webbrowser"), "it has no screen"),
}


def refuse_imports(code: str, allowed: Sequence[str]) -> str:
    """Say which imports of the code are not allowed; empty if all are.

    Parameters
    ----------
    allowed
        Packages beside the standard library; `*` for all.

    Raises
    ------
    SyntaxError
        If it is no Python.

    Examples
    --------
    >>> refuse_imports("import requests", ["pandas"])
    'line 1: requests is not allowed; the standard library and pandas are'
    >>> refuse_imports("import pandas.plotting, math", ["pandas"])
    ''
    """
    if "*" in allowed:
        return ""
    for line, module in _imported(ast.parse(code)):
        package = module.partition(".")[0]
        if package in allowed:
            continue
        if package in _USELESS:
            return f"line {line}: {package} is of no use in the sandbox: {_USELESS[package]}"
        if package not in sys.stdlib_module_names:
            return f"line {line}: {package} is not allowed; the standard library and {', '.join(allowed)} are"
    return ""


def _imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
