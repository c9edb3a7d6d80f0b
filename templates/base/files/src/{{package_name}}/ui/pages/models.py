"""The page of registered models: which version serves, and which waits for its turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...errors import ProjectError
from ...reports import Facts, Link, Section, Status, Table
from .. import draw
from ..page import Page, Visit
from ..sources import history_of, tracking_of
from .decisions import link, outcome

if TYPE_CHECKING:
    from ...config import Config
    from ...models.promotion import Decision
    from ...tracking.store import Tracking, Version

_MOST = 20


def load(visit: Visit) -> list[Section]:
    """Read the models and their versions."""
    from ...models.registry import list_models

    tracking, watched = tracking_of(visit.config), _watched(visit.config)
    found = [_model(visit, tracking, name, watched) for name in list_models(tracking)]
    return found or draw.empty("No models yet", "data run", "models train")


def _watched(config: Config) -> list[str]:
    """Name the models that have a report; without the database of reports there is no link to them."""
    try:
        return history_of(config).models()
    except ProjectError:
        return []


def _model(visit: Visit, tracking: Tracking, name: str, watched: Sequence[str]) -> Section:
    from ...models.promotion import decisions
    from ...models.registry import CHALLENGER, CHAMPION, list_versions

    versions = list_versions(tracking, name)
    decided = {decision.candidate: decision for decision in decisions(tracking, name)}
    facts = {
        "champion": _holder(versions, CHAMPION) or Status("warning", "none: nothing is served"),
        "challenger": _holder(versions, CHALLENGER),
        "versions": len(versions),
        "runs": Link("its runs", visit.address("/runs", experiment=name)),
        "drift": Link("its report", visit.address("/drift", model=name)) if name in watched else None,
    }
    rows = [_row(visit, version, decided.get(version.number)) for version in versions[:_MOST]]
    header = ("version", "algorithm", "alias", "made", "run", "last decision")
    caption = f"The {_MOST} newest versions" if len(versions) > _MOST else "Versions, the newest first"
    return Section(name, [Facts(facts), Table(header, rows, caption)])


def _holder(versions: Sequence[Version], alias: str) -> str | None:
    found = next((version for version in versions if alias in version.aliases), None)
    return f"version {found.number}, {found.tags.get('algorithm', '')}".removesuffix(", ") if found else None


def _row(visit: Visit, version: Version, decision: Decision | None) -> tuple[object, ...]:
    run = Link(version.run_id[:8], visit.address("/compare", run=version.run_id)) if version.run_id else None
    last = link(visit, decision, outcome(decision).text) if decision else None
    algorithm, aliases = version.tags.get("algorithm"), ", ".join(version.aliases) or None
    return f"version {version.number}", algorithm, aliases, version.created, run, last


PAGE = Page("/models", "Models", load, draw.sections, order=10)
