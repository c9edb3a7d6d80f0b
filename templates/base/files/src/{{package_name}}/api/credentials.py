"""Keys and users, in a SQL database that all workers share.

A key is shown once, when it is made; what is kept is its SHA-256. It is as good as a random password of 256 bits, so
that a slow hash would add nothing. Passwords are chosen by people and kept as argon2 hashes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ..config.settings import one_of
from ..errors import ProjectError, first_line
from ..tracking.client import absolute_uri
from .security import SCOPES, Principal

if TYPE_CHECKING:
    from pwdlib import PasswordHash

LEAST_PASSWORD = 12
_MOST_NAME = 100
_PREFIX = "key"

_metadata = sa.MetaData()
_keys = sa.Table(
    "api_keys",
    _metadata,
    sa.Column("id", sa.String(12), primary_key=True),
    sa.Column("name", sa.String(_MOST_NAME), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("scopes", sa.String(200), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("expires", sa.Float),
    sa.Column("revoked", sa.Float),
)
_users = sa.Table(
    "api_users",
    _metadata,
    sa.Column("name", sa.String(_MOST_NAME), primary_key=True),
    sa.Column("password", sa.String(300), nullable=False),
    sa.Column("scopes", sa.String(200), nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("changed", sa.Float, nullable=False),
)


class CredentialsError(ProjectError):
    """A key or user that can't be made or found, or a database that can't be used."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; the key itself is not kept."""

    id: str
    name: str
    scopes: frozenset[str]
    created: datetime
    expires: datetime | None
    revoked: datetime | None

    @property
    def state(self) -> str:
        """Say whether it can be used: `valid`, `expired` or `revoked`."""
        if self.revoked:
            return "revoked"
        return "expired" if self.expires and self.expires <= datetime.now(UTC) else "valid"


@dataclass(frozen=True, slots=True)
class User:
    """Who can log in."""

    name: str
    scopes: frozenset[str]
    created: datetime


