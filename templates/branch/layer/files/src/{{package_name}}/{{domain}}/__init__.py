"""A model that is trained on examples."""

from .core import MODELS, Example, LinearModel, read_examples

__all__ = ["MODELS", "Example", "LinearModel", "read_examples"]
