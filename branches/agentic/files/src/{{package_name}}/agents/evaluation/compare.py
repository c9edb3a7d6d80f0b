"""Holds what was measured against what was measured before, and against what a suite requires."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from ..jsonable import canonical
from ..tasks import Record, Usage
from .estimators import chance_of_drop, holm
from .reports import CaseReport, Report


class Change(Record):
    """How a case fared before and after.

    Attributes
    ----------
    chance
        Probability of such a drop, or a larger one, if nothing had changed.
    alike
        How alike the calls are, from 0 to 1: the mean over all pairs of an attempt before and one after.
    """

    case: str
    before: float
    after: float
    chance: float
    alike: float
    used_before: Usage
    used_after: Usage

    @property
    def fell(self) -> bool:
        """Whether fewer attempts passed than before."""
        return self.after < self.before


class Comparison(Record):
    """Two reports of one suite, side by side.

    Attributes
    ----------
    chance
        Probability of such a drop over all cases, or a larger one, if nothing had changed.
    changed, gone, added
        Cases that can't be compared: what they ask was changed, or one report has them not.
    """

    changes: tuple[Change, ...]
    chance: float
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def compare(before: Report, after: Report) -> Comparison:
    """Compare two reports, case by case."""
    old, new = ({case.name: case for case in report.cases} for report in (before, after))
    both = [(old[name], new[name]) for name in old if name in new]
    same = [(one, other) for one, other in both if one.digest == other.digest]
    return Comparison(
        changes=tuple(_change(one, other) for one, other in same),
        chance=chance_of_drop((one.counts, other.counts) for one, other in same),
        changed=tuple(one.name for one, other in both if one.digest != other.digest),
        gone=tuple(name for name in old if name not in new),
        added=tuple(name for name in new if name not in old),
    )


def _change(before: CaseReport, after: CaseReport) -> Change:
    return Change(
        case=before.name,
        before=before.counts.passed / before.counts.attempts,
        after=after.counts.passed / after.counts.attempts,
        chance=chance_of_drop([(before.counts, after.counts)]),
        alike=_alike(before, after),
        used_before=_mean(before),
        used_after=_mean(after),
    )


def _mean(case: CaseReport) -> Usage:
    count, used = case.counts.attempts, case.usage
    return Usage(
        steps=round(used.steps / count),
        input_tokens=round(used.input_tokens / count),
        output_tokens=round(used.output_tokens / count),
        seconds=used.seconds / count,
        cost=used.cost / count,
    )


def _alike(before: CaseReport, after: CaseReport) -> float:
    """Compare trajectories: 1 where all calls are the same in the same order, 0 where none is."""
    firsts, seconds = (
        [[canonical(call.model_dump(mode="json")) for call in one.calls] for one in case.attempts]
        for case in (before, after)
    )
    pairs = [SequenceMatcher(None, one, other, autojunk=False).ratio() for one in firsts for other in seconds]
    return sum(pairs) / len(pairs)


def unmet(report: Report) -> list[str]:
    """Say what a suite requires that was not reached."""
    faults = []
    for words, least, estimates in (
        ("pass@{}", report.require.pass_at, report.pass_at),
        ("pass^{}", report.require.pass_all, report.pass_all),
    ):
        for k, wanted in sorted(least.items()):
            found = estimates(k)
            if found.value < wanted:
                faults.append(f"{words.format(k)} is {found.value:.1%}, and {wanted:.1%} is required")
    return faults


def regressions(compared: Comparison, significance: float, *, strict: bool = False) -> list[str]:
    """Say what got worse by more than chance explains.

    Parameters
    ----------
    significance
        Probability of calling chance a regression: once for all cases together, once for each of them alone (Holm).
    strict
        Whether any drop is one: right for a model without chance, such as the scripted one.
    """
    faults = [f"the case {name} is in the baseline, and was not measured" for name in compared.gone]
    rejected = holm([one.chance for one in compared.changes], significance)
    for one, worse in zip(compared.changes, rejected, strict=True):
        if one.fell and (worse or strict):
            faults.append(f"{one.case} fell from {one.before:.0%} to {one.after:.0%}{_told(one.chance)}")
    if compared.chance <= significance and _fell(compared.changes):
        faults.append(f"all cases together fell{_told(compared.chance)}")
    return faults


def _fell(changes: Sequence[Change]) -> bool:
    return sum(one.after for one in changes) < sum(one.before for one in changes)


def _told(chance: float) -> str:
    return f" (chance alone does so with a probability of {chance:.2g})"
