"""What can be wrong with models."""

from __future__ import annotations

from ..errors import ProjectError


class ModelError(ProjectError):
    """A model that can't be trained, found, trusted or used."""


class InputError(ModelError):
    """Rows that are not what a model was trained on.

    Attributes
    ----------
    problems
        Each fault, with the column that has it.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        if len(problems) == 1:
            super().__init__(problems[0], hint="`models show` prints what the model takes")
        else:
            lines = "\n".join(f"  {problem}" for problem in problems)
            message = f"the rows have {len(problems)} faults\n{lines}"
            super().__init__(message, hint="`models show` prints what the model takes")
