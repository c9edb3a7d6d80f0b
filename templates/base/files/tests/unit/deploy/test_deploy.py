"""`python -m deploy`, beside programs that only write down what they were asked."""

import json
import re
import stat
import sys
from textwrap import dedent

import pytest
import yaml

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts stand in for the programs")

CLUSTER = ("kubernetes", "--image", "registry.example.org/project@sha256:abc")
TARGETS = [("compose",), ("ssh",), CLUSTER]
SOON = ("--patience", "0.3")  # where nobody will be ready


WAIT = "docker compose up --detach --no-build --remove-orphans --wait"
SCOPES = "--scope predict --scope read --scope probe"


def names_of(place):
    """Give the project's command, and the name of its image."""
    text = (place.root / "deploy" / "release.py").read_text(encoding="utf-8")
    return re.search(r'^PROJECT = "(.*)"$', text, re.MULTILINE)[1], re.search(r'^NAME = "(.*)"$', text, re.MULTILINE)[1]


@pytest.mark.parametrize("target", TARGETS, ids=["compose", "ssh", "kubernetes"])
def test_a_dry_run_shows_the_commands_and_runs_none(place, target):
    done = place.deploy(*target, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert place.calls() == []
    *commands, last = done.stdout.splitlines()
    assert last.startswith("# then http://127.0.0.1:")
    assert any("v2" in line or "@sha256:abc" in line for line in commands)


def test_compose_builds_remembers_starts_and_is_tried(place, service):
    project, name = names_of(place)
    done = place.deploy("compose", API_PORT=service)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "deployed v2: compose, production")
    assert place.calls() == [
        f"docker build --tag {name}:v2 .",
        "docker compose config --quiet",
        f"docker image tag {name}:v2 {name}:current",
        WAIT,
        f"docker compose exec --no-TTY api {project} api keys create smoke-test-v2 --days 0.01 {SCOPES}",
        f"docker compose exec --no-TTY api {project} api keys revoke abc123",
    ]
    asked = json.loads((place.state / "asked").read_text(encoding="utf-8"))
    assert asked == '/predict/iris {"row":{"length":null,"width":null}}'
    assert "key_abc123_secret" not in done.stdout + done.stderr


def test_ssh_sends_the_image_and_the_files_and_no_secret(place):
    project, name = names_of(place)
    done = place.deploy("ssh")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "deployed v2: ssh, production")
    calls = place.calls()
    assert all(" -- me@host" in call for call in calls if call.startswith("ssh"))
    there = [call.split(" -- me@host ")[1] for call in calls if " -- me@host " in call]
    assert there[0] == f"cd {project} && test -s .env"
    assert f"cd {project} && docker image load --quiet" in there
    assert f"docker image tag {name}:v2 {name}:current" in there[-4]
    assert f"cd {project} && cd current && ENVIRONMENT=production docker compose up" in there[-3]
    assert not any(secret in " ".join(calls) for secret in ("xxxx", "yyyy"))


def test_kubernetes_asks_the_cluster_before_it_applies_the_image(place):
    done = place.deploy(*CLUSTER, "--environment", "staging", "--train", KUBE_CONTEXT="test")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "deployed v2: kubernetes, staging")
    _, name = names_of(place)
    where = f"kubectl --context test --namespace {name}-staging"
    steps = [call.removeprefix(where).strip() for call in place.calls() if "kustomize" not in call]
    assert [step.split()[0] for step in steps] == [
        *("get", "apply", "get", "apply", "delete", "create", "wait", "rollout", "port-forward", "exec", "exec")
    ]
    assert steps[1] == "apply --dry-run=server --filename -"
    applied = [json.loads(line) for line in (place.state / "input").read_text(encoding="utf-8").splitlines()]
    assert applied == ["image: registry.example.org/project@sha256:abc\n"] * 2


