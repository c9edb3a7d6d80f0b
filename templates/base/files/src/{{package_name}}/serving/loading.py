"""What is served: the champion and the challenger of each model, looked up in the registry again and again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ..errors import ProjectError
from ..logs import get_logger
from ..models.registry import CHALLENGER, CHAMPION, Version, list_models, list_versions, load_version
from ..models.workspace import Workspace
from .errors import ServingError
from .predictor import Predictor

_log = get_logger(__name__)

Identity = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Slot:
    """One model in use.

    Attributes
    ----------
    versions
        All that are registered, the newest first.
    problems
        Why a version that should serve does not.
    """

    name: str
    versions: tuple[Version, ...]
    champion: Predictor | None = None
    challenger: Predictor | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All models in use. It is never changed: a new one takes its place.

    Attributes
    ----------
    connected
        Whether the registry could be asked; if not, `problem` says why, and what was loaded stays in use.
    """

    slots: Mapping[str, Slot] = field(default_factory=lambda: MappingProxyType({}))
    connected: bool = False
    problem: str = "the registry was not asked yet"


class Loader:
    """Compares what is in use with the registry. Only one thread may use it."""

    def __init__(self, connect: Callable[[], Workspace], wanted: Collection[str], challenged: Collection[str]) -> None:
        self._connect, self._wanted, self._challenged = connect, wanted, challenged
        self._workspace: Workspace | None = None
        self._told: set[str] = set()
        self._tried = False

    def workspace(self) -> Workspace:
        """Get the connection, and make it if there is none yet.

        Raises
        ------
        ProjectError
            If the registry can't be reached.
        """
        if self._workspace is None:
            self._workspace = self._connect()
        return self._workspace

    def look(self, now: Snapshot, withdrawn: Collection[Identity]) -> Snapshot:
        """Load what is new. Whatever goes wrong, what is in use stays in use.

        Parameters
        ----------
        withdrawn
            Challengers that must not be used, whatever the registry says.
        """
        try:
            workspace = self.workspace()
            names = [name for name in list_models(workspace.tracking) if not self._wanted or name in self._wanted]
            if now.slots and not names:
                raise ServingError("the registry holds no model any more", hint="was its folder or database moved?")
            slots = {name: self._slot(workspace, name, now.slots.get(name), withdrawn) for name in names}
        except ProjectError as error:
            if now.connected or not self._tried:
                _log.error("the registry can't be asked: the models in use stay", reason=error.message)
            self._tried = True
            return replace(now, connected=False, problem=error.message)
        if self._tried and not now.connected:
            _log.info("the registry answers again")
        self._tried = True
        return Snapshot(MappingProxyType(slots), connected=True, problem="")

    def _slot(self, workspace: Workspace, name: str, old: Slot | None, withdrawn: Collection[Identity]) -> Slot:
        versions = tuple(list_versions(workspace.tracking, name))
        old = old or Slot(name, versions)
        champion, problem = self._role(workspace, CHAMPION, versions, (old.champion, old.challenger))
        challenger, other_problem = None, ""
        if name in self._challenged:
            before = old.challenger if old.challenger and _identity(old.challenger.version) not in withdrawn else None
            usable = [version for version in versions if _identity(version) not in withdrawn]
            challenger, other_problem = self._role(workspace, CHALLENGER, usable, (before,))
        return Slot(name, versions, champion, challenger, tuple(filter(None, (problem, other_problem))))

    def _role(
        self, workspace: Workspace, alias: str, versions: Collection[Version], held: Sequence[Predictor | None]
    ) -> tuple[Predictor | None, str]:
        """Find or load who has an alias, and say why that is not possible. The first held stays if so."""
        wanted = next((version for version in versions if alias in version.aliases), None)
        if wanted is None:
            return None, ""
        for one in held:
            if one and _files(one.version) == _files(wanted):
                return replace(one, version=wanted), ""
        try:
            made = Predictor.of(load_version(workspace.tracking, wanted, workspace.models.trusted))
            runs = workspace.tracking.search_runs(None, wanted.run_id, 1)
        except ProjectError as error:
            old = held[0]
            rest = f"version {old.version.number} stays in use" if old else "nothing is in use in its place"
            problem = f"{wanted}, the {alias}, can't be used: {error.message}; {rest}"
            if problem not in self._told:
                self._told.add(problem)
                _log.error("a version is refused", version=str(wanted), alias=alias, reason=error.message)
            return old, problem
        _log.info("a version is in use", version=str(wanted), alias=alias, compiled=made.compiled)
        return replace(made, metrics=runs[0].metrics if runs else {}), ""


def _identity(version: Version) -> Identity:
    return version.model, version.number


def _files(version: Version) -> tuple[object, ...]:
    return (version.number, version.run_id, version.tags.get("sha256"), version.tags.get("description_sha256"))
