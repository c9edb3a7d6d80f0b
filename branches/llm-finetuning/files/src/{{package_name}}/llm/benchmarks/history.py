"""The last run on the same machine with the same settings, and whether this one is slower."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from .records import Ratio, Report, Subject, unpaired_ratio

_FOLDER = "history"
_Read = Callable[[Subject], tuple[tuple[float, ...], ...]]
_MEASURES: dict[str, _Read] = {
    "first token": lambda one: one.first_ms,
    "each token": lambda one: one.token_ms,
    "whole answer": lambda one: one.whole_ms,
}


def history_file(report: Report, folder: Path) -> Path:
    """Say where the last run that can be compared is."""
    known = json.dumps([report.machine, report.settings], sort_keys=True)
    return folder / _FOLDER / f"{hashlib.sha256(known.encode()).hexdigest()[:16]}.json"


def read_last(report: Report, folder: Path) -> Report | None:
    """Read the last run that can be compared; one that can't be read is none."""
    try:
        return Report.model_validate_json(history_file(report, folder).read_bytes())
    except (OSError, ValidationError):
        return None


def keep(report: Report, folder: Path) -> None:
    """Keep a run for the next one."""
    path = history_file(report, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.model_dump_json() + "\n", encoding="utf-8")


def against_last(report: Report, last: Report, level: float, noise: float) -> Report:
    """Compare a run with the last one, and name what has become slower by more than noise.

    Times are taken as multiples of the machine's pace in the same round, so that a machine that is busy with something
    else is no regression; those of addresses are taken as they are. Many times are compared: their intervals are wider,
    so that all hold together (Bonferroni).
    """
    compared = len(report.subjects) * (len(_MEASURES) + 1)
    wider = 1 - (1 - level) / compared
    before = {(one.key, one.backend): one for one in last.subjects}
    slower: dict[str, dict[str, Ratio]] = {}
    regressions = []
    for one in report.subjects:
        old = before.get((one.key, one.backend))
        if old is None:
            continue
        slower[one.label] = _ratios((one, _paces(one, report)), (old, _paces(old, last)), wider)
        for name, ratio in slower[one.label].items():
            if ratio.low > 1 + noise:
                regressions.append(f"{one.label}: {name} takes {ratio} as long as in the last run, {last.created}")
        if one.size_mb and old.size_mb and one.size_mb > old.size_mb * (1 + noise):
            regressions.append(f"{one.label}: weights take {one.size_mb:.1f} MB, {old.size_mb:.1f} MB in the last run")
    found = {"since": last.created, "slower": slower, "regressions": tuple(regressions)}
    return report.model_copy(update=found)


def _paces(one: Subject, report: Report) -> tuple[float, ...]:
    """Give the pace of the machine that a model runs on: behind an address, that is not known."""
    return report.pace if one.size_mb is not None else (1.0,) * len(report.pace)


def _ratios(
    new: tuple[Subject, tuple[float, ...]], old: tuple[Subject, tuple[float, ...]], level: float
) -> dict[str, Ratio]:
    found = {}
    for name, read in _MEASURES.items():
        times = [_paced(read(subject), paces) for subject, paces in (new, old)]
        ratio = unpaired_ratio(times[0], times[1], level)
        if ratio is not None:
            found[name] = ratio
    tokens = [
        [1 / (speed * pace) for speed, pace in zip(subject.tokens_per_second, paces, strict=True) if speed > 0]
        for subject, paces in (new, old)
    ]
    throughput = unpaired_ratio(tokens[0], tokens[1], level)
    return found if throughput is None else {**found, "a token of all clients": throughput}


def _paced(rounds: tuple[tuple[float, ...], ...], paces: tuple[float, ...]) -> list[float]:
    return [float(np.median(values)) / pace for values, pace in zip(rounds, paces, strict=True) if values]
