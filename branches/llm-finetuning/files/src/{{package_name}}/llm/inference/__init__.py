"""Asking models: one question after another, in batches, or many clients at once."""

from .asking import generate, prompt_messages

__all__ = ["generate", "prompt_messages"]
