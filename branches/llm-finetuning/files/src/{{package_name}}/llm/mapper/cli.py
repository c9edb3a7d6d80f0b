"""The command ``llm map``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ...runtime import EnvOption, SetOption
from ..options import read_settings

app = typer.Typer()

_AT_ONCE = 1024  # texts that are read before their categories are printed


@app.command("map")
def map_command(
    text: Annotated[str | None, typer.Argument(help="What to find the category of")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", metavar="FILE", help="Texts, one a line; - for standard input")
    ] = None,
    checkpoint: Annotated[str | None, typer.Option("--checkpoint", help="Such as mapper-lora@v1.0.0")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Print the category of a text, or of each line of a file, as JSON lines."""
    if (text is None) == (file is None):
        raise typer.BadParameter("give a text, or --file")
    texts = _read_lines(file) if file is not None else [text or ""]
    config, root, _, _ = read_settings(None, None, overrides, env)
    from .mapping import Mapper

    mapper = Mapper.open(checkpoint or config.training.name, root=root, config=config)
    for start in range(0, len(texts), _AT_ONCE):
        for found in mapper.map_all(texts[start : start + _AT_ONCE]):
            typer.echo(found.model_dump_json())


def _read_lines(file: Path) -> list[str]:
    """Read texts, one a line, from a file or standard input."""
    from ..errors import DataError

    try:
        content = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{file} can't be read: {error.strerror}", hint="name a file of texts, one a line") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8", hint="save it as UTF-8") from error
    return content.removesuffix("\n").split("\n") if content else []
