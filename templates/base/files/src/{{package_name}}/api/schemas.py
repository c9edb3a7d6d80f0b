"""What clients send and get, as `/docs` shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

Value = str | int | float | bool
Row = dict[str, Any]

_ROW: JsonDict = {"mean_radius": 14.1, "mean_texture": 19.3}


class PredictRequest(BaseModel):
    """One row, or many."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "oneOf": [{"required": ["row"]}, {"required": ["rows"]}],
            "examples": [{"row": _ROW}, {"rows": [_ROW], "key": "customer 7"}],
        },
    )

    row: Row = Field(default_factory=dict, description="One row: a value for each column that the model takes")
    rows: list[Row] = Field(default_factory=list, description="Many rows, which one model answers in their order")
    key: str = Field(
        default="", max_length=200, description="Who it is about: one key is always answered by the same model"
    )

    @model_validator(mode="after")
    def _has_one_form(self) -> Self:
        if ("row" in self.model_fields_set) == ("rows" in self.model_fields_set):
            raise ValueError("give either row or rows")
        return self

    def all_rows(self) -> list[Row]:
        """Give the rows, whatever form they came in."""
        return [self.row] if "row" in self.model_fields_set else self.rows


class Predicted(BaseModel):
    """The answer to one row."""

    id: str = Field(description="What a label that is known later refers to")
    prediction: Value
    probabilities: dict[str, float] | None = Field(description="By class; null for regression")


class PredictResponse(BaseModel):
    """The answers, in the order of the rows, and which version gave them."""

    model: str
    version: int
    role: Literal["champion", "challenger"]
    predictions: list[Predicted]


class LabelsRequest(BaseModel):
    """What turned out to be true."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"labels": {"3f2a6c1e9b5d4870a1c2e3f405162738-0": "benign"}}]}
    )

    labels: dict[str, Value] = Field(
        min_length=1, max_length=10_000, description="By the id of the prediction; a label that is there is replaced"
    )


class LabelsResponse(BaseModel):
    """What became of the labels."""

    labelled: int
    unknown: int = Field(description="Labels whose prediction is not known, or not written yet")


class Column(BaseModel):
    """A column that a model takes."""

    name: str
    type: Literal["integer", "float", "boolean", "category", "text", "date", "datetime"]


class Signature(BaseModel):
    """What a model takes and gives."""

    inputs: list[Column]
    target: str
    task: Literal["classification", "regression"]
    classes: list[Value]


class InUse(BaseModel):
    """A version that answers requests, and how it fares in this process."""

    version: int
    algorithm: str
    compiled: bool = Field(description="Whether it runs as arrays, which is many times as fast as a frame")
    metrics: dict[str, float] = Field(description="Of the run that made it")
    requests: int
    rows: int
    failures: int


class Traffic(BaseModel):
    """What the challenger gets to do."""

    mode: Literal["off", "canary", "shadow"]
    share: float


class Registered(BaseModel):
    """A version in the registry."""

    version: int
    aliases: list[str]
    algorithm: str
    created: datetime
    decision: str = Field(description="Why it was promoted, refused or withdrawn; empty if nothing was decided yet")


class ModelSummary(BaseModel):
    """A model in short."""

    name: str
    champion: InUse | None
    challenger: InUse | None
    traffic: Traffic
    problems: list[str] = Field(description="Why a version that should answer does not")


class ModelsResponse(BaseModel):
    """All models."""

    models: list[ModelSummary]


class ModelResponse(ModelSummary):
    """All about one model."""

    signature: Signature | None = Field(description="Of the champion")
    versions: list[Registered] = Field(description="The newest first")
