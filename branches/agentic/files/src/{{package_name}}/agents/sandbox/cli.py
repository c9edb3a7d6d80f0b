"""The commands `agents sandbox …`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    import pyarrow as pa

    from ...config import Config
    from .records import SandboxResult, SandboxSettings

app = typer.Typer(help="Python that agents write, and how it is kept apart.", no_args_is_help=True)


@app.command("probe")
def probe_command(overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False) -> None:
    """Try each tier of isolation, and say which one code is run at. It exits with 1 if none is enough."""
    settings = _settings(start(overrides, env))
    from .records import SandboxError
    from .tiers import choose, probe_all

    probes = probe_all(settings)
    refused = ""
    try:
        chosen = str(choose(settings))
    except SandboxError as error:
        chosen, refused = "", str(error)
    if as_json:
        tiers = {one.tier: {"works": one.works, "reason": one.reason} for one in probes}
        typer.echo(json.dumps({"tiers": tiers, "chosen": chosen, "refused": refused}, indent=2, ensure_ascii=False))
    else:
        print_table(
            [("tier", "works", "why not"), *((one.tier, "yes" if one.works else "no", one.reason) for one in probes)]
        )
        typer.echo(f"code is run at: {chosen}" if chosen else refused, err=True)
    raise typer.Exit(0 if chosen else 1)


@app.command("run")
def run_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Python; - for standard input")],
    frame: Annotated[
        list[str] | None, typer.Option("--frame", metavar="NAME=FILE", help="CSV or Parquet for the code; repeatable")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", help="Folder for its frames and plots")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run Python as agents' code is run. It exits with 1 if the code fails."""
    settings = _settings(start(overrides, env))
    from .run import run_code

    code = sys.stdin.read() if str(file) == "-" else _read_text(file)
    result = run_code(code, frames=dict(_read_frame(text) for text in frame or ()), settings=settings)
    written = _write(result, output) if output else []
    if as_json:
        names = ("tier", "ended", "seconds", "stdout", "stderr", "value", "error")
        told = {**{name: getattr(result, name) for name in names}, "files": [str(path) for path in written]}
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        typer.echo(result.stdout, nl=False)
        typer.echo(result.stderr, nl=False, err=True)
        if result.value is not None:
            typer.echo(json.dumps(result.value, indent=2, ensure_ascii=False))
        made = f"{len(result.frames)} frames, {len(result.plots)} plots"
        typer.echo(f"{result.ended} at {result.tier} in {result.seconds:.2f} s: {result.error or made}", err=True)
    raise typer.Exit(0 if result.ended == "done" else 1)


def _settings(config: Config) -> SandboxSettings:
    from ..config import AgenticConfig
    from .records import SandboxSettings

    return SandboxSettings.of(config.group("agentic", AgenticConfig))


def _read_text(path: Path) -> str:
    from .records import SandboxError

    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxError(f"{path} can't be read: {error}", hint="name a file with Python") from error


def _read_frame(text: str) -> tuple[str, pa.Table]:
    from pyarrow import ArrowException, csv, parquet

    from .records import SandboxError

    name, equals, path = text.partition("=")
    if not equals or not name:
        raise SandboxError(f"{text!r} is no NAME=FILE", hint="for example: --frame sales=sales.csv")
    try:
        return name, parquet.read_table(path) if path.endswith(".parquet") else csv.read_csv(path)
    except (OSError, ArrowException) as error:
        raise SandboxError(f"{path} can't be read: {error}", hint="name a CSV or Parquet file") from error


def _write(result: SandboxResult, folder: Path) -> list[Path]:
    from pyarrow import parquet

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, frame in enumerate(result.frames.values(), start=1):
        # The code chose the names: they are no names of files.
        written.append(folder / f"frame-{number}.parquet")
        parquet.write_table(frame, written[-1])
    for number, plot in enumerate(result.plots, start=1):
        written.append(folder / f"plot-{number}.png")
        written[-1].write_bytes(plot)
    return written
