"""The second half of a demonstration: the champion at work, until the world changes."""

from __future__ import annotations

import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pandas as pd

from ..api.config import ApiConfig
from ..api.credentials import Credentials
from ..config import Config, load_config
from ..data.config import DataConfig
from ..errors import ProjectError
from ..monitoring.report import MonitoringReport
from ..monitoring.workflow import Monitor
from ..plugins import PACKAGE
from ..reports import Facts, Status, Table, Text
from .journey import Journey, Step

if TYPE_CHECKING:
    from ..data.card import DataCard

SHIFTED = ("mean_area", "worst_area", "worst_perimeter", "worst_radius")
FACTOR = 1.4

_PATIENCE = 600.0
"""Seconds that a busy machine may take; a service that has ended is not waited for."""
_MOST_DRIFTED = 12


@contextmanager
def served(journey: Journey, *overrides: str) -> Iterator[httpx.Client]:
    """Start the service on a free port as a process of its own, and log in.

    Parameters
    ----------
    overrides
        More settings of its configuration, each `key=value`.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = journey.folder / "api.log"
    journey.folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", PACKAGE, "api", "run", "--port", str(port), "--env", journey.config.environment]
    for override in (*own_log(journey), *overrides):
        command += ["--set", override]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=journey.config.root, stdout=output, stderr=output)
    settings = journey.config.group("api", ApiConfig)
    credentials = Credentials.open(settings.database, journey.config.root)
    name, password = f"demo-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    credentials.create_user(name, password, ("predict", "read"))
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            _wait(client, process, log)
            answer = client.post("/token", json={"username": name, "password": password}).raise_for_status()
            client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            yield client
    finally:
        credentials.remove_user(name)
        credentials.close()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=_PATIENCE)


def predict(journey: Journey, client: httpx.Client, model: str) -> None:
    """Ask about one row and about a batch, and read the numbers of the service."""
    with journey.step("Serve") as step:
        splits = journey.workspace.splits(model)
        rows = _rows(splits.test, splits.card)
        single = client.post(f"/predict/{model}", json={"row": rows[0]}).raise_for_status().json()
        batch = client.post(f"/predict/{model}", json={"rows": rows}).raise_for_status().json()
        truth = [str(value) for value in splits.test[splits.card.target]]
        right = sum(
            str(one["prediction"]) == one_true for one, one_true in zip(batch["predictions"], truth, strict=True)
        )
        step.say(f"one row: {single['predictions'][0]['prediction']}; {len(rows)} rows: {right} right")
        numbers = [line for line in client.get("/metrics").text.splitlines() if line.startswith("http_requests_total")]
        step.say(f"{len(numbers)} kinds of requests are counted at /metrics")
        step.show(
            Text(f"Version {batch['version']}, asked over HTTP by a user who logged in for a token."),
            Facts(
                {
                    "answer to one row": single["predictions"][0]["prediction"],
                    "rows of the batch": len(rows),
                    "right": right,
                }
            ),
            Table(("counted at /metrics", "requests"), [_number(line) for line in numbers]),
        )
        step.facts[model] = {"version": batch["version"], "rows": len(rows), "right": right}


def shift(journey: Journey, client: httpx.Client, model: str) -> datetime:
    """Ask about rows as a changed instrument would measure them, and tell later what was true.

    Returns
    -------
    datetime
        When that began.
    """
    with journey.step("Change the world") as step:
        begun = datetime.now(UTC)
        splits = journey.workspace.splits(model)
        frame = pd.concat([splits.validation, splits.test], ignore_index=True)
        frame = frame.assign(**{column: frame[column] * FACTOR for column in SHIFTED})
        answers = client.post(f"/predict/{model}", json={"rows": _rows(frame, splits.card)}).raise_for_status().json()
        ids = [one["id"] for one in answers["predictions"]]
        truth = [str(value) for value in frame[splits.card.target]]
        labels = dict(zip(ids, truth, strict=True))
        told = client.post(f"/models/{model}/labels", json={"labels": labels}).raise_for_status().json()
        right = sum(str(one["prediction"]) == label for one, label in zip(answers["predictions"], truth, strict=True))
        step.say(
            f"{len(ids)} rows, {len(SHIFTED)} columns {FACTOR} times as great: {right} right; {told['labelled']} labels"
        )
        step.show(
            Text(f"{', '.join(SHIFTED)} are measured {FACTOR} times as great, as by an instrument that was set anew."),
            Facts({"rows": len(ids), "right": right, "labels that arrived later": told["labelled"]}),
        )
        step.facts[model] = {"rows": len(ids), "right": right, "labels": told["labelled"]}
    return begun


def watch(journey: Journey, model: str, begun: datetime) -> None:
    """Look for drift; where there is some, train on the new data and let the gate decide."""
    with journey.step("Detect drift, and train anew") as step:
        report = Monitor.open(changed(journey, model)).run(model, begun.isoformat(), retraining=True)
        _show_report(step, report)
        if not report.retraining:
            raise ProjectError(f"no drift of {model} was found", hint="the report says what was looked at")


def changed(journey: Journey, model: str) -> Config:
    """Give the configuration of the changed world: its source was exported anew, and its log is the demonstration's."""
    overrides = [
        *own_log(journey),
        f"data.datasets.{model}.source={_new_data(journey, model)}",
        "monitoring.retraining.cooldown_hours=0",
        "monitoring.retraining.learn=false",
    ]
    return load_config(journey.config.environment, overrides, root=journey.config.root)


