"""The page of experiments: how each stands, and one in full."""

from __future__ import annotations

from ..reports import Link, Section, Table
from ..ui import Page, Visit, draw
from .config import LLMConfig
from .experiments.analysis import summarise
from .experiments.page import experiment_sections, overview
from .experiments.store import ExperimentStore


def load(visit: Visit) -> list[Section]:
    """Read all experiments, and the one that the address names, or the last."""
    settings = visit.config.group("llm", LLMConfig).experiments
    store = ExperimentStore(visit.config.root / settings.database)
    known = store.experiments()
    if not known:
        return draw.empty("No experiments yet", "llm ab-demo", "llm experiments start NAME")
    found = [summarise(store, one) for one in known]
    rows = [(Link(str(name), visit.address("/experiments", name=str(name))), *rest) for name, *rest in overview(found)]
    header = ("experiment", "state", "mode", "answers", "how it stands")
    wanted = visit.first("name")
    shown = next((one for one in found if one.name == wanted), found[0])
    return [Section("All experiments", [Table(header, rows)]), *experiment_sections(shown)]


PAGE = Page("/experiments", "Experiments", load, draw.sections, order=65)
"""The page, a plugin of the group `pages`."""
