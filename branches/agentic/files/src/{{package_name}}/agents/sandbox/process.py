"""One run at one tier: put things in, start, watch, read what came out."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .commands import Scratch, end, last_words, start
from .exchange import BadResult, Results, put_fonts, put_frames, read_results
from .inside.order import write_order
from .records import Ended, SandboxError, SandboxResult, SandboxSettings, Tier
from .usage import empty, watcher
from .watch import Stream, Watched, watch

if TYPE_CHECKING:
    import pyarrow as pa

_SIGNALS: dict[int, str] = {
    signal.SIGXCPU: "it used more processor time than it may",
    signal.SIGKILL: "it was killed, perhaps for want of memory",
    signal.SIGSEGV: "it crashed (SIGSEGV), perhaps for want of memory",
    signal.SIGABRT: "it gave up (SIGABRT), perhaps for want of memory",
}
_OF_SIGNALS = 128  # bubblewrap and engines add it to the signal that ended what ran in them


def run_at(
    tier: Tier,
    code: str,
    frames: Mapping[str, pa.Table],
    settings: SandboxSettings,
    *,
    cancelled: Callable[[], bool] | None = None,
) -> SandboxResult:
    """Run code at a tier, whatever the least is that the settings ask for.

    Raises
    ------
    SandboxError
        If the process could not be isolated so; the code has not run then.
    """
    with _scratch() as scratch:
        begin = start(tier, scratch, settings)
        order = [*begin.order, *put_frames(frames, scratch.given)]
        if not {"pandas", "*"}.isdisjoint(settings.allowed_imports):
            order.append(("pandas",))
        put_fonts(scratch.given)
        for file, text in (("order", write_order(order)), ("code", code)):
            (scratch.given / file).write_bytes(text.encode(errors="surrogatepass"))
        look = watcher(scratch.work, settings.disk_mb << 20)
        streams = _streams(settings)
        try:
            watched = watch(
                begin.command,
                streams,
                environment=begin.environment,
                timeout=settings.timeout,
                check=lambda process: "it was cancelled" if cancelled and cancelled() else look(process),
            )
        finally:
            end(begin)
        for path in begin.results:
            watched = _read_file(path, streams["result"], watched)
    return _judge(tier, watched, streams, settings)


@contextmanager
def _scratch() -> Iterator[Scratch]:
    with tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as name:
        scratch = Scratch.below(Path(name).resolve())
        try:
            yield scratch
        finally:
            empty(scratch.work)  # folders could be nested deeper than the library removes


def _read_file(path: Path, stream: Stream, watched: Watched) -> Watched:
    with path.open("rb") as file:
        excess = stream.take(file.read(stream.limit + 1))
    return replace(watched, excess=watched.excess or excess)


def _streams(settings: SandboxSettings) -> dict[str, Stream]:
    printed = f"it printed more than {settings.output_kb} kB"
    return {
        "stdout": Stream(settings.output_kb << 10, printed),
        "stderr": Stream(settings.output_kb << 10, printed),
        "result": Stream(settings.result_mb << 20, f"it gave more than {settings.result_mb} MB"),
    }


def _judge(tier: Tier, watched: Watched, streams: Mapping[str, Stream], settings: SandboxSettings) -> SandboxResult:
    stdout, stderr = (streams[name].data.decode(errors="replace") for name in ("stdout", "stderr"))
    data = bytes(streams["result"].data)
    if not data and not watched.timed_out and not watched.excess:
        reason = last_words(stderr, watched.code)
        raise SandboxError(f"the process could not be set up: {reason}", hint="see `agents sandbox probe`")
    ended, error, results = _read(data, watched, settings)
    return SandboxResult(
        tier=tier,
        ended=ended,
        seconds=watched.seconds,
        stdout=stdout,
        stderr=stderr,
        value=results.value,
        frames=results.frames,
        plots=results.plots,
        error=error,
    )


def _read(data: bytes, watched: Watched, settings: SandboxSettings) -> tuple[Ended, str, Results]:
    """Give how it ended, its error, and its results; the first byte says that the process was set up."""
    if watched.excess:
        return "killed", watched.excess, Results()
    if watched.timed_out:
        return "timed_out", f"it took more than {settings.timeout:g} s", Results()
    if len(data) == 1:
        code = watched.code or 0
        number = code - _OF_SIGNALS if code > _OF_SIGNALS else -code
        itself = f"it ended by itself, with status {watched.code}, and gave nothing"
        return "killed", _SIGNALS.get(number, itself), Results()
    try:
        results = read_results(data[1:])
    except BadResult as error:
        return "killed", str(error), Results()
    return "raised" if results.error else "done", results.error, results
