"""The configuration group `models`: `conf/models.yaml`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ..config import ConfigModel


class TaskConfig(ConfigModel):
    """What holds for one kind of task."""

    algorithms: list[str] = Field(min_length=1, description="What `models train` trains when no algorithm is named")
    metrics: list[str] = Field(min_length=1, description="What is measured; the first decides which model is best")
    thresholds: dict[str, float] = Field(default={}, description="What a model must reach to be promoted, by metric")


class BootstrapConfig(ConfigModel):
    """How sure a number is."""

    samples: int = Field(default=500, ge=100, description="How often rows are drawn anew")
    level: float = Field(default=0.95, gt=0.5, lt=1, description="Share of the draws inside an interval")


class PromotionConfig(ConfigModel):
    """When a candidate replaces the champion."""

    significance: float = Field(default=0.05, gt=0, lt=1, description="Greatest p-value of the comparison")
    least_gain: float = Field(default=0.0, ge=0, description="How much better it must be, in units of the metric")


class TuningConfig(ConfigModel):
    """How parameters are searched for."""

    trials: int = Field(default=30, ge=1, description="Trials in all, those of earlier searches included")
    timeout: float | None = Field(default=None, gt=0, description="Seconds after which no new trial starts")
    startup: int = Field(default=5, ge=0, description="Trials before bad ones are cut short")
    at_once: int = Field(default=1, ge=1, description="Trials that are computed at the same time")
    storage: str | None = Field(
        default=None, description="Database of searches, to go on later; studies.db beside the runs by default"
    )


class ExplainConfig(ConfigModel):
    """What is told about a model beside its score."""

    repeats: int = Field(default=5, ge=1, description="How often each column is shuffled for its importance")
    slices: list[str] = Field(default=[], description="Columns to measure by; those of few categories are added")
    most_categories: int = Field(default=10, ge=1, description="Most values of a column that is added")
    least_rows: int = Field(default=20, ge=1, description="Fewest rows of a slice that is measured")


class ModelsConfig(ConfigModel):
    """How models are trained, judged and chosen."""

    classification: TaskConfig = TaskConfig(
        algorithms=["baseline", "logistic"], metrics=["roc_auc", "log_loss", "accuracy"]
    )
    regression: TaskConfig = TaskConfig(algorithms=["baseline", "ridge"], metrics=["rmse", "mae", "r2"])
    parameters: dict[str, dict[str, Any]] = Field(default={}, description="Parameters by algorithm")
    calibration: Literal["none", "sigmoid", "isotonic"] = Field(
        default="none", description="How probabilities are corrected, by cross-validation on the training split"
    )
    folds: int = Field(default=5, ge=2, description="Parts of the training split in cross-validation")
    seed: int = Field(default=0, ge=0, lt=2**32, description="Seed of everything random")
    jobs: int = Field(default=1, ge=-1, description="Folds or trials computed at once here; -1 for all cores")
    backend: Literal["local", "dask", "ray"] = Field(
        default="local", description="Where folds and trials are computed: on this machine, or on a cluster"
    )
    backend_address: str | None = Field(
        default=None, description="The scheduler of the cluster, such as tcp://scheduler:8786; else one is started here"
    )
    trusted: list[str] = Field(
        default=[], description="Types of transformers of plugins that a model's file may hold, such as package.Class"
    )
    bootstrap: BootstrapConfig = BootstrapConfig()
    promotion: PromotionConfig = PromotionConfig()
    tuning: TuningConfig = TuningConfig()
    explain: ExplainConfig = ExplainConfig()
