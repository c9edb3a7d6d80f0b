"""The commands `agents memory …`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...runtime import EnvOption, JsonOption, SetOption, print_table, start
from ..errors import AgentError
from ..person import at_terminal

if TYPE_CHECKING:
    from .remembering import TaskMemory

app = typer.Typer(help="See, add to and delete what agents remember.", no_args_is_help=True)

UserOption = Annotated[str | None, typer.Option("--user", help="Of this user only")]


@app.command("list")
def list_(
    about: Annotated[str, typer.Option("--about", help="The best that fit this text, in place of the newest")] = "",
    user: UserOption = None,
    last: Annotated[int, typer.Option("--last", min=1, help="How many")] = 20,
    as_json: JsonOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Print memories."""
    store = _open(overrides, env).store
    if about:
        from .store import Wanted

        entries = [one for _, one in store.search(about, Wanted(user or "local", last))]
    else:
        entries = [one for one, _ in zip(store.entries(user), range(last), strict=False)]
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in entries], indent=2, ensure_ascii=False))
    elif entries:
        from ..safety.taint import visible

        print_table(
            [
                (one.id[:12], one.kind, one.user, f"{one.created:%Y-%m-%d}", visible(one.text.replace("\n", " ")[:80]))
                for one in entries
            ]
        )
    else:
        typer.echo("nothing is remembered", err=True)


@app.command("add")
def add(
    text: Annotated[str, typer.Argument(help="What is so")],
    user: Annotated[str, typer.Option("--user", help="Whose tasks see it")] = "local",
    days: Annotated[
        float, typer.Option("--days", min=0, help="After which it expires; 0 is as the configuration says")
    ] = 0,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Add a fact that agents are told where it fits their task."""
    from .records import Entry

    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    kept = _open(overrides, env).keep(Entry(kind="fact", user=user, text=text, source=at_terminal(), expires=expires))
    typer.echo(kept.id)


@app.command("forget")
def forget(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]…", help="As list prints them")] = None,
    user: UserOption = None,
    source: Annotated[str | None, typer.Option("--source", help="All that comes from a task or a person")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of the user that is named")] = False,
    expired: Annotated[bool, typer.Option("--expired", help="All whose time is over")] = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Delete memories for good."""
    if expired:
        if ids or user or source or everything:
            raise AgentError("what has expired is forgotten as a whole", hint="give --expired alone")
        typer.echo(f"forgotten: {_open(overrides, env).store.drop_expired()}")
        return
    if not ids and source is None and not (everything and user):
        hint = "give ids, --source, --expired, or --user with --all"
        raise AgentError("nothing is named that should be forgotten", hint=hint)
    store = _open(overrides, env).store
    whole = [_full_id(one, [known.id for known in store.entries(user)]) for one in ids or ()]
    count = store.forget(whole, user=user, source=source)
    typer.echo(f"forgotten: {count}")


@app.command("export")
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="File of JSON lines to write")],
    user: UserOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write memories as JSON lines."""
    entries = list(_open(overrides, env).store.entries(user))
    output.write_text("".join(f"{one.model_dump_json()}\n" for one in entries), encoding="utf-8")
    typer.echo(f"written to {output}: {len(entries)}")


def _full_id(start: str, known: list[str]) -> str:
    found = [one for one in known if one.startswith(start)]
    if len(found) != 1:
        fault = "several memories" if found else "no memory"
        raise AgentError(f"{fault} of the id {start}", hint="agents memory list names them; give more of the id")
    return found[0]


def _open(overrides: list[str] | None, env: str | None) -> TaskMemory:
    from ..config import AgenticConfig
    from .opening import open_memory

    loaded = start(overrides, env)
    return open_memory(loaded.group("agentic", AgenticConfig), loaded.root)
