"""Features that are the same offline and online: defined once, computed by batches, streams and on request."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .chalk_integration import ChalkFeatureStore
    from .definitions import FeatureSet
    from .errors import FeatureError
    from .pipelines.historical_features import training_set
    from .streaming import StreamProcessor
    from .validators import FeatureValidator

__all__ = ["ChalkFeatureStore", "FeatureError", "FeatureSet", "FeatureValidator", "StreamProcessor", "training_set"]

_HOMES = {
    "ChalkFeatureStore": ".chalk_integration",
    "FeatureError": ".errors",
    "FeatureSet": ".definitions",
    "FeatureValidator": ".validators",
    "StreamProcessor": ".streaming",
    "training_set": ".pipelines.historical_features",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: the command line is quick that way."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