@pytest.mark.parametrize("fault", ["not-ready", "no-prediction"])
def test_a_service_that_does_not_work_is_rolled_back_with_its_files(place, service, fault):
    _, name = names_of(place)
    file, extra = place.root / "deploy" / "prometheus" / "alerts.yml", place.root / "deploy" / "postgres" / "new.sql"
    used = place.root / ".deploy" / "current"
    assert place.deploy("compose", API_PORT=service).returncode == 0
    (place.root / ".env").write_text("NEW=1\n", encoding="utf-8")
    former = file.read_text(encoding="utf-8")
    mounted = (used / "deploy" / "prometheus").stat().st_ino
    file.write_text("broken", encoding="utf-8")
    extra.write_text("broken", encoding="utf-8")
    place.write(fault, "")
    done = place.deploy("compose", *SOON, API_PORT=service)
    assert done.returncode == 1
    assert "error: rolled back, because " in done.stderr
    assert place.calls()[-2:] == [f"docker image tag {name}:previous {name}:current", WAIT]
    assert (used / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8") == former
    assert (used / "deploy" / "prometheus").stat().st_ino == mounted  # containers see it
    assert not (used / "deploy" / "postgres" / "new.sql").exists()
    assert (used / ".env").read_text(encoding="utf-8") == "NEW=1\n"
    assert file.read_text(encoding="utf-8") == "broken"


def test_a_cluster_goes_back_to_what_ran_and_not_to_what_ran_before_that(place):
    place.write("failing", "rollout status")
    place.write("revision", "7")
    done = place.deploy(*CLUSTER)
    assert done.returncode == 1
    undone = [call.partition("production ")[2] for call in place.calls() if "undo" in call]
    assert undone == ["rollout undo deployment/api --to-revision=7"]


def test_all_else_of_a_cluster_gets_the_image_and_the_settings_that_are_gone_back_to(place):
    assert place.deploy("kubernetes", "--rollback").returncode == 0
    calls = [call.partition("production ")[2] for call in place.calls()]
    jobs = yaml.safe_load_all((place.root / "deploy" / "kubernetes" / "base" / "jobs.yaml").read_text(encoding="utf-8"))
    kinds = ("CronJob", "Deployment")
    jobs = {f"{job['kind'].lower()}/{job['metadata']['name']}": job for job in jobs if job["kind"] in kinds}
    assert list(jobs)[:2] == ["cronjob/retrain", "cronjob/monitor"]
    assert [call for call in calls if "set image" in call] == [
        f"set image {' '.join(jobs)} *=registry.example.org/project:v1"
    ]
    patches = [call.split(maxsplit=2) for call in calls if call.startswith("patch")]
    assert [job for _, job, _ in patches] == list(jobs)
    for _, job, options in patches:
        [change] = json.loads(options.partition("--patch=")[2])
        *path, last = change["path"].strip("/").split("/")
        found = jobs[job]
        for name in path:
            found = found[int(name) if name.isdecimal() else name]
        assert (found[last], change["value"]) == ("settings", "settings-v1")


def test_a_release_that_can_not_be_kept_is_not_replaced(place, service):
    """Else there would be nothing to go back to, or half of it."""
    _, name = names_of(place)
    for version in ("v1", "v2", "v3"):
        (place.root / "deploy" / "version").write_text(version, encoding="utf-8")
        place.write("failing", f"{name}:current {name}:previous" if version == "v3" else "nothing")
        done = place.deploy("compose", API_PORT=service)
        assert done.returncode == (1 if version == "v3" else 0)
    assert "roll" not in done.stderr.split("error: ")[-1]
    kept = [place.root / ".deploy" / folder / "deploy" / "version" for folder in ("previous", "current")]
    assert [file.read_text(encoding="utf-8") for file in kept] == ["v1", "v2"]


def test_the_key_of_the_smoke_test_is_revoked_where_it_fails(place, service):
    place.write("no-prediction", "")
    place.deploy("compose", API_PORT=service)
    assert any(call.endswith("api keys revoke abc123") for call in place.calls())


@pytest.mark.parametrize(
    ("target", "failing"),
    [(("compose",), "docker build"), (("ssh",), "image save"), (CLUSTER, "--dry-run=server")],
    ids=["compose", "ssh", "kubernetes"],
)
def test_what_fails_before_anything_changed_rolls_nothing_back(place, target, failing):
    """Else the release before the one that works would be started."""
    place.write("failing", failing)
    done = place.deploy(*target)
    assert done.returncode == 1
    assert failing in done.stderr.split("error: ")[-1]
    assert "roll" not in done.stderr.split("error: ")[-1]
    assert not any("previous" in call or "undo" in call for call in place.calls())


def test_the_first_release_has_none_to_go_back_to_and_says_so(place, service):
    place.write("not-ready", "")
    done = place.deploy("compose", *SOON, API_PORT=service)
    assert done.returncode == 1
    assert "nothing was rolled back" in done.stderr
    assert "there is no earlier release there" in done.stderr
    assert "`--train` trains where the project is deployed" in done.stderr


@pytest.mark.parametrize("target", TARGETS, ids=["compose", "ssh", "kubernetes"])
def test_a_roll_back_is_tried_too(place, service, target):
    (place.root / ".deploy" / "previous").mkdir(parents=True)
    done = place.deploy(*target, "--rollback", API_PORT=service)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"rolled back: {target[0]}, production")
    assert not any("build" in call.split() or "apply" in call for call in place.calls())
    assert any("keys create" in call for call in place.calls())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "hint: make deploy TARGET=…; there are: compose, kubernetes, ssh"),
        (("kubernets",), "hint: did you mean kubernetes?"),
        (("compose", "--environment", "prod"), "hint: there are: development, production, staging"),
        (("compose", "--version", "a b"), "'a b' can't be a version"),
        (("compose", "--version", "current"), "'current' can't be a version"),
        (("kubernetes",), "a cluster can't pull an image that is built here"),
        (("kubernetes", "--image", "x#;y"), "'x#;y' is no image"),
    ],
)
def test_what_can_not_be_deployed_is_refused_before_anything_runs(place, arguments, said):
    done = place.deploy(*arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert place.calls() == []


def test_every_missing_secret_is_named(place):
    done = place.deploy("compose", API_JWT_SECRET="", POSTGRES_PASSWORD="")
    assert done.returncode == 1
    assert "API_JWT_SECRET is not set" in done.stderr
    assert "POSTGRES_PASSWORD is not set" in done.stderr
    assert "make deploy-secrets" in done.stderr
    assert place.calls() == []


def test_secrets_are_made_once_and_for_their_owner_only(place):
    (place.root / ".env").write_text("# mine\nPOSTGRES_PASSWORD=kept\nAPI_JWT_SECRET=\n", encoding="utf-8")
    assert place.deploy("--secrets").stdout == "written to .env: API_JWT_SECRET\n"
    text = (place.root / ".env").read_text(encoding="utf-8")
    assert text.startswith("# mine\nPOSTGRES_PASSWORD=kept\nAPI_JWT_SECRET=")
    assert len(text.strip().split("=")[-1]) == 64
    assert place.deploy("--secrets").stdout == "written to .env: nothing, all are there\n"
    assert (place.root / ".env").read_text(encoding="utf-8") == text
    (place.root / ".env").unlink()
    place.deploy("--secrets")
    assert stat.S_IMODE((place.root / ".env").stat().st_mode) == 0o600


def test_a_file_in_targets_is_a_target(place, service):
    source = """
        from ..commands import command
        from ..target import Reach, Target
        from .compose import inside, reach

        TARGET = Target(
            help="Nowhere",
            programs=("docker",),
            prepare=lambda release: [],
            start=lambda release: [command("docker", "stack", "deploy", release.tag)],
            roll_back=lambda release: [],
            inside=inside,
            reach=reach,
        )
    """
    (place.root / "deploy" / "targets" / "swarm.py").write_text(dedent(source), encoding="utf-8")
    done = place.deploy(TARGET="swarm", API_PORT=service)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "deployed v2: swarm, production")
    assert place.calls()[0] == f"docker stack deploy {names_of(place)[1]}:v2"
