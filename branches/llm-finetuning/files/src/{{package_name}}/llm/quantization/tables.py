"""What the terminal shows of methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ..console import size_text
from .selection import breaches

if TYPE_CHECKING:
    from .config import QuantizationConfig
    from .quantizing import Original, Trial


def print_trial(original: Original, trial: Trial) -> None:
    """Print what a method brought and cost."""
    out = Console(highlight=False, markup=False)
    table = Table("measure", "before", "after")
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("size (before as bfloat16)", size_text(trial.full_size), size_text(trial.size))
    table.add_row("right answers", f"{trial.before.accuracy:.1%}", f"{trial.after.accuracy:.1%}")
    table.add_row("eval loss", f"{trial.before.scores['eval_loss']:.3f}", f"{trial.after.scores['eval_loss']:.3f}")
    table.add_row("ms an answer", f"{trial.speed.before:.0f}", f"{trial.speed.after:.0f}")
    table.add_row("ms a token", f"{trial.speed.token_before:.1f}", f"{trial.speed.token_after:.1f}")
    out.print(f"{original.label} as {trial.method.name}: {trial.method.summary}", soft_wrap=True)
    out.print(table)
    out.print(f"{trial.saved_share:.0%} smaller than as bfloat16; lost {trial.loss}", soft_wrap=True)
    out.print(str(trial.speed), soft_wrap=True)


def print_choice(trials: Sequence[Trial], best: Trial | None, limits: QuantizationConfig) -> None:
    """Print the methods that work beside each other: what they cost, which is chosen, and why others are not."""
    table = Table("method", "size", "points lost", "ms an answer", "")
    for column in table.columns[1:-1]:
        column.justify = "right"
    for one in trials:
        told = "chosen" if one is best else "; ".join(breaches(one, limits)) or "within the limits"
        figures = (size_text(one.size), f"{one.loss.points:.1f}", f"{one.speed.after:.0f}")
        table.add_row(one.method.name, *figures, told)
    Console(highlight=False, markup=False).print(table)
