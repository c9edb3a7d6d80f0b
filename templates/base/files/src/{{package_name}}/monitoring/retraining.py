"""Training a model anew, because what it learned holds no more.

one at a time, and not too often → labelled predictions → data run → models train → promotion gate
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ..config import Config
from ..data.labelled import ADDED
from ..errors import ProjectError
from ..logs import get_logger
from ..models.workspace import Workspace
from .access import keeps_predictions, open_log
from .config import MonitoringConfig, RetrainingConfig
from .errors import MonitoringError
from .history import History
from .learning import collect
from .report import Retraining

_log = get_logger(__name__)


def retrain(config: Config, model: str, history: History, rules: RetrainingConfig, now: datetime) -> Retraining:
    """Make the dataset of a model anew, train, and ask the gate about the best version.

    Parameters
    ----------
    history
        Has the time of the last retraining, and the lock.

    Returns
    -------
    Retraining
        What came of it. A retraining that fails is told of and raises nothing, so that the report is still written.
    """
    try:
        with history.retraining(model) as alone:
            if not alone:
                return Retraining(outcome="skipped", reason="another run retrains the model")
            with history.locked(model) as state:
                last, cooldown = state.retrained, timedelta(hours=rules.cooldown_hours)
                if last and now - last < cooldown:
                    reason = f"the last one began {last:%Y-%m-%d %H:%M} UTC, not {rules.cooldown_hours:g} hours ago"
                    return Retraining(outcome="skipped", reason=reason)
                history.keep(model, state.model_copy(update={"retrained": now}))
            return _retrain(config, model, rules)
    except ProjectError as error:
        _log.error("retraining failed", model=model, reason=error.message)
        return Retraining(outcome="failed", reason=error.message)


def _retrain(config: Config, model: str, rules: RetrainingConfig) -> Retraining:
    from ..data.config import DataConfig
    from ..data.pipeline import open_dataset, run
    from ..models.promotion import promote
    from ..models.workflow import train_models

    data = config.group("data", DataConfig)
    if model not in data.datasets:
        raise MonitoringError(f"conf/data.yaml does not tell where the dataset {model!r} comes from")
    dataset = data.datasets[model]
    if rules.learn and keeps_predictions(config):
        most = config.group("monitoring", MonitoringConfig).most_rows
        log = open_log(config)
        try:
            collect(log, model, dataset, config.root, most)
        finally:
            log.close()
    card = run(open_dataset(model, dataset, config.root), config.root / data.processed)
    workspace = Workspace.open(config)
    best = train_models(workspace, model, rules.algorithms, tags={"trigger": "monitoring"})[0].version
    decision = promote(workspace, model, str(best.number))
    _log.info("model retrained", model=model, version=best.number, promoted=decision.promoted, reason=decision.reason)
    return Retraining(
        outcome="promoted" if decision.promoted else "refused",
        reason=decision.reason,
        candidate=best.number,
        labelled=sum(step.changed for step in card.steps if step.name == ADDED),
    )
