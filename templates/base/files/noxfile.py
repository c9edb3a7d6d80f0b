#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox>=2026.2"]
# ///
"""The checks on every Python that the project supports, each in an environment of its own: `uvx nox`."""

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv"

PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"), max_version="3.14")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests; arguments after `--` go to pytest."""
    session.install("--editable", ".[dev]")
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check formatting, code and types."""
    session.install("--editable", ".[dev]")
    session.run("ruff", "format", "--check")
    session.run("ruff", "check")
    session.run("mypy")


if __name__ == "__main__":
    nox.main()
