"""The workflow of `monitor run`.

champion and its reference → its predictions in the window → drift, quality, performance → alarms → retraining → alerts
→ report
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ..config import Config
from ..data.config import DataConfig
from ..errors import ProjectError
from ..logs import get_logger
from ..models.registry import CHAMPION, Version, find_version, list_models, list_versions
from ..models.workspace import Workspace
from .access import open_log
from .alerts import make_alert
from .alerts.delivery import deliver
from .config import MonitoringConfig
from .drift import ColumnDrift, measure_drift
from .errors import MonitoringError
from .history import History
from .page import COURSE, write_page
from .performance import VersionPerformance, measure_performance
from .predictions import PredictionLog
from .quality import Issue, find_issues
from .reference import REFERENCE, Reference
from .report import HTML, JSON, Alarm, Kind, MonitoringReport, folder_of, replace
from .retraining import retrain
from .window import start_of

if TYPE_CHECKING:
    import pandas as pd

    from ..tracking.client import Tracking

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Monitor:
    """What watching a model takes."""

    config: Config
    settings: MonitoringConfig
    workspace: Workspace
    log: PredictionLog
    history: History

    @classmethod
    def open(cls, config: Config) -> Monitor:
        """Connect to the registry and the prediction log.

        Raises
        ------
        ProjectError
            If one of them can't be used.
        """
        settings = config.group("monitoring", MonitoringConfig)
        log = open_log(config)
        return cls(config, settings, Workspace.open(config), log, History.open(log.database, config.root))

    def models(self) -> list[str]:
        """Name the models that have a champion.

        Raises
        ------
        MonitoringError
            If there is none.
        """
        tracking = self.workspace.tracking
        champions = [
            model
            for model in list_models(tracking)
            if any(CHAMPION in version.aliases for version in list_versions(tracking, model))
        ]
        if not champions:
            raise MonitoringError("no model has a champion", hint="`models train` and `models promote` make one")
        return champions

    def run(self, model: str, since: str | None = None, *, retraining: bool = False) -> MonitoringReport:
        """Watch a model: look, retrain if that is wanted and needed, tell people, and write the report.

        Parameters
        ----------
        since
            Start of the window; that of the configuration if None.
        retraining
            Whether drift starts a retraining, whatever the configuration says.
        """
        now = datetime.now(UTC)
        folder = folder_of(self.config.root, model)
        report = self.look(model, since or self.settings.since, now)
        rules = self.settings.retraining
        if report.drifted and (retraining or rules.when == "on_drift"):
            done = retrain(self.config, model, self.history, rules, now)
            report = report.model_copy(update={"retraining": done})
        if report.alarms:
            report = self._tell(report, folder)
        self.history.add(report, self.settings.keep_reports)
        replace(folder / JSON, report.model_dump_json(indent=2))
        write_page(report, self.history.numbers(model, COURSE), folder / HTML)
        return report

    def look(self, model: str, since: str, now: datetime) -> MonitoringReport:
        """Compare the champion's predictions of a window with its training. Changes nothing."""
        version = find_version(self.workspace.tracking, model, CHAMPION)
        reference = load_reference(self.workspace.tracking, version)
        try:
            start = start_of(since, now, version.created)
        except ValueError as error:
            raise MonitoringError(f"--since: {error}") from error
        logged = self.log.read(model, since=start, until=now, limit=self.settings.most_rows)
        frame = logged[logged["version"] == version.number]
        drift: list[ColumnDrift] = []
        issues: list[Issue] = []
        if len(frame):
            drift = measure_drift(reference, frame, self.settings.drift)
            dataset = self.config.group("data", DataConfig).datasets.get(model)
            schema = dataset.columns if dataset else {}
            issues = find_issues(reference, frame, schema, self.settings.quality, now)
        performance = list(self._performance(version, reference, logged, now))
        alarms = list(_alarms(drift, issues, performance, version))
        compared = any(one.psi is not None for one in drift)
        return MonitoringReport(
            model=model,
            version=version.number,
            created=now,
            since=start,
            until=now,
            rows=len(frame),
            other_versions=_count_others(logged, version),
            reference_rows=reference.rows,
            status="alarm" if alarms else "ok" if compared else "too few rows",
            drift=drift,
            issues=issues,
            performance=performance,
            alarms=alarms,
        )

    def _performance(
        self, champion: Version, reference: Reference, logged: pd.DataFrame, now: datetime
    ) -> Iterator[VersionPerformance]:
        measuring = self.workspace.measuring(reference.task)
        for number in sorted(logged["version"].unique().tolist(), reverse=True):
            rows = logged[logged["version"] == number]
            if number == champion.number:
                yield measure_performance(rows, reference, measuring, self.settings.performance, now)
                continue
            try:
                other = find_version(self.workspace.tracking, champion.model, str(number))
                known = load_reference(self.workspace.tracking, other)
            except ProjectError as error:
                _log.warning("a version was not measured", model=champion.model, version=number, reason=error.message)
            else:
                yield measure_performance(rows, known, measuring, self.settings.performance, now)

    def _tell(self, report: MonitoringReport, folder: Path) -> MonitoringReport:
        alerts = self.settings.alerts
        place = (folder / HTML).relative_to(self.config.root).as_posix()
        alert, cooldown = make_alert(report, place), timedelta(hours=alerts.cooldown_hours)
        with self.history.locked(report.model) as state:  # two runs at once must not both send
            deliveries, known = deliver(alert, alerts.channels, self.config, state, cooldown)
            self.history.keep(report.model, known)
        return report.model_copy(update={"deliveries": deliveries})


def load_reference(tracking: Tracking, version: Version) -> Reference:
    """Read what a version was trained on.

    Raises
    ------
    TrackingError
        If it was registered without.
    MonitoringError
        If it is damaged.
    """
    with tracking.files(version.run_id, REFERENCE) as path:
        try:
            return Reference.model_validate_json(path.read_bytes())
        except ValidationError as error:
            message = f"the {REFERENCE} of {version} is damaged, or of another version of this project"
            raise MonitoringError(message, hint="train it again") from error


def _alarms(
    drift: list[ColumnDrift], issues: list[Issue], performance: list[VersionPerformance], champion: Version
) -> Iterator[Alarm]:
    for column in drift:
        if column.drifted:
            kind: Kind = "drift" if column.kind == "input" else "prediction drift"
            yield Alarm(kind=kind, subject=column.column, text=str(column))
    for issue in issues:
        if issue.serious:
            yield Alarm(kind="data quality", subject=f"{issue.column} {issue.problem}".strip(), text=str(issue))
    for one in performance:
        if one.version == champion.number and one.worse:
            score = one.scores[0]
            text = f"{score.metric} is {score.current}, and was {score.training} at training"
            yield Alarm(kind="performance", subject=score.metric, text=text)


def _count_others(logged: pd.DataFrame, champion: Version) -> dict[int, int]:
    counts = logged["version"].value_counts().to_dict()
    return {int(number): int(count) for number, count in sorted(counts.items()) if number != champion.number}
