"""The commands `features stream …`."""

from __future__ import annotations

import json
import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import reduce
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ProjectError
from ..runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

    from .stream.runner import Tally

app = typer.Typer(help="Streams: events become online features.", no_args_is_help=True)

SourceOption = Annotated[
    list[str] | None, typer.Option("--source", metavar="NAME", help="Repeatable; all that have a topic by default")
]


@app.callback()
def stream() -> None:
    """Streams: events become online features."""


@app.command("run")
def run_command(
    source: SourceOption = None,
    file: Annotated[Path | None, typer.Option("--file", help="Replay this file or folder as events")] = None,
    until_end: Annotated[bool, typer.Option("--until-end", help="End where the topics end now")] = False,
    processes: Annotated[int, typer.Option("--processes", min=1, help="That share the partitions")] = 1,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Read events, check them, and keep what features need of them; Ctrl-C ends after the batch at hand.

    It goes on where it ended, however it ended: each event counts once.
    """
    job = _Job(tuple(source or ()), file, until_end, processes, tuple(overrides or ()), env)
    if processes == 1:
        _report(job.run(0), as_json=as_json)
        return
    tally = _share_out(job)
    if tally is None:
        raise typer.Exit(1)
    _report(tally, as_json=as_json)


@dataclass(frozen=True)
class _Job:
    """What a process that takes a share needs to know."""

    sources: Sequence[str]
    file: Path | None
    until_end: bool
    processes: int
    overrides: Sequence[str]
    env: str | None

    def run(self, number: int) -> Tally:
        config = start(self.overrides, self.env)
        from .config import FeaturesConfig
        from .pipelines.streaming_features import StreamPlan, open_stream
        from .stores import open_features

        plan = StreamPlan(self.sources, self.file, self.until_end, (number, self.processes))
        with closing(open_features(config)) as online, _until_told() as told:
            stream = open_stream(config.group("features", FeaturesConfig), config.root, online, plan)
            return stream.run(lambda: bool(told))


def _take_share(job: _Job, number: int, done: SimpleQueue[Tally]) -> None:
    """Be one of several processes."""
    try:
        done.put(job.run(number))
    except ProjectError as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(1) from None


def _share_out(job: _Job) -> Tally | None:
    """Run processes that share the partitions, and give what they did together; None if one failed."""
    context = multiprocessing.get_context("spawn")
    done = context.SimpleQueue()
    running = [context.Process(target=_take_share, args=(job, number, done)) for number in range(job.processes)]
    with _until_told() as told:
        for one in running:
            one.start()
        for one in running:
            while one.is_alive():
                one.join(0.5)
                if told:
                    one.terminate()  # which ends after the batch at hand
    if any(one.exitcode != 0 for one in running):
        return None
    tallies: list[Tally] = [done.get() for _ in running]
    return reduce(lambda one, other: one.and_beside(other), tallies)


@app.command("status")
def status_command(as_json: JsonOption = False, overrides: SetOption = None, env: EnvOption = None) -> None:
    """Show how far each partition is, and what became of its events."""
    config = start(overrides, env)
    from .pipelines.streaming_features import stream_status
    from .stores import open_features
    from .times import from_micros

    with closing(open_features(config)) as online:
        found = stream_status(online)
    for one in found:
        one["newest"] = None if one["newest"] is None else from_micros(one["newest"]).isoformat()
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    heading = ("source", "topic", "partition", "next", "newest", "rows", "late", "dropped", "rejected")
    print_table([heading, *([str(one[name]) for name in heading] for one in found)])


@app.command("dead-letters")
def dead_letters_command(
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only those of this source")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Only those with this reason, such as late")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many are shown")] = 20,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Show events that could not be used, and why."""
    config = start(overrides, env)
    from .config import FeaturesConfig
    from .stream.dead_letters import DeadLetters

    letters = DeadLetters(config.root / config.group("features", FeaturesConfig).streaming.dead_letters)
    found = list(letters.read(source=source, reason=reason, limit=limit))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], indent=2))
        return
    for (name, why), count in letters.counts().items():
        typer.echo(f"{count} of {name}: {why}")
    heading = ("topic", "partition", "offset", "reason", "detail", "payload")
    rows = [(one.topic, str(one.partition), str(one.offset), one.reason, one.detail, one.payload[:80]) for one in found]
    if rows:
        print_table([heading, *rows])


@app.command("resend")
def resend_command(
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only those of this source")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Only those with this reason, such as late")] = None,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Take dead letters as events again, when what was wrong is repaired: each becomes a row once.

    Those that can't be used still stay dead letters, with the reason of now.
    """
    config = start(overrides, env)
    from .config import FeaturesConfig
    from .pipelines.streaming_features import resend_dead_letters
    from .stores import open_features

    own = config.group("features", FeaturesConfig)
    with closing(open_features(config)) as online:
        found = resend_dead_letters(own, config.root, online, source=source, reason=reason)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    typer.echo(f"{found.rows} dead letters are rows now, {found.rejected} can't be used still")


@contextmanager
def _until_told() -> Iterator[list[int]]:
    """Collect signals that tell to end, in the place of ending in the middle of a batch."""
    told: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        told.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(tally: Tally, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(tally)))
        return
    rate = tally.messages / tally.seconds if tally.seconds else 0.0
    typer.echo(
        f"{tally.messages} events in {tally.seconds:.1f} s ({rate:.0f}/s): {tally.rows} rows kept, "
        f"{tally.dropped} too late, {tally.rejected} dead letters"
    )
