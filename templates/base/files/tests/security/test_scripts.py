"""What `security-test` runs finds what it is for, and says what it could not do."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
TOKEN = "".join(["ghp_", "R7uXw2LmQ9", "zKd4Tb8Vn1", "Yc6HsJ3pFe", "0aGqMi"])
PASSWORD = "".join(["tX9pR2mV", "q7LbZ4nK", "w8Ys"])


@pytest.fixture
def repository(tmp_path):
    """Make a git repository that ignores `.env`."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text(".env\n", encoding="utf-8")
    return tmp_path


def scan(folder):
    command = [sys.executable, SCRIPTS / "scan_secrets.py", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f'# settings\nmirror = "{TOKEN}"\n', 2),
        (f"url: x\nuser: me\npassword: {PASSWORD}\n", 3),
        (f'api_key = "{PASSWORD}"\n', 1),
        (f'SECRET_KEY: str = "{PASSWORD}"\n', 1),
        (f'{{"token": "{PASSWORD}"}}\n', 1),
    ],
    ids=["token of a service", "yaml", "python", "annotated", "json"],
)
def test_a_secret_is_found_and_not_shown(repository, text, line):
    (repository / "settings.txt").write_text(text, encoding="utf-8")
    code, output, errors = scan(repository)
    assert code == 1
    assert output.startswith(f"settings.txt:{line}: ")
    assert "error: 1 secrets in 2 files" in errors
    assert TOKEN not in output + errors
    assert PASSWORD not in output + errors


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".env", f"API_KEY={PASSWORD}\n"),
        ("settings.py", f'password = "{PASSWORD}"  # kingfisher:ignore\n'),
        ("settings.py", 'password = os.environ["DATABASE_PASSWORD_2026"]\n'),
        ("conf.yaml", "password: ${DATABASE_PASSWORD_2026}\nsecret: change-me\n"),
    ],
    ids=["file that git ignores", "allowed line", "from the environment", "placeholder"],
)
def test_what_is_no_secret_of_the_repository_is_no_alarm(repository, path, text):
    (repository / path).write_text(text, encoding="utf-8")
    code, output, errors = scan(repository)
    assert (code, errors) == (0, "")
    assert output.startswith("no secrets in ")


def test_without_git_nothing_is_claimed(tmp_path):
    code, output, errors = scan(tmp_path)
    assert (code, output) == (1, "")
    assert "hint: git init" in errors


@pytest.mark.skipif(sys.platform == "win32", reason="a script stands in for uv")
@pytest.mark.parametrize(
    ("said", "status", "expected"),
    [
        ("error: Request failed after 3 retries", 2, (0, "NOT CHECKED")),
        ("error: The lockfile needs to be updated", 2, (2, "The lockfile needs to be updated")),
        ("Found 1 known vulnerability: GHSA-1 in thing", 1, (1, "GHSA-1 in thing")),
        ("Found no known vulnerabilities", 0, (0, "Found no known vulnerabilities")),
    ],
)
def test_only_an_unreachable_database_is_excused(tmp_path, monkeypatch, said, status, expected):
    uv = tmp_path / "uv"
    uv.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit {status}\n", encoding="utf-8")
    uv.chmod(0o755)
    monkeypatch.setenv("UV", str(uv))
    command = [sys.executable, SCRIPTS / "audit_dependencies.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == expected[0]
    assert expected[1] in done.stdout + done.stderr
