"""The audit log: who did and who allowed what, in a file that is only added to, each record with the last one's digest.

A record that was changed, taken out or put in breaks the chain. Records cut off at the end do not: note the head, which
`agents audit verify` prints, in another place, and have it looked for later. With a key, the digests are HMACs (RFC
2104), which nobody makes who has not got it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout
from pydantic import Field, JsonValue, ValidationError

from ...disk import room_for
from ...errors import first_line
from ..errors import AgentError
from ..tasks import Record

FIRST = "0" * 64
"""What the first record names as the digest before it."""

_PATIENCE = 30.0  # seconds until others that write must be done
_ENOUGH = 4  # pieces: the first may be half a line, and the last is empty or torn
_LONGEST = 4_000  # characters of a text in a record
_WHERE = "agentic.durability.folder names the folder; this user must be able to write there"


class AuditRecord(Record):
    """One thing that happened.

    Attributes
    ----------
    number
        From 1, without gaps.
    previous, digest
        Of the record before, and of this one with that: SHA-256, or HMAC-SHA-256 with the key, in hexadecimal digits.
    """

    number: int
    time: datetime
    kind: str
    task_id: str = ""
    agent: str = ""
    data: dict[str, JsonValue] = Field(default_factory=dict)
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the chain is broken, and how."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the log gave.

    Attributes
    ----------
    records
        How many hang together from the first.
    head
        The digest of the last of them.
    fault
        The first place that does not fit.
    """

    records: int
    head: str
    fault: Fault | None = None


class AuditLog:
    """A log of JSON lines that threads and processes write to.

    Parameters
    ----------
    path
        The file, which is made where it is missing.
    key
        Makes the digests HMACs.
    """

    def __init__(self, path: Path, key: str = "") -> None:
        self.path = path
        self._key = key.encode()
        self._lock = FileLock(f"{path}.lock", timeout=_PATIENCE)
        self._end = (-1, 0, FIRST)  # size of the file, number and digest of its last record

    def append(
        self,
        kind: str,
        data: Mapping[str, Any] | None = None,
        *,
        task_id: str = "",
        agent: str = "",
        durable: bool = False,
    ) -> AuditRecord:
        """Add a record.

        Parameters
        ----------
        data
            JSON; long texts in it are cut.
        durable
            Whether it is waited for the disk: for what has effects.

        Raises
        ------
        AgentError
            If it can't be written. Nothing that must be on record may then be done.
        """
        what = {"kind": kind, "task_id": task_id, "agent": agent, "data": _cut(dict(data or {}))}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with room_for("the audit log", AgentError), self._lock, self.path.open("ab+") as file:
                torn, number, digest = self._find_end(file)
                if torn:  # a writer was killed: its piece stays, and the next record says so
                    _write(file, b"\n", durable=False)
                    number, digest = self._add(file, number, digest, {"kind": "torn", "data": {"sha256": torn}})
                record = self._sealed(number, digest, what)
                line = record.model_dump_json().encode() + b"\n"
                _write(file, line, durable=durable)
                self._end = (file.tell(), record.number, record.digest)
        except Timeout as error:
            raise AgentError(f"{self.path} is kept by another process", hint="end it, and do it again") from error
        except OSError as error:
            raise AgentError(f"{self.path} can't be written: {first_line(error)}", hint=_WHERE) from error
        return record

    def _add(self, file: Any, number: int, digest: str, what: Mapping[str, Any]) -> tuple[int, str]:
        record = self._sealed(number, digest, what)
        _write(file, record.model_dump_json().encode() + b"\n", durable=False)
        return record.number, record.digest

    def _sealed(self, number: int, previous: str, what: Mapping[str, Any]) -> AuditRecord:
        record = AuditRecord(number=number + 1, time=datetime.now(UTC), previous=previous, digest="", **what)
        return record.model_copy(update={"digest": self._digest(record)})

    def _digest(self, record: AuditRecord) -> str:
        content = record.model_dump(mode="json", exclude={"digest"})
        written = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        return hmac.new(self._key, written, hashlib.sha256).hexdigest() if self._key else _sha256(written)

    def _find_end(self, file: Any) -> tuple[str, int, str]:
        """Give the digest of a torn last line, and the number and digest of the last whole record."""
        size = file.seek(0, os.SEEK_END)
        if size == self._end[0]:
            return "", *self._end[1:]
        lines = _last_lines(file, size)
        torn = "" if not size or lines[-1] == b"" else _sha256(lines[-1])
        whole = [line for line in lines[:-1] if line]
        for line in reversed(whole):
            record = _parse(line)
            if record is not None:
                return torn, record.number, record.digest
        if size and whole:
            raise AgentError(
                f"{self.path} does not end with a record",
                hint="keep it as evidence under another name; a new one begins",
            )
        return torn, 0, FIRST

    def records(self) -> Iterator[AuditRecord]:
        """Give the records, in their order. What is none is left out: `verify` finds it."""
        for _, line in self._lines():
            record = _parse(line)
            if record is not None:
                yield record

    def verify(self) -> Verification:
        """Check the chain from its first record.

        Raises
        ------
        AgentError
            If the file can't be read.
        """
        number, head, torn = 0, FIRST, ""
        for place, line in self._lines():
            record = _parse(line)
            if record is None:
                if torn:
                    return Verification(number, head, Fault(place, "two lines in a row are no records"))
                torn = _sha256(line)
                continue
            reason = self._fault(record, number, head, torn)
            if reason:
                return Verification(number, head, Fault(place, reason))
            number, head, torn = record.number, record.digest, ""
        if torn:
            return Verification(number, head, Fault(number + 1, "the last line is no record: a writer was killed"))
        return Verification(number, head)

    def _fault(self, record: AuditRecord, number: int, head: str, torn: str) -> str:
        if torn and (record.kind != "torn" or record.data.get("sha256") != torn):
            return "the line before is no record, and nothing says why"
        if record.number != number + 1:
            return f"record {number + 1} is missing; record {record.number} follows"
        if record.previous != head:
            return f"record {record.number} does not follow the one before it"
        if not hmac.compare_digest(record.digest, self._digest(record)):
            key = ", or the key is another" if self._key else ""
            return f"record {record.number} was changed{key}"
        return ""

    def holds(self, head: str) -> bool:
        """Say whether a head that was noted earlier is still in the log."""
        return head == FIRST or any(record.digest == head for record in self.records())

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        try:
            with self.path.open("rb") as file:
                for place, line in enumerate(file, 1):
                    yield place, line.rstrip(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            raise AgentError(f"{self.path} can't be read: {first_line(error)}", hint=_WHERE) from error


def _write(file: Any, content: bytes, *, durable: bool) -> None:
    file.write(content)
    file.flush()
    if durable:
        os.fsync(file.fileno())


def _last_lines(file: Any, size: int) -> list[bytes]:
    """Read enough of the end of a file for two whole lines, or all of it; the last piece follows the last break."""
    wanted = 1 << 16
    while True:
        start = max(0, size - wanted)
        file.seek(start)
        lines: list[bytes] = file.read(size - start).split(b"\n")
        if start == 0:
            return lines
        if len(lines) >= _ENOUGH:
            return lines[1:]
        wanted *= 4


def _parse(line: bytes) -> AuditRecord | None:
    try:
        return AuditRecord.model_validate_json(line)
    except ValidationError:
        return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _cut(value: Any) -> Any:
    """Cut long texts of JSON, with how long they were."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}… ({len(value):,} characters)"
    if isinstance(value, Mapping):
        return {str(key): _cut(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_cut(one) for one in value]
    return value
