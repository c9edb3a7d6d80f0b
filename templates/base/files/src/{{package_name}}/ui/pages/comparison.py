"""The page that sets runs side by side; of a single run it shows everything."""

from __future__ import annotations

from ...reports import Section, Text
from .. import draw
from ..page import Page, Visit
from ..sources import tracking_of

_MOST = 12


def load(visit: Visit) -> list[Section]:
    """Read the runs that the address names."""
    from ...tracking.pages import sections_of
    from ...tracking.runs import find_run

    tracking = tracking_of(visit.config)
    references = list(dict.fromkeys(visit.query.get("run", ())))[:_MOST]
    runs = [find_run(tracking, reference) for reference in references]
    if not runs:
        return [Section("No run is chosen", [Text("Choose some on the page of runs.")])]
    return sections_of(tracking, runs)


PAGE = Page("/compare", "Comparison of runs", load, draw.sections)
