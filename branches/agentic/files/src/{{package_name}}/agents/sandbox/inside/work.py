"""Run code, and collect what it made: the value of its last expression, data frames, plots, an error."""

from __future__ import annotations

import builtins
import os
import sys
import types

from .plain import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .order import Order

FILE = "<code>"
_ONLY_TREE = 0x400  # ast.PyCF_ONLY_AST


class Frames(dict[str, "Any"]):
    """Data frames by name, read when they are first asked for; what the code puts in is handed over at the end."""

    def __init__(self, paths: dict[str, str], *, pandas: bool) -> None:
        super().__init__()
        self._paths, self._pandas = paths, pandas
        self.given: dict[str, Any] = {}

    def __missing__(self, name: str) -> Any:
        if name not in self._paths:
            known = ", ".join(sorted({*self, *self._paths})) or "none"
            raise KeyError(f"there is no frame {name!r}; known: {known}")
        import pyarrow as pa

        with pa.memory_map(self._paths[name]) as source:
            table = pa.ipc.open_file(source).read_all()
        frame = table.to_pandas() if self._pandas else table
        self.given[name] = self[name] = frame
        return frame

    def made(self) -> Iterator[tuple[str, Any]]:
        """Give the frames that the code put in."""
        for name, frame in self.items():
            if self.given.get(name) is not frame:
                yield name, frame


def prepare(order: Order, folder: str) -> None:
    """Go to the work folder, and find packages and caches."""
    os.chdir(order["work"][0][0])
    sys.path.extend(path for (path,) in order["package"])
    sys.argv = [FILE]
    fonts = os.path.join(folder, "matplotlib")
    if os.path.isdir(fonts):  # the list of fonts takes seconds to make
        os.mkdir(".matplotlib")
        for name in os.listdir(fonts):
            with open(os.path.join(fonts, name), "rb") as source, open(f".matplotlib/{name}", "wb") as copy:
                copy.write(source.read())


def run(order: Order, code: str, folder: str) -> tuple[str, list[bytes]]:
    """Run the code.

    Returns
    -------
    tuple
        JSON of what came of it, and the bytes of frames and plots that it names.
    """
    paths = {name: os.path.join(folder, file) for name, file in order["frame"]}
    frames = Frames(paths, pandas=bool(order["pandas"]))
    namespace = {"__name__": "__main__", "__builtins__": builtins, "frames": frames}
    try:
        return _collect(_value(code, namespace), frames)
    except BaseException as error:
        namespace.clear()  # if it has filled the memory, some is needed to say so
        try:
            return to_json({"error": _tell(error, code)}), []
        except MemoryError:
            error.__traceback__ = None
            return to_json({"error": "MemoryError: it needs more memory than it may use"}), []


def hand_over(sink: int, results: tuple[str, list[bytes]]) -> None:
    """Write results: the length of the JSON as eight bytes, the JSON, and the bytes that it names."""
    head = results[0].encode(errors="replace")
    for part in (len(head).to_bytes(8, "big"), head, *results[1]):
        view = memoryview(part)
        while view:
            view = view[os.write(sink, view) :]
    sys.stdout.flush()
    sys.stderr.flush()


def _value(code: str, namespace: dict[str, Any]) -> Any:
    """Run code like a module, and give the value of its last statement where that is an expression."""
    tree: Any = compile(code, FILE, "exec", _ONLY_TREE, dont_inherit=True)
    last: Any = compile("None", FILE, "eval", _ONLY_TREE)
    if tree.body and type(tree.body[-1]).__name__ == "Expr":
        last.body = tree.body.pop().value
    # A function whose globals are the namespace runs a module's code as the import system would.
    for part, mode in ((tree, "exec"), (last, "eval")):
        value = types.FunctionType(compile(part, FILE, mode, dont_inherit=True), namespace)()
    return value


def _collect(value: Any, frames: Frames) -> tuple[str, list[bytes]]:
    made = dict(frames.made())
    if _is_frame(value):
        made["value"], value = value, None
    tables = {str(name): _arrow(frame) for name, frame in made.items()}
    plots = _plots()
    sizes = [[name, len(data)] for name, data in tables.items()]
    said = {"value": value, "frames": sizes, "plots": [len(plot) for plot in plots]}
    return to_json(said), [*tables.values(), *plots]


def _is_frame(value: Any) -> bool:
    module = type(value).__module__.partition(".")[0]
    return module in {"pandas", "polars", "pyarrow"} and type(value).__name__ in {"DataFrame", "Series", "Table"}


def _arrow(frame: Any) -> bytes:
    import pyarrow as pa

    if hasattr(frame, "to_arrow"):  # polars
        frame = frame.to_arrow() if type(frame).__name__ == "DataFrame" else frame.to_frame().to_arrow()
    elif not isinstance(frame, pa.Table):
        if not hasattr(frame, "columns"):
            frame = frame.to_frame(name=str(frame.name or "value"))
        # An index with names or other than 0, 1, … is data too.
        plain = type(frame.index).__name__ == "RangeIndex"
        frame = frame if plain else frame.reset_index()
        frame.columns = [str(column) for column in frame.columns]
        frame = pa.Table.from_pandas(frame, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, frame.schema) as writer:
        writer.write_table(frame)
    return bytes(sink.getvalue())


def _plots() -> list[bytes]:
    """Give the figures of matplotlib that are open as PNG."""
    plt = sys.modules.get("matplotlib.pyplot")
    if plt is None:
        return []
    import io

    pictures = []
    for number in plt.get_fignums():
        picture = io.BytesIO()
        plt.figure(number).savefig(picture, format="png", bbox_inches="tight")
        pictures.append(picture.getvalue())
    return pictures


def _tell(error: BaseException, code: str) -> str:
    """Say what went wrong and on which lines, as a traceback does, without the frames of this file."""
    import traceback

    told = traceback.TracebackException.from_exception(error, limit=-20)
    told.stack = traceback.StackSummary.from_list([frame for frame in told.stack if frame.filename == FILE])
    lines = code.splitlines()
    for frame in told.stack:
        source = lines[frame.lineno - 1].strip() if frame.lineno and frame.lineno <= len(lines) else ""
        print(f"line {frame.lineno}, in {frame.name}: {source}", file=sys.stderr)
    return "".join(told.format_exception_only()).strip()
