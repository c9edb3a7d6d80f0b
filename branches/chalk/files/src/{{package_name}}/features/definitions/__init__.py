"""What features are: entities, sources, and how a value follows from the rows that are known at a time."""

from .entities import Column, Entity, Kind, Source
from .expressions import Expression, absolute, coalesce, floor, is_null, logarithm, now, ref, request, when
from .features import Aggregate, Check, Feature, Latest, OnDemand, Session, Window
from .registry import Definitions, find_definitions
from .sets import FeatureSet

__all__ = [
    "Aggregate",
    "Check",
    "Column",
    "Definitions",
    "Entity",
    "Expression",
    "Feature",
    "FeatureSet",
    "Kind",
    "Latest",
    "OnDemand",
    "Session",
    "Source",
    "Window",
    "absolute",
    "coalesce",
    "find_definitions",
    "floor",
    "is_null",
    "logarithm",
    "now",
    "ref",
    "request",
    "when",
]
