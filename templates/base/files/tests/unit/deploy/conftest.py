"""A copy of what is deployed, with programs that only write down what they were asked."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from servers import free_port

ROOT = Path(__file__).parents[3]
FAKE = Path(__file__).with_name("fake_program.py")
PASSWORDS = {"API_JWT_SECRET": "x" * 40, "POSTGRES_PASSWORD": "y" * 40}


@dataclass(frozen=True)
class Place:
    """A folder to deploy from, and the programs on its PATH."""

    root: Path
    environment: dict[str, str]

    @property
    def state(self) -> Path:
        return Path(self.environment["FAKE_STATE"])

    def deploy(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "deploy", "--version", "v2", "--patience", "60", *arguments]
        return subprocess.run(
            command,
            cwd=self.root,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def write(self, name: str, text: str) -> None:
        (self.state / name).write_text(text, encoding="utf-8")

    def calls(self) -> list[str]:
        file = self.state / "calls"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    root, programs, state = tmp_path / "project", tmp_path / "bin", tmp_path / "state"
    for folder in ("conf", "deploy"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "schemas"))
    shutil.copy(ROOT / "compose.yaml", root)
    programs.mkdir()
    state.mkdir()
    for name in ("docker", "kubectl", "ssh"):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" -IS "{FAKE}" {name} "$@"\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    hidden = {"TARGET", "REMOTE", "KUBE_CONTEXT", "API_PORT", *PASSWORDS}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return Place(root, {**kept, **PASSWORDS, "PATH": path, "FAKE_STATE": str(state), "REMOTE": "me@host"})


def answers(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/ready", trust_env=False)
    except httpx.TransportError:
        return False
    return True


@pytest.fixture
def service(place: Place) -> Iterator[str]:
    """Serve what `docker compose up` would, and give the port."""
    port = free_port()
    command = [sys.executable, "-IS", str(FAKE), "serve", str(port)]
    with subprocess.Popen(command, env=place.environment) as process:
        until = time.monotonic() + 120
        while not answers(port):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        yield str(port)
        process.terminate()