def own_log(journey: Journey) -> list[str]:
    """Keep what is made up out of the project's data: `monitor retrain` learns from labels in the project's log."""
    address = f"sqlite:///{(journey.folder / 'predictions.db').relative_to(journey.config.root).as_posix()}"
    return [f"serving.log.url={address}", f"monitoring.log={address}", "serving.log.enabled=true"]


def _wait(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            if client.get("/ready").is_success:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.1)
    raise ProjectError("the service did not become ready", hint=f"{log} has what it wrote")


def _rows(frame: pd.DataFrame, card: DataCard) -> list[dict[str, Any]]:
    inputs = frame[card.of_role("feature", "time")]
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()} for row in inputs.to_dict("records")
    ]


def _number(line: str) -> tuple[str, int]:
    name, _, value = line.rpartition(" ")
    return name.removeprefix("http_requests_total"), int(float(value))


def _new_data(journey: Journey, model: str) -> str:
    """Write the raw data as exported now: rows that training has not seen come from the new instrument."""
    dataset = journey.config.group("data", DataConfig).datasets[model]
    key = dataset.key[0]
    splits = journey.workspace.splits(model)
    raw = pd.read_csv(journey.config.root / dataset.source)
    new = raw[key].isin({*splits.validation[key], *splits.test[key]})
    raw.loc[new, list(SHIFTED)] *= FACTOR
    path = journey.folder / "new_data.csv"
    raw.to_csv(path, index=False)
    return path.relative_to(journey.config.root).as_posix()


def _show_report(step: Step, report: MonitoringReport) -> None:
    drifted = [one for one in report.drift if one.drifted]
    step.say(f"{report.rows} rows looked at, {len(drifted)} columns drifted")
    rows = [(one.column, one.psi, str(one)) for one in sorted(drifted, key=lambda one: -(one.psi or 0))]
    step.show(Status("warning", f"{len(drifted)} columns drifted"))
    step.show(Table(("column", "PSI", "found"), rows[:_MOST_DRIFTED], "the most drifted columns"))
    step.facts["drifted"] = [one.column for one in drifted]
    if report.retraining:
        done = report.retraining
        step.say(f"retrained: {done.outcome}: {done.reason}")
        step.show(
            Status("good" if done.outcome == "promoted" else "info", f"retrained: {done.outcome}"), Text(done.reason)
        )
        step.facts["retraining"] = {"outcome": done.outcome, "reason": done.reason, "version": done.candidate}
