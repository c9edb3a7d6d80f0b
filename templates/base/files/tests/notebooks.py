"""Running notebooks as Jupyter does."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def execute(name: str, folder: Path, timeout: int) -> list[nbformat.NotebookNode]:
    """Run a notebook of the project in a folder, and give the outputs of its cells.

    The first cell that fails ends it with its error. `timeout` is for a cell, in seconds.
    """
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    client = NotebookClient(notebook, timeout=timeout, kernel_name="python3", resources={"metadata": {"path": folder}})
    client.execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def text_of(outputs: list[nbformat.NotebookNode], stream: str) -> str:
    """Give what was written to `stdout` or `stderr`."""
    return "".join(output.text for output in outputs if output.get("name") == stream)
