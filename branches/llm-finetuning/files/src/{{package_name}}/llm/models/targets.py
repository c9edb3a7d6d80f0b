"""Where a checkpoint is deployed: a service on this machine, or one in containers.

Containers are started by the commands of the folder ``deploy``, which only a project with containers has.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx

from ...api.config import ApiConfig
from ...api.credentials import Credentials
from ...config import Config
from ..config import LLMConfig
from ..training.checkpoint_names import label_of
from ..training.checkpointing import CheckpointManager
from ..training.golden import smoke_test
from .deploying import DeployError, Say, deploy_to_service

TARGETS = ("local", "compose", "kubernetes")

_KEY_DAYS = 0.01
"""A quarter of an hour, should revoking the key fail."""
_CONTAINERS = Path("deploy") / "checkpoint.py"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A checkpoint that was checked, and is to be served.

    Attributes
    ----------
    facts
        Its metadata.
    folder
        Where it is.
    dry_run
        Whether to show what would be done, and do nothing.
    """

    config: Config
    facts: Mapping[str, Any]
    folder: Path
    say: Say
    dry_run: bool = False

    def to_local(self, url: str | None = None, name: str | None = None) -> None:
        """Put it into a service of this project that runs on this machine.

        Raises
        ------
        DeployError
            If it does not take its place; what was there before is there again.
        """
        settings = self.config.group("api", ApiConfig)
        url = (url or f"http://{settings.host}:{settings.port}").rstrip("/").removesuffix("/v1")
        name, place = name or str(self.facts["name"]), self.folder.resolve()
        if self.dry_run:
            body = json.dumps({"checkpoint": str(place), "replaces": name})
            self.say(f"POST {url}/llm/models {body}\n# then {url}/v1/chat/completions, with the golden prompts")
            return
        with _key(self.config, label_of(self.facts)) as key:
            headers = {"X-API-Key": key}
            with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
                deploy_to_service(client, self.facts, place, self.say, name)
        self.say(f"deployed {label_of(self.facts)}: {url}")

    def to_containers(self, target: str, env: str | None = None) -> None:
        """Have the containers of the service start with it.

        Parameters
        ----------
        target
            ``compose`` or ``kubernetes``.
        env
            The environment that they run; production by default.

        Raises
        ------
        CheckpointError
            If it does not answer its golden prompts on this machine.
        DeployError
            If the project has no containers, or these do not start with it; then they start as before.
        """
        root, label = self.config.root, label_of(self.facts)
        if not (root / _CONTAINERS).is_file():
            raise DeployError(f"the project has no {_CONTAINERS}", hint="`mlsys configure containers=true` adds it")
        checkpoints = CheckpointManager.of_project(root)
        if self.folder.resolve() != checkpoints.path(label).resolve():
            raise DeployError(
                f"{self.folder} is none of the project's checkpoints", hint="`checkpoints import` makes it one"
            )
        if not self.dry_run:
            asked = smoke_test(checkpoints, label, self.config.group("llm", LLMConfig).model.device)
            self.say(f"{label} answers {len(asked)} golden prompts here")
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / "facts.json"
            file.write_text(json.dumps(self.facts), encoding="utf-8")
            arguments = [target, str(file), *(["--environment", env] if env else [])]
            arguments += ["--dry-run"] if self.dry_run else []
            failed = _containers(root).main(arguments)
        if failed:
            raise DeployError(f"{label} is not deployed", hint="the reason is above")


def _containers(root: Path) -> Any:
    """Load the module of the project that starts containers; it is no part of the package."""
    sys.path.insert(0, str(root))
    try:
        return import_module(".".join(_CONTAINERS.with_suffix("").parts))
    finally:
        sys.path.remove(str(root))


@contextmanager
def _key(config: Config, label: str) -> Iterator[str]:
    """Make a key for a deployment, and revoke it after."""
    credentials = Credentials.open(config.group("api", ApiConfig).database, config.root)
    try:
        key, kept = credentials.create_key(f"deploy-{label}"[:100], ["admin"], _KEY_DAYS)
        try:
            yield key
        finally:
            credentials.revoke_key(kept.id)
    finally:
        credentials.close()
