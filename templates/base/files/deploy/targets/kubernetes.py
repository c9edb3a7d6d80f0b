"""The REST service and its jobs in a Kubernetes cluster; its databases and MLflow are servers that variables name.

The cluster remembers releases: a roll-back is `kubectl rollout undo`. It brings the settings back with the image, since
each set of them is a ConfigMap of its own; the secret is not part of a release.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import yaml

from ..commands import Command, DeployError, command
from ..release import NAME, PROJECT, ROOT, Release
from ..target import Reach, Target

UNSET = "image: app:unset"
"""What stands in the manifests where the release's image goes."""

_API = "deployment/api"
_SETTINGS = "envFrom[0].configMapRef.name"
_MANIFESTS = ROOT / "deploy" / "kubernetes" / "base"
_PODS = {"CronJob": "/spec/jobTemplate/spec/template/spec", "Deployment": "/spec/template/spec"}
_PATCH = '[{{"op": "replace", "path": "{}/containers/0/envFrom/0/configMapRef/name", "value": "{{}}"}}]'
_STATUS = ("rollout", "status", _API, "--timeout=300s")


def prepare(release: Release) -> list[Command]:
    """See that the secret is there, and that the cluster would take the manifests."""
    if not release.image:
        hint = "name one that a registry has: --image ghcr.io/me/project@sha256:…"
        raise DeployError("a cluster can't pull an image that is built here", hint=hint)
    if not re.fullmatch(r"[\w./:@-]+", release.image, re.ASCII):
        raise DeployError(f"{release.image!r} is no image", hint="registry/name:tag or registry/name@sha256:…")
    hint = "deploy/README.md tells how to make it"
    secret = kubectl(release, "get", "secret", "secrets", "--output=name", hint=hint)
    return [secret, _apply(release, "--dry-run=server")]


def start(release: Release) -> list[Command]:
    """Apply the manifests of the environment with the release's image, and wait until it answers."""
    steps = [_apply(release)]
    if release.train:
        job = _job(release)
        steps += [
            kubectl(release, "delete", "job", job, "--ignore-not-found"),
            kubectl(release, "create", "job", job, "--from=cronjob/retrain"),
            kubectl(release, "wait", "--for=condition=complete", f"job/{job}", "--timeout=3600s"),
        ]
    return [*steps, kubectl(release, *_STATUS, hint=f"`kubectl describe {_API}` and its logs tell why")]


def running(release: Release) -> Command:
    """Print the revision that runs; nothing before the first."""
    revision = r"jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}"
    return kubectl(release, "get", _API, "--ignore-not-found", f"--output={revision}")


def roll_back(release: Release) -> list[Command]:
    """Go back to the revision that ran before, or to the last but one; all else gets its image and settings."""
    to = (f"--to-revision={release.before}",) if release.before else ()
    undo = kubectl(release, "rollout", "undo", _API, *to)
    beside = _beside()
    image = _copy(release, "image", "set", "image", *beside, "*={}")
    settings = [
        _copy(release, _SETTINGS, "patch", name, "--type=json", f"--patch={_PATCH.format(pod)}")
        for name, pod in beside.items()
    ]
    return [undo, kubectl(release, *_STATUS), image, *settings]


def inside(release: Release, arguments: Sequence[str]) -> Command:
    """Run a command in a pod of the service."""
    return kubectl(release, "exec", _API, "--", PROJECT, *arguments)


def reach(release: Release) -> Reach:
    """Get to the service through the cluster's own door."""
    forward = kubectl(release, "port-forward", "service/api", f"{release.port}:80")
    return Reach(f"http://127.0.0.1:{release.port}", forward)


def _apply(release: Release, *options: str) -> Command:
    apply = kubectl(release, "apply", *options, "--filename", "-")
    fill = Command(("sed", f"s#{UNSET}#image: {release.image}#"), into=apply)
    overlay = f"deploy/kubernetes/overlays/{release.environment}"
    return Command(("kubectl", "kustomize", overlay), into=fill, hint="deploy/kubernetes/overlays has the environments")


def _copy(release: Release, field: str, *words: str) -> Command:
    """Run a command that has, in the place of `{}`, what stands in a field of the service's container."""
    get = kubectl(release, "get", _API, f"--output=jsonpath={{.spec.template.spec.containers[0].{field}}}")
    return Command(get.argv, into=command("xargs", "-I{}", *kubectl(release, *words).argv))


def _beside() -> dict[str, str]:
    """Name what runs beside the service, jobs and processes, with where its pod is described."""
    files = [file.read_text(encoding="utf-8") for file in sorted(_MANIFESTS.glob("*.yaml"))]
    manifests = [manifest for text in files for manifest in yaml.safe_load_all(text)]
    running = [one for one in manifests if one["kind"] in _PODS]
    found = {f"{one['kind'].lower()}/{one['metadata']['name']}": _PODS[one["kind"]] for one in running}
    return {name: pod for name, pod in found.items() if name != _API}


def _job(release: Release) -> str:
    """Name the job that trains: letters, digits and dashes, no more than 63 of them."""
    version = re.sub(r"[^a-z0-9]+", "-", release.version.lower()).strip("-")
    return f"train-{version[-40:]}"


def kubectl(release: Release, *arguments: str, hint: str = "") -> Command:
    """Make a command for the namespace of the environment."""
    context = os.environ.get("KUBE_CONTEXT")
    where = (*(("--context", context) if context else ()), "--namespace", f"{NAME}-{release.environment}")
    return command("kubectl", *where, *arguments, hint=hint)


TARGET = Target(
    help="The REST service and its jobs in a Kubernetes cluster",
    programs=("kubectl", "sed", "xargs"),
    prepare=prepare,
    start=start,
    roll_back=roll_back,
    inside=inside,
    reach=reach,
    running=running,
)
