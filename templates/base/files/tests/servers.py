"""Real servers and a browser for tests, started once, on free ports, and skipped where they are missing.

A test asks for `redis_url` or `postgres_url`. One that needs the server to go away asks for `redis_server` or
`postgres_server` too, and works inside `with redis_server.down():`. To add a server, write a fixture of a few lines
like those at the end, with `from servers import Server` where it is used.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_WAIT = 240.0  # seconds until a server answers, on a machine with other things to do
_STOP = 15.0
_POSTGRES = ("initdb", "postgres", "pg_isready")


@dataclass
class Server:
    """A process that serves.

    Attributes
    ----------
    ready
        Whether it answers, asked again and again after the start.
    folder
        Where it works, and where its output goes: `log`.
    user
        Whom it runs as, where that is not the user of the tests.
    stop_signal
        What makes it end without waiting for its clients.
    """

    name: str
    command: Sequence[str]
    url: str
    ready: Callable[[], bool]
    folder: Path
    user: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it, and wait until it answers. What it kept on disk is there again."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env={**os.environ, **self.variables},
                stdout=log,
                stderr=log,
                **as_user(self.user),
            )
        end = time.monotonic() + _WAIT
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                pytest.fail(f"{self.name} did not start:\n{self.output()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it."""
        if self.process is None:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(_STOP)
        self.process = None

    @contextmanager
    def down(self) -> Iterator[None]:
        """Stop it for the time of the `with` block."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def running(self) -> Iterator[Server]:
        """Run it for the time of the `with` block."""
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def output(self) -> str:
        """Read what it has printed."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")


def free_port() -> int:
    """Find a port of 127.0.0.1 that nothing uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def find_program(name: str, package: str, folders: Sequence[Path] = ()) -> str:
    """Find a program, or skip the test that needs it and say which package of Debian brings it."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, folders)])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install {package}")
    return found


@contextmanager
def scratch_folder(user: str | None = None) -> Iterator[Path]:
    """Make a folder that another user can work in, unlike those of pytest, and remove it in the end."""
    with tempfile.TemporaryDirectory(prefix="server-", ignore_cleanup_errors=True) as name:
        if user:
            shutil.chown(name, user)
        yield Path(name)


def as_user(user: str | None) -> dict[str, object]:
    """Say how `subprocess` starts something as another user."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


def answers(port: int, question: bytes, answer: bytes) -> bool:
    """Say whether a server on a port answers a question with something that begins as expected."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(question)
            return connection.recv(len(answer)) == answer
    except OSError:
        return False


def succeeds(command: Sequence[str]) -> bool:
    """Say whether a command ends with 0."""
    return subprocess.run(command, capture_output=True, check=False, timeout=_STOP).returncode == 0


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    """Run Redis, which keeps its data in memory."""
    program, port = find_program("redis-server", "redis-server"), free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with scratch_folder() as folder:
        url = f"redis://127.0.0.1:{port}/0"
        server = Server("Redis", command, url, partial(answers, port, b"PING\r\n", b"+PONG"), folder)
        with server.running():
            yield server


@pytest.fixture(scope="session")
def redis_url(redis_server: Server) -> str:
    """Give the address of a Redis server."""
    return redis_server.url


@contextmanager
def run_postgres(initdb: str, postgres: str, isready: str) -> Iterator[Server]:
    """Run a PostgreSQL, of which these are the programs, with an empty database."""
    port, password = free_port(), secrets.token_hex(8)
    with scratch_folder(other_user()) as folder:
        (folder / "password").write_text(password, encoding="ascii")
        make = [initdb, "--pgdata=data", "--username=test", "--pwfile=password", "--auth=scram-sha-256"]
        make += ["--encoding=UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(make, cwd=folder, capture_output=True, text=True, check=False, **as_user(other_user()))
        assert done.returncode == 0, done.stderr
        command = [postgres, "-D", "data", "-p", str(port), "-h", "127.0.0.1", "-k", ""]
        command += ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]
        url = f"postgresql://test:{password}@127.0.0.1:{port}/postgres?connect_timeout={_WAIT:.0f}"
        ready = partial(succeeds, [isready, "-h", "127.0.0.1", "-p", str(port)])
        server = Server("PostgreSQL", command, url, ready, folder, other_user(), stop_signal=signal.SIGINT)
        with server.running():
            yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """Run PostgreSQL, with an empty database."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    with run_postgres(*(find_program(name, "postgresql", folders) for name in _POSTGRES)) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Server) -> str:
    """Give the address of an empty database; SQLAlchemy wants `postgresql+psycopg` before its colon."""
    return postgres_server.url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Chromium without a window.

    Playwright keeps an event loop running in the thread of the tests, so it must end before other tests make theirs.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None) or find_program("chromium", "chromium")
    sandbox = os.geteuid() != 0  # it refuses to make one for root
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=program, chromium_sandbox=sandbox)
        yield running
        running.close()


def other_user() -> str | None:
    """Name a user that PostgreSQL, which refuses root, may run as."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
