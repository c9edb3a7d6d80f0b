"""The commands `api …`. Everything heavy is imported inside them, so that `--help` stays quick."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ..runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from ..config import Config
    from .credentials import Credentials

app = typer.Typer(help="Serve models over HTTP, and say who may use them.", no_args_is_help=True)
keys_app = typer.Typer(help="Keys for programs.", no_args_is_help=True)
users_app = typer.Typer(help="Users, who log in with a password.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
app.add_typer(users_app, name="users")

ScopeOption = Annotated[
    list[str] | None,
    typer.Option("--scope", help="predict, read, probe or admin; repeatable. By default: predict, read"),
]

StdinOption = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input")]

_DEFAULT_SCOPES = ("predict", "read")


@app.command("run")
def run_command(
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0 for a free one")] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes that serve")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; then let running requests come to their end."""
    given = {"api.host": host, "api.port": port, "api.workers": workers}
    settings = [*(overrides or []), *(f"{name}={value}" for name, value in given.items() if value is not None)]
    config = start(settings, env)
    from .server import serve

    serve(config, settings)


@app.command("openapi")
def openapi_command(overrides: SetOption = None, env: EnvOption = None) -> None:
    """Print the description of the service, as OpenAPI."""
    config = start(overrides, env)
    from .app import create_app

    typer.echo(json.dumps(create_app(config).openapi(), indent=2, ensure_ascii=False))


@keys_app.command("create")
def create_key_command(
    name: Annotated[str, typer.Argument(help="Who or what it is for")],
    scopes: ScopeOption = None,
    days: Annotated[float | None, typer.Option("--days", min=0, help="Until it expires; never by default")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Make a key and print it. It is not kept, and can't be shown again."""
    text, key = _open(start(overrides, env)).create_key(name, scopes or _DEFAULT_SCOPES, days)
    until = f"until {key.expires:%Y-%m-%d %H:%M} UTC" if key.expires else "without end"
    typer.echo(f"key {key.id} for {name}: {', '.join(sorted(key.scopes))}, {until}; it is shown only now", err=True)
    typer.echo(text)


@keys_app.command("list")
def list_keys_command(overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False) -> None:
    """List keys, the newest first."""
    keys = _open(start(overrides, env)).keys()
    rows = [
        {
            "id": key.id,
            "name": key.name,
            "scopes": ", ".join(sorted(key.scopes)),
            "created": f"{key.created:%Y-%m-%d}",
            "expires": f"{key.expires:%Y-%m-%d}" if key.expires else "never",
            "state": key.state,
        }
        for key in keys
    ]
    _print(rows, as_json, "there are no keys: `api keys create` makes one")


@keys_app.command("revoke")
def revoke_key_command(
    key: Annotated[str, typer.Argument(help="Its id, as `api keys list` prints it")],
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Make a key useless."""
    revoked = _open(start(overrides, env)).revoke_key(key)
    typer.echo(f"revoked {revoked.id} of {revoked.name}")


@users_app.command("create")
def create_user_command(
    name: str,
    scopes: ScopeOption = None,
    from_stdin: StdinOption = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Let someone log in. The password is asked for."""
    credentials = _open(start(overrides, env))
    user = credentials.create_user(name, _password(from_stdin), scopes or _DEFAULT_SCOPES)
    typer.echo(f"{user.name} can log in: {', '.join(sorted(user.scopes))}")


@users_app.command("password")
def change_password_command(
    name: str, from_stdin: StdinOption = False, overrides: SetOption = None, env: EnvOption = None
) -> None:
    """Give someone another password, which is asked for. Tokens that they have are refused from then on."""
    credentials = _open(start(overrides, env))
    credentials.change_password(name, _password(from_stdin))
    typer.echo(f"{name} has another password")


@users_app.command("list")
def list_users_command(overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False) -> None:
    """List users."""
    users = _open(start(overrides, env)).users()
    rows = [
        {"name": user.name, "scopes": ", ".join(sorted(user.scopes)), "created": f"{user.created:%Y-%m-%d}"}
        for user in users
    ]
    _print(rows, as_json, "there are no users: `api users create` makes one")


@users_app.command("remove")
def remove_user_command(name: str, overrides: SetOption = None, env: EnvOption = None) -> None:
    """Let someone log in no more."""
    _open(start(overrides, env)).remove_user(name)
    typer.echo(f"removed {name}")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed


def _open(config: Config) -> Credentials:
    from .config import ApiConfig
    from .credentials import Credentials

    return Credentials.open(config.group("api", ApiConfig).database, config.root)


def _print(rows: list[dict[str, str]], as_json: bool, none: str) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    elif rows:
        print_table([tuple(rows[0]), *(tuple(row.values()) for row in rows)])
    else:
        typer.echo(none, err=True)
