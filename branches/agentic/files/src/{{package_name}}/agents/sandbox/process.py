"""One run at one tier: put things in, start, watch, read what came out."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .commands import Scratch, start
from .exchange import BadResult, Results, put_fonts, put_frames, read_results
from .records import Ended, SandboxError, SandboxResult, SandboxSettings, Tier
from .usage import watcher
from .watch import Stream, Watched, watch

if TYPE_CHECKING:
    import pyarrow as pa

_SIGNALS: dict[int, str] = {
    signal.SIGXCPU: "it used more processor time than it may",
    signal.SIGKILL: "it was killed, perhaps for want of memory",
    signal.SIGSEGV: "it crashed (SIGSEGV), perhaps for want of memory",
    signal.SIGABRT: "it gave up (SIGABRT), perhaps for want of memory",
}


def run_at(tier: Tier, code: str, frames: Mapping[str, pa.Table], settings: SandboxSettings) -> SandboxResult:
    """Run code at a tier, whatever the least is that the settings ask for.

    Raises
    ------
    SandboxError
        If the process could not be isolated so; the code has not run then.
    """
    with tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as name:
        scratch = Scratch.below(Path(name).resolve())
        begin = start(tier, scratch, settings)
        files = put_frames(frames, scratch.given)
        put_fonts(scratch.given)
        pandas = not {"pandas", "*"}.isdisjoint(settings.allowed_imports)
        order = {**begin.order, "code": code, "frames": files, "pandas": pandas}
        (scratch.given / "order.json").write_text(json.dumps(order), encoding="utf-8")
        printed = f"it printed more than {settings.output_kb} kB"
        streams = {
            "stdout": Stream(settings.output_kb << 10, printed),
            "stderr": Stream(settings.output_kb << 10, printed),
            "result": Stream(settings.result_mb << 20, f"it gave more than {settings.result_mb} MB"),
        }
        watched = watch(
            begin.command,
            streams,
            environment=begin.environment,
            timeout=settings.timeout,
            check=watcher(scratch.work, settings.disk_mb << 20),
        )
    return _judge(tier, watched, streams, settings)


def _judge(tier: Tier, watched: Watched, streams: Mapping[str, Stream], settings: SandboxSettings) -> SandboxResult:
    stdout, stderr = (streams[name].data.decode(errors="replace") for name in ("stdout", "stderr"))
    data = bytes(streams["result"].data)
    if not data and not watched.timed_out and not watched.excess:
        last = stderr.strip().splitlines()[-1:] or [f"exit status {watched.code}"]
        raise SandboxError(f"the process could not be set up: {last[0]}", hint="see `agents sandbox probe`")
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
        itself = f"it ended by itself, with status {watched.code}, and gave nothing"
        return "killed", _SIGNALS.get(-(watched.code or 0), itself), Results()
    try:
        results = read_results(data[1:])
    except BadResult as error:
        return "killed", str(error), Results()
    return "raised" if results.error else "done", results.error, results
