"""The page that shows what each method brought and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...reports.blocks import Block, Figure, Section, Status, Table, Text
from ...reports.charts import Bar, bars, intervals
from ...reports.report import Report
from .plot import selection_svg
from .selection import MB, breaches

if TYPE_CHECKING:
    from ..data.examples import Row
    from .analysis import Analysis
    from .config import QuantizationConfig
    from .quantizing import Trial

PAGE = Path("reports/llm-quantization/index.html")
_EXAMPLES = 20
_FURTHEST = 10


def quantization_page(
    label: str,
    trials: Sequence[Trial],
    chosen: Trial | None,
    limits: QuantizationConfig,
    details: Sequence[Section] = (),
) -> Report:
    """Make the page of all methods that were tried on a checkpoint."""
    if not trials:
        return Report(f"{label}, quantised", f"{label}: no method works.", list(details))
    summary = f"{label}: no method keeps within the limits."
    if chosen:
        small = f"{label} as {chosen.method.name} is {chosen.saved_share:.0%} smaller than as bfloat16"
        summary = f"{small}, and loses {chosen.loss}; {chosen.speed}."
    return Report(f"{label}, quantised", summary, [_methods(trials, limits), _plots(trials, chosen, limits), *details])


def _methods(trials: Sequence[Trial], limits: QuantizationConfig) -> Section:
    columns = ("method", "MB", "smaller", "right", "points lost", "interval", "ms an answer", "times before", "limits")
    rows = []
    for one in trials:
        faults = breaches(one, limits)
        kept = Status("critical", "; ".join(faults)) if faults else Status("good", "kept")
        if one.loss.more and not faults:
            kept = Status("warning", f"undecided: about {one.loss.more} more questions would tell")
        interval = f"{one.loss.low:.1f} to {one.loss.high:.1f}"
        figures = (round(one.size / MB, 2), f"{one.saved_share:.0%}", f"{one.after.accuracy:.1%}")
        times = (round(one.speed.after, 1), round(one.speed.ratio, 2))
        rows.append((one.method.name, *figures, round(one.loss.points, 2), interval, *times, kept))
    asked = f"{trials[0].loss.rows} questions, {trials[0].before.accuracy:.1%} of them right before"
    if len(trials) > 1:
        asked += "; the choice was made on the same questions, which flatters the method that was chosen"
    return Section("Methods", [Table(columns, rows, f"{asked}; sizes against bfloat16")])


def fault_sections(faults: Mapping[str, str]) -> list[Section]:
    """Show which methods failed, and why."""
    return [Section("Methods that failed", [Table(("method", "reason"), list(faults.items()), "")])] if faults else []


def _plots(trials: Sequence[Trial], chosen: Trial | None, limits: QuantizationConfig) -> Section:
    sizes = [Bar("bfloat16", trials[0].full_size / MB), *(Bar(one.method.name, one.size / MB) for one in trials)]
    times = [Bar(one.method.name, one.speed.ratio) for one in trials]
    lost = [Bar(one.method.name, one.loss.points, one.loss.low, one.loss.high) for one in trials]
    return Section(
        "Size, time, quality",
        [
            Figure(
                selection_svg(trials, chosen, limits),
                "Points lost over size and over time; all of an interval must lie below the dashed line",
                "a point for each method, with lines for the limits",
            ),
            Figure(bars(sizes), "Megabytes of weights", "a bar for each method"),
            Figure(bars(times), "Time of a token as a multiple of before", "a bar for each method"),
            Figure(intervals(lost), "Points lost, with intervals", "a point for each method"),
        ],
    )


def detail_sections(trial: Trial, analysis: Analysis, rows: Sequence[Row]) -> list[Section]:
    """Show where one method errs: by layer, and by example."""
    layers = [
        (one.name, None if one.weights is None else round(one.weights, 4), round(one.outputs, 4))
        for one in analysis.layers
    ]
    both = zip(rows, trial.before.right, trial.after.right, trial.before.answers, trial.after.answers, strict=True)
    worse = [(row.question, row.answer, old, new) for row, was, now, old, new in both if was > now]
    count = f"Answers that are worse than before: {len(worse)} of {len(rows)}"
    told = f"The next token's distribution is off by {analysis.divergence:.2g} nats (Kullback-Leibler) a token."
    blocks: list[Block] = [Text(f"{count}.")]
    if worse:
        caption = f"The first {_EXAMPLES} at most"
        blocks.append(Table(("question", "expected", "before", "after"), worse[:_EXAMPLES], caption))
    if trial.method.pruned:
        compared: Block = Text("Layers were left out, so those that are left have none to be compared with.")
    else:
        caption = "Errors of weights, and of what layers give on rows kept from training, as a share of the norm"
        compared = Table(("layer", "weights", "outputs"), layers, caption)
    furthest = [(row.question, row.answer, round(nats, 4)) for row, nats in analysis.worst(_FURTHEST)]
    off = Table(("question", "expected", "nats a token"), furthest, f"The {len(furthest)} that are furthest off")
    return [
        Section(f"Examples, {trial.method.name}", blocks),
        Section(f"Distribution of the next token, {trial.method.name}", [Text(told), off]),
        Section(f"Layers, {trial.method.name}", [compared]),
    ]
