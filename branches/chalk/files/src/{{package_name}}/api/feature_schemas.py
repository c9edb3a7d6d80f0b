"""What clients of features send and get, as `/docs` shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from .schemas import Predicted

EntityId = str | Annotated[int, Field(strict=True)]  # true is no 1
Inputs = dict[str, Any]

_ENTITIES: JsonDict = {"feature_set": "customer", "entity_ids": ["c7", "c8"]}


class BatchFeatureRequest(BaseModel):
    """Features of many entities."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_ENTITIES]})

    feature_set: str = Field(max_length=63, description="Name of a feature set")
    entity_ids: list[EntityId] = Field(min_length=1, description="Keys of entities; the answer has their order")
    features: list[str] = Field(default_factory=list, description="Names of features; none: all of the set")
    inputs: Inputs | list[Inputs] = Field(
        default_factory=dict, description="What features on demand need: for all entities, or for each"
    )

    @model_validator(mode="after")
    def _has_inputs_for_each(self) -> Self:
        if isinstance(self.inputs, list) and len(self.inputs) != len(self.entity_ids):
            raise ValueError("inputs has another length than entity_ids")
        return self


class PredictFromFeaturesRequest(BaseModel):
    """Entities that a model is asked about: it gets their features as they are now."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_ENTITIES]})

    feature_set: str = Field(max_length=63, description="Name of a feature set")
    entity_ids: list[EntityId] = Field(min_length=1, description="Keys of entities; the answer has their order")
    inputs: Inputs | list[Inputs] = Field(
        default_factory=dict, description="What features on demand need: for all entities, or for each"
    )
    model: str = Field(default="", max_length=200, description="Name of a model; none: that of the configuration")

    _has_inputs_for_each = BatchFeatureRequest._has_inputs_for_each


class ValidateFeaturesRequest(BaseModel):
    """Rows that are held against a definition."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "oneOf": [{"required": ["source"]}, {"required": ["feature_set"]}],
            "examples": [{"source": "purchases", "rows": [{"customer_id": "c7", "amount": 12.5}]}],
        },
    )

    source: str = Field(default="", max_length=63, description="Source that the rows are to be of")
    feature_set: str = Field(default="", max_length=63, description="Feature set that the rows are to be of")
    rows: list[dict[str, Any]] = Field(min_length=1, max_length=10_000)

    @model_validator(mode="after")
    def _is_of_one(self) -> Self:
        if bool(self.source) == bool(self.feature_set):
            raise ValueError("give either source or feature_set")
        return self


class FeatureAnswer(BaseModel):
    """A value, and how it came to be."""

    value: Any
    status: str = Field(description="PRESENT, NULL, EXPIRED, MISSING or UNAVAILABLE")
    default: bool = Field(description="Whether a default stands in")
    time: datetime | None = Field(description="Event time of the newest row that it is made of")
    age_seconds: float | None = Field(description="How long before the question that was")
    version: str = Field(description="Changes if the meaning of the feature does")


class EntityFeatures(BaseModel):
    """The features of an entity."""

    feature_set: str
    entity_id: EntityId
    time: datetime = Field(description="Of the question")
    features: dict[str, FeatureAnswer]


class BatchFeatureResponse(BaseModel):
    """The features of entities, in their order."""

    feature_set: str
    time: datetime = Field(description="Of the question")
    entities: list[dict[str, Any]] = Field(description="For each entity its `entity_id` and its `features`")


class PredictedFromFeatures(Predicted):
    """The answer about one entity."""

    entity_id: EntityId
    features: dict[str, FeatureAnswer]


class PredictFromFeaturesResponse(BaseModel):
    """The answers, in the order of the entities, which version gave them, and of what."""

    model: str
    version: int
    role: str
    feature_set: str
    time: datetime = Field(description="Of the question")
    predictions: list[PredictedFromFeatures]


class FaultyRow(BaseModel):
    """A row that is not what its definition says."""

    row: int = Field(description="Its number, from 0")
    reasons: list[str]


class ValidateFeaturesResponse(BaseModel):
    """Which rows are right."""

    valid: int
    invalid: list[FaultyRow]
