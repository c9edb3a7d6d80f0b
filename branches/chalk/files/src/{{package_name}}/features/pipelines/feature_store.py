"""Tables of features on disk: a file of Parquet for each time, which says by which definitions it was computed.

What a file says about itself is the checkpoint: it is moved into its place when it is whole, so what is there is done,
and what was computed by another definition is not.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ...disk import room_for
from ..definitions.sets import FeatureSet
from ..engines.protocol import EVENT_TIME
from ..errors import FeatureError
from ..locks import alone

_VERSIONS = b"versions"
_NAME = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True, slots=True)
class FeatureTables:
    """The tables of a project.

    Attributes
    ----------
    folder
        Below it, a folder for each set.
    """

    folder: Path

    def path(self, name: str, at: datetime) -> Path:
        """Say where the values of a time are."""
        return self.folder / name / f"{at.astimezone(UTC):{_NAME}}.parquet"

    def times(self, name: str) -> list[datetime]:
        """Give the times that a set has values of, in their order."""
        files = (self.folder / name).glob("*.parquet")
        return sorted(datetime.strptime(file.stem, _NAME).replace(tzinfo=UTC) for file in files)

    def versions(self, name: str, at: datetime) -> dict[str, str]:
        """Give the fingerprint of each feature that a time has values of; none if there is no such time."""
        path = self.path(name, at)
        if not path.exists():
            return {}
        found = (pq.read_schema(path).metadata or {}).get(_VERSIONS, b"{}")
        return {str(feature): str(version) for feature, version in json.loads(found).items()}

    def outdated(self, one: FeatureSet, at: datetime) -> list[str]:
        """Name the features that a time has no values of, or those of another definition."""
        known = self.versions(one.name, at)
        return [feature.name for feature in one.stored if known.get(feature.name) != one.fingerprint(feature.name)]

    def check_all(self, one: FeatureSet) -> None:
        """Hold the tables of all times against a set's definitions, for those who read the folder as one table.

        Raises
        ------
        FeatureError
            If there are tables of other definitions.
        """
        older = [at for at in self.times(one.name) if self.outdated(one, at)]
        if older:
            first, last = older[0].isoformat(), older[-1].isoformat()
            message = f"{len(older)} tables of {one.name}, {first} to {last}, are of other definitions"
            hint = f"features backfill {one.name} --from {first} --to {last}, and delete those that are left"
            raise FeatureError(message, hint=hint)

    def read(self, one: FeatureSet, at: datetime) -> pa.Table:
        """Read the values of a time: the key, `event_time`, and `customer.spend_30d` for each feature.

        Raises
        ------
        FeatureError
            If they are not there, or a definition has changed since they were computed.
        """
        outdated = self.outdated(one, at)
        if outdated:
            hint = f"compute them: features backfill {one.name}"
            raise FeatureError(f"{one.name} at {at.isoformat()} has no values of {', '.join(outdated)}", hint=hint)
        names = [one.entity.key, EVENT_TIME, *(f"{one.name}.{feature.name}" for feature in one.stored)]
        return pq.read_table(self.path(one.name, at), columns=names)

    @contextmanager
    def writing(self, one: FeatureSet, at: datetime) -> Iterator[TableWriter]:
        """Open the values of a time for writing; they are there when the `with` block ends, or not at all."""
        path = self.path(one.name, at)
        path.parent.mkdir(parents=True, exist_ok=True)
        # One process writes: the lock is held. Who reads the folder as one table leaves hidden files aside.
        # A worker that was given up may still be at the same time.
        draft = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.draft")
        writer = TableWriter(draft, {feature.name: one.fingerprint(feature.name) for feature in one.stored})
        try:
            with room_for(str(path), FeatureError):
                yield writer
                writer.close()
                os.replace(draft, path)
        finally:
            writer.close()
            draft.unlink(missing_ok=True)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Keep others from writing a set's tables.

        Raises
        ------
        FeatureError
            If another process, or thread, is writing them.
        """
        hint = "wait until it is done: what it has computed is not computed again"
        with alone(self.folder / f".{name}.lock", f"another backfill of {name} is under way", hint):
            for draft in (self.folder / name).glob(".*.draft"):  # of processes that were killed
                draft.unlink()
            yield


class TableWriter:
    """Writes one file piece by piece.

    Parameters
    ----------
    versions
        Fingerprint by feature, which the file says.
    """

    def __init__(self, path: Path, versions: dict[str, str]) -> None:
        self._path = path
        self._versions = {_VERSIONS: json.dumps(versions).encode()}
        self._writer: pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        """Add rows."""
        table = table.replace_schema_metadata(self._versions)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table)

    def close(self) -> None:
        """End the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
