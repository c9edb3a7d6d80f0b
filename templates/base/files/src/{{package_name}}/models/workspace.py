"""What the workflows of models share: the project's folder, its configuration, its datasets, its tracking."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config.settings import one_of
from ..data import DataError
from ..logs import get_logger
from ..plugins import PluginError
from ..tracking.client import open_tracking
from ..tracking.config import TrackingConfig, WandbConfig
from ..tracking.store import Tracking
from .config import ModelsConfig, TaskConfig
from .evaluation import Measuring
from .metrics import Metric, find_metrics
from .registry import check_name

if TYPE_CHECKING:
    from ..config import Config
    from ..data import FeatureConfig, Splits
    from ..data.card import Task

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where models are made.

    Attributes
    ----------
    processed
        The folder of all datasets.
    values
        The whole configuration as it is recorded with a run, secrets masked.
    """

    root: Path
    processed: Path
    features: FeatureConfig
    models: ModelsConfig
    tracking: Tracking
    wandb: WandbConfig
    values: dict[str, Any]

    @classmethod
    def open(cls, config: Config) -> Workspace:
        """Open the store of runs, and read what configuration there is.

        Raises
        ------
        TrackingError
            If the store can't be reached.
        """
        from ..data.config import DataConfig

        data = config.group("data", DataConfig)
        store = config.group("tracking", TrackingConfig)
        tracking = open_tracking(store, config.root)
        values = {value.key: value.value for value in config.values()}
        models = config.group("models", ModelsConfig)
        return cls(config.root, config.root / data.processed, data.features, models, tracking, store.wandb, values)

    def datasets(self) -> list[str]:
        """Name the datasets that there are.

        Raises
        ------
        DataError
            If there is none.
        """
        found = sorted(path.parent.name for path in self.processed.glob("*/card.json"))
        if not found:
            raise DataError(f"there is no dataset in {self.processed}", hint="make one with `data run`")
        return found

    def splits(self, dataset: str) -> Splits:
        """Read a dataset that `data run` has made.

        Raises
        ------
        ModelError
            If the name can't be one of a dataset.
        DataError
            If there is no such dataset.
        """
        from ..data import load_splits

        check_name(dataset)
        folder = self.processed / dataset
        if not folder.is_dir():
            hint = f"make it with `data run`; {one_of(dataset, self.datasets())}"
            raise DataError(f"there is no dataset {dataset!r} in {self.processed}", hint=hint)
        return load_splits(folder)

    def task(self, task: Task) -> TaskConfig:
        """Get what is configured for a task."""
        return self.models.classification if task == "classification" else self.models.regression

    def metrics(self, task: Task) -> dict[str, Metric]:
        """Load the metrics of a task, the deciding one first, and those that thresholds need.

        One whose plugin is broken is reported and skipped, unless a decision hangs on it.
        """
        config = self.task(task)
        found: dict[str, Metric] = {}
        for name in dict.fromkeys([*config.metrics, *config.thresholds]):
            try:
                found |= find_metrics([name], task)
            except PluginError as error:
                if name == config.metrics[0] or name in config.thresholds:
                    raise
                _log.warning("metric skipped", metric=name, reason=error.message)
        return found

    def measuring(self, task: Task) -> Measuring:
        """Say how models of a task are measured."""
        return Measuring(self.metrics(task), self.models.bootstrap, self.models.explain, self.models.seed)

    def config_text(self) -> str:
        """Write the configuration as JSON."""
        return json.dumps(self.values, indent=2, ensure_ascii=False, sort_keys=True)
