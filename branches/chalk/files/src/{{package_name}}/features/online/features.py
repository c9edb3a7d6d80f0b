"""The online features of a project: written by batches and streams, read when a model is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import orjson

from ..definitions.registry import Definitions
from ..times import micros, to_micros
from .later import Later
from .plan import DAY, Plan, key_text, make_plans, to_line
from .protocol import Compacted, Expected, Lines, OnlineStore, OnlineStoreError, Values
from .reading import Fallback, Found, Given, NotMaterialisedError, SetReader, before_error
from .state import State
from .streams import PARTITIONS, UNNUMBERED

_EVER = -(2**62)
_CHUNK = 1000  # states that are compacted in one transaction


class OnlineFeatures:
    """Features as they are now, by entity.

    Parameters
    ----------
    lateness
        How late rows may be and still join sessions exactly.
    history
        How far back, from the time at which states were tidied, questions are still answered.
    fallback
        What is given while the store does not answer: an error, or defaults with the status `UNAVAILABLE`.

    Attributes
    ----------
    ahead
        How far ahead of the clock rows may be.
    """

    def __init__(
        self,
        definitions: Definitions,
        store: OnlineStore,
        *,
        lateness: timedelta = DAY,
        history: timedelta = timedelta(0),
        fallback: Fallback = "error",
    ) -> None:
        self.definitions = definitions
        self.store = store
        self.plans = make_plans(definitions.sets, lateness)
        self.history = history
        self.ahead = timedelta(minutes=5)
        self._fallback = fallback
        self._later = Later(store)  # what a reader computes is kept for the next one
        self._ready: set[str] = set()
        self._since: dict[str, int] = {}
        self._readers = {one.name: SetReader.of(one, self.plans) for one in definitions.sets}

    def read(self, name: str, keys: Sequence[Any], *, at: datetime | None = None, given: Given = None) -> list[Found]:
        """Read the features of entities.

        Parameters
        ----------
        name
            Of a feature set.
        keys
            Of the entities; of one that is unknown all is `MISSING`.
        at
            The time of the question; now if None.
        given
            What the request brings for features on demand: for all entities, or for each.

        Raises
        ------
        FeatureError
            If there is no such set, a key is not of the entity's kind, or the time is before what is kept.
        NotMaterialisedError
            If nothing was written for a feature as it is defined now.
        OnlineStoreError
            If the store does not answer, and no defaults are to stand in.
        """
        features = self.definitions[name]
        reader = self._readers[name]
        texts = [key_text(features.entity, key) for key in keys]
        moment = to_micros(datetime.now(UTC) if at is None else at)
        try:
            for plan, _ in reader.parts:
                self._check_ready(plan, moment)
            found, later, empty = reader.read(self.store, texts, moment, given)
            for plan in empty:  # which another process may have dropped since
                self._since.pop(plan.part, None)
                self._check_ready(plan, moment)
        except OnlineStoreError:
            if self._fallback == "error":
                raise
            return reader.defaults(texts, moment, given)
        if later:
            self._later.put(later)
        return found

    def lines(self, source: str, row: Mapping[str, Any], place: int) -> list[Lines]:
        """Make lines of a row of a source, one for each entity that it tells something of.

        Parameters
        ----------
        place
            Its number in the source; later rows have higher ones, and a row that comes again has the same.

        Raises
        ------
        FeatureError
            If the row is not what the source says.
        """
        found = []
        for plan in self._plans_of(source):
            if (key := row.get(plan.source.key)) is not None:
                line = to_line(plan.keep(row, place))
                found.append(Lines(plan.part, key_text(plan.entity, key), line))
        return found

    def append(
        self, lines: Iterable[Lines], marks: Mapping[str, str] | None = None, expected: Expected | None = None
    ) -> None:
        """Add lines and marks as a whole, or not at all.

        Raises
        ------
        Overtaken
            If marks are not what is expected.
        OnlineStoreError
            If the store can't be used.
        """
        together: dict[tuple[str, str], list[Lines]] = {}
        for one in lines:
            together.setdefault((one.part, one.key), []).append(one)
        found = [many[0] if len(many) == 1 else _joined(many) for many in together.values()]
        self.store.append(found, {**self._begun(found), **(marks or {})}, self.keep, expected)

    def write(
        self,
        source: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        place: int | None = None,
        marks: Mapping[str, str] | None = None,
    ) -> int:
        """Add rows of a source; those without a key belong to nobody.

        Parameters
        ----------
        place
            The number of the first row in the source: rows that come again with their numbers count once. If None, all
            are new, and are numbered by the store.

        Returns
        -------
        int
            How many rows there were.
        """
        self._plans_of(source)
        many = list(rows)
        step = 1
        if place is None:
            place, step = self.next_place(len(many)) * PARTITIONS + UNNUMBERED, PARTITIONS
        numbered = zip(count(place, step), many, strict=False)
        self.append([line for number, row in numbered for line in self.lines(source, row, number)], marks)
        return len(many)

    def _plans_of(self, source: str) -> list[Plan]:
        found = [plan for plan in self.plans if plan.source.name == source]
        if not found:
            self.definitions.source(source)
        return found

    def next_place(self, many: int) -> int:
        """Reserve numbers for rows that have none of their own, and give the first; nobody else gets the same."""
        return self.store.number("places", many)

    def tidy(self, at: datetime, parts: Iterable[str] | None = None) -> int:
        """Drop what no question needs any more of the states that have grown, and compute their values at this time.

        Returns
        -------
        int
            How many states were compacted.
        """
        wanted = set(parts) if parts is not None else None
        moment, done = to_micros(at), 0
        for plan in self.plans:
            while wanted is None or plan.part in wanted:
                keys = self.store.grown(plan.part, _CHUNK)
                compacted = self.compact(plan, keys, moment)
                done += compacted
                if not compacted:
                    break
        return done

    def compact(self, plan: Plan, keys: Sequence[str], at: int) -> int:
        """Compact the states of some entities at a time in microseconds."""
        found = self.store.states([(plan.part, key) for key in keys])
        return self.store.compact(
            [
                _compacted(plan, key, data, at, at - micros(self.history))
                for key, data in zip(keys, found, strict=True)
                if data is not None
            ]
        )

    def filled(self, plan: Plan) -> dict[str, Any] | None:
        """Tell how far a part was filled; None if nothing was written to it, or it is filled for the first time now."""
        told = read_mark(self.mark(plan))
        return None if told is None or "first" in told else told

    def mark(self, plan: Plan) -> str | None:
        """Give the mark of a part as it is in the store."""
        return self.store.marks(plan.part).get(plan.part)

    @property
    def keep(self) -> timedelta | None:
        """How long anything of an entity matters after its last row was written; None: for ever."""
        spans = [plan.span for plan in self.plans]
        known = [span for span in spans if span is not None]
        return max(known) + self.history + self.ahead if known and len(known) == len(spans) else None

    def close(self) -> None:
        """Keep what is to be kept, and end the connections."""
        self._later.close()
        self.store.close()

    def _check_ready(self, plan: Plan, moment: int) -> None:
        if plan.part not in self._since:
            told = self.filled(plan)
            if told is None:
                raise self._not_filled(plan)
            self._since[plan.part] = told.get("since", _EVER)
        if moment < self._since[plan.part]:
            raise before_error(self._since[plan.part])

    def _not_filled(self, plan: Plan) -> NotMaterialisedError:
        same = f"{plan.entity.name}/{plan.source.name}/"
        older = any(one.startswith(same) and one != plan.part for one in self.store.parts())
        reason = "since a definition changed" if older else "yet"
        names = ", ".join(list(plan.features)[:3])
        message = f"nothing was written {reason} for {names} of {plan.source.name}"
        return NotMaterialisedError(message, hint="run `features materialise`")

    def _begun(self, lines: Iterable[Lines]) -> dict[str, str]:
        """Mark parts that are written for the first time, unless a changed definition asks for all rows again."""
        new = {one.part for one in lines} - self._ready
        if not new:
            return {}
        known = self.store.marks()
        self._ready |= new & set(known)
        begun = {}
        for part in sorted(new - set(known)):
            same = part.rpartition("/")[0] + "/"
            if not any(name.startswith(same) for name in known):
                begun[part] = "{}"
        return begun


def read_mark(told: str | None) -> dict[str, Any] | None:
    """Read the mark of a part.

    Returns
    -------
    dict or None
        `until`, `since` and `at` of the last filling, `filling` of one under way: all in microseconds; `first` if this
        is the first.
    """
    return None if told is None else dict(orjson.loads(told))


def _joined(many: Sequence[Lines]) -> Lines:
    part, key, _, _ = many[0]
    return Lines(part, key, b"".join([one.data for one in many]), sum(one.size for one in many))


def _compacted(plan: Plan, key: str, data: bytes, at: int, first: int) -> Compacted:
    state = State.from_bytes(plan, data)
    state.expire(first)
    computed = state.compute(max(at, state.since))
    values = Values(computed.to_bytes(), computed.since, computed.until) if computed.until > computed.since else None
    return Compacted(plan.part, key, data, state.to_bytes(), values)