class Credentials:
    """The database of keys and users."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str, root: Path) -> Self:
        """Connect to a database, and make the tables that it lacks.

        Parameters
        ----------
        url
            As SQLAlchemy writes it.
        root
            Where a relative SQLite file is.

        Raises
        ------
        CredentialsError
            If it can't be reached.
        """
        try:
            engine = sa.create_engine(absolute_uri(url, root), pool_pre_ping=True)
        except (SQLAlchemyError, ImportError) as error:
            raise CredentialsError(f"api.database is no address of a database: {error}") from error
        opened = cls(engine)
        with opened._explained():
            try:
                _metadata.create_all(engine)
            except SQLAlchemyError:
                _metadata.create_all(engine)  # another worker made them at the same moment
        return opened

    def close(self) -> None:
        """Let the connections go."""
        self._engine.dispose()

    def ping(self) -> None:
        """Ask for nothing.

        Raises
        ------
        CredentialsError
            If there is no answer.
        """
        with self._explained(), self._engine.connect() as connection:
            connection.execute(sa.select(1))

    def create_key(self, name: str, scopes: Collection[str], days: float | None = None) -> tuple[str, Key]:
        """Make a key.

        Parameters
        ----------
        name
            Who or what it is for.
        days
            Until it expires; None for never.

        Returns
        -------
        tuple of str and Key
            The key, which can't be had again, and what is kept of it.
        """
        _check_name(name)
        now = datetime.now(UTC)
        expires = _after(now, days)
        made = Key(secrets.token_hex(6), name, _checked(scopes), now, expires, None)
        text = f"{_PREFIX}_{made.id}_{secrets.token_urlsafe(32)}"
        row = {
            "id": made.id,
            "name": name,
            "sha256": _digest(text),
            "scopes": " ".join(sorted(made.scopes)),
            "created": now.timestamp(),
            "expires": expires.timestamp() if expires else None,
        }
        with self._explained(), self._engine.begin() as connection:
            connection.execute(sa.insert(_keys).values(**row))
        return text, made

    def keys(self) -> list[Key]:
        """List all keys, the newest first."""
        with self._explained(), self._engine.connect() as connection:
            return [_key(row) for row in connection.execute(sa.select(_keys).order_by(_keys.c.created.desc()))]

    def revoke_key(self, id_: str) -> Key:
        """Make a key useless, at once for new requests and within `api.cache_seconds` for its present users.

        Raises
        ------
        CredentialsError
            If there is no such key.
        """
        with self._explained(), self._engine.begin() as connection:
            unused = sa.and_(_keys.c.id == id_, _keys.c.revoked.is_(None))
            connection.execute(sa.update(_keys).where(unused).values(revoked=datetime.now(UTC).timestamp()))
            row = connection.execute(sa.select(_keys).where(_keys.c.id == id_)).first()
        if row is None:
            known = [key.id for key in self.keys()]
            raise CredentialsError(f"there is no key {id_[:_MOST_NAME]!r}", hint=one_of(id_, known))
        return _key(row)

    def find_key(self, text: str) -> Principal | str:
        """Find who holds a key, or say why it is worth nothing."""
        prefix, _, rest = text.partition("_")
        id_ = rest.partition("_")[0]
        if prefix != _PREFIX or not id_:
            return "the key is malformed"
        with self._explained(), self._engine.connect() as connection:
            row = connection.execute(sa.select(_keys).where(_keys.c.id == id_)).first()
        if row is None or not hmac.compare_digest(row.sha256, _digest(text)):
            return "the key is unknown"
        found = _key(row)
        if found.state != "valid":
            return f"the key is {found.state}"
        return Principal(found.name, found.scopes, "key")

    def create_user(self, name: str, password: str, scopes: Collection[str]) -> User:
        """Let someone log in.

        Raises
        ------
        CredentialsError
            If the name is taken, or the password too short.
        """
        _check_name(name)
        user = User(name, _checked(scopes), datetime.now(UTC))
        now = user.created.timestamp()
        row = {"name": name, "scopes": " ".join(sorted(user.scopes)), "created": now, "changed": now}
        hashed = _hash(password)
        try:
            with self._explained(), self._engine.begin() as connection:
                connection.execute(sa.insert(_users).values(**row, password=hashed))
        except IntegrityError as error:
            raise CredentialsError(f"there is a user {name!r} already", hint="remove it first") from error
        return user

    def users(self) -> list[User]:
        """List all users."""
        with self._explained(), self._engine.connect() as connection:
            return [_user(row) for row in connection.execute(sa.select(_users).order_by(_users.c.name))]

    def change_password(self, name: str, password: str) -> None:
        """Let someone log in with another password; their tokens are refused within `api.cache_seconds`.

        Raises
        ------
        CredentialsError
            If there is no such user, or the password is too short.
        """
        new = {"password": _hash(password), "changed": datetime.now(UTC).timestamp()}
        self._change(name, sa.update(_users).where(_users.c.name == name).values(**new))

    def remove_user(self, name: str) -> None:
        """Let someone log in no more; their tokens are refused within `api.cache_seconds`.

        Raises
        ------
        CredentialsError
            If there is no such user.
        """
        self._change(name, sa.delete(_users).where(_users.c.name == name))

    def _change(self, name: str, change: sa.Update | sa.Delete) -> None:
        with self._explained(), self._engine.begin() as connection:
            found = connection.execute(change).rowcount
        if not found:
            known = [user.name for user in self.users()]
            raise CredentialsError(f"there is no user {name[:_MOST_NAME]!r}", hint=one_of(name, known))

    def find_user(self, name: str, since: float) -> Principal | None:
        """Find a user who could log in at a moment.

        Who got the name of a user who is gone is somebody else; who has another password now logs in anew.

        Parameters
        ----------
        since
            Seconds since 1970, with their fractions.
        """
        with self._explained(), self._engine.connect() as connection:
            row = connection.execute(sa.select(_users).where(_users.c.name == name)).first()
        return Principal(row.name, _user(row).scopes, "user") if row and row.changed <= since else None

    def log_in(self, name: str, password: str) -> Principal | None:
        """Check a password. It takes as long for a name that is not there as for a wrong password."""
        with self._explained(), self._engine.connect() as connection:
            row = connection.execute(sa.select(_users).where(_users.c.name == name)).first()
        right = _hasher().verify(password, row.password if row else _nobody())
        return Principal(row.name, _user(row).scopes, "user") if row and right else None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            where = self._engine.url.render_as_string(hide_password=True)
            reason = first_line(error.__cause__ or error)
            message = f"the database of keys and users, {where}, can't be used: {reason}"
            raise CredentialsError(message, hint="see api.database") from error


def _hasher() -> PasswordHash:
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


def _hash(password: str) -> str:
    if len(password) < LEAST_PASSWORD:
        raise CredentialsError(f"the password has less than {LEAST_PASSWORD} characters", hint="use a longer one")
    return _hasher().hash(password)


@cache
def _nobody() -> str:
    """Hash a password that nobody has."""
    return _hasher().hash(secrets.token_urlsafe(32))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > _MOST_NAME or not name.isprintable():
        raise CredentialsError(f"{name[:_MOST_NAME]!r} is no name", hint=f"1 to {_MOST_NAME} printable characters")


def _checked(scopes: Collection[str]) -> frozenset[str]:
    for scope in scopes:
        if scope not in SCOPES:
            raise CredentialsError(f"there is no scope {scope!r}", hint=one_of(scope, list(SCOPES)))
    if not scopes:
        raise CredentialsError("no scope is given", hint=f"there are: {', '.join(SCOPES)}")
    return frozenset(scopes)


def _after(now: datetime, days: float | None) -> datetime | None:
    try:
        return None if days is None else now + timedelta(days=days)
    except (OverflowError, ValueError) as error:  # no number is no day either
        hint = "leave the days out for a key without end"
        raise CredentialsError(f"no calendar has the day in {days:g} days", hint=hint) from error


def _time(stamp: float | None) -> datetime | None:
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC)


def _key(row: sa.Row[Any]) -> Key:
    created = datetime.fromtimestamp(row.created, UTC)
    return Key(row.id, row.name, frozenset(row.scopes.split()), created, _time(row.expires), _time(row.revoked))


def _user(row: sa.Row[Any]) -> User:
    return User(row.name, frozenset(row.scopes.split()), datetime.fromtimestamp(row.created, UTC))
