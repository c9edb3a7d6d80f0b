"""Datasets of other tools in and out: the format is told by the fields of a row.

| format | fields |
| --- | --- |
| pairs | question, answer, context |
| messages | messages: role, content |
| sharegpt | conversations: from, value; system |
| preference | prompt, or conversations; chosen, rejected: texts or messages |
| instruction | instruction, input, output |
| completion | prompt, completion: texts or messages |
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from ..errors import DataError
from .examples import ROLES, Example, Message, Row, conversation
from .normalisation import clean
from .pairs import Pair

FORMATS = {
    "preference": {"chosen", "rejected"},
    "messages": {"messages"},
    "sharegpt": {"conversations"},
    "pairs": {"question", "answer"},
    "instruction": {"instruction", "output"},
    "completion": {"prompt", "completion"},
}
"""Fields that a row of a format must have."""

_SHOWN = 5
_PARQUET_ROWS = 256  # read at once
_SPEAKERS = {"human": "user", "gpt": "assistant", "bing": "assistant", "chatgpt": "assistant", "function": "tool"}
_SIDES = {"user": "human", "assistant": "gpt", "system": "system", "tool": "tool"}
_PAIR_MESSAGES = 2
_BAD = {"false", "no", "0", "0.0", "-1"}  # labels of answers that are not to be given


def detect(record: Mapping[str, Any]) -> str | None:
    """Tell the format of a row by its fields.

    Examples
    --------
    >>> detect({"instruction": "Add 1 and 2.", "output": "3"})
    'instruction'
    """
    return next((name for name, needed in FORMATS.items() if needed <= record.keys()), None)


def read_rows(path: Path, name: str | None = None) -> tuple[str, list[Row]]:
    """Read a file of rows, as `open_rows` does, and give all of them at once."""
    found, rows = open_rows(path, name)
    return found, list(rows)


def open_rows(path: Path, name: str | None = None) -> tuple[str, Iterator[Row]]:
    """Open a file of JSON lines, JSON, CSV or Parquet, whose rows are read as they are asked for; a JSON list at once.

    Parameters
    ----------
    path : Path
        The file.
    name : str, optional
        The format; told by the first row without.

    Returns
    -------
    str
        The format.
    iterator of Row
        Pairs where a row is one question and one answer, else examples. It ends with a `DataError` that names the rows
        that can't be used, if there are any.

    Raises
    ------
    DataError
        If the file can't be used.
    """
    check_format(name)
    records = _records(path)
    start = next(records, None)
    if start is None:
        raise DataError(f"{path} has no rows", hint="give a file with one example a line")
    first = start[1]
    found = name or detect(first) if isinstance(first, dict) else None
    if found is None:
        fields = ", ".join(first) if isinstance(first, dict) else type(first).__name__
        known = "\n".join(f"  {one}: {', '.join(sorted(needed))}" for one, needed in FORMATS.items())
        message = f"the format of {path} is not known: its first row has {fields}"
        raise DataError(message, hint=f"give it the fields of one\n{known}")
    return found, _rows(path, found, chain([start], records))


def _rows(path: Path, name: str, records: Iterable[tuple[str, Any]]) -> Iterator[Row]:
    """Yield rows, and at the end raise what is wrong with others."""
    faults: list[str] = []
    ids: dict[str, str] = {}
    total = 0
    for place, record in records:
        total += 1
        try:
            row = _row(record, name, place)
            identifier = _name(record.get("id"))
            if identifier and ids.setdefault(identifier, place) != place:
                raise _FaultError(f"the id {identifier} is that of {ids[identifier]}")
            yield row
        except _FaultError as error:
            faults.append(f"{place}: {error}")
    if faults:
        shown = "\n".join(f"  {fault}" for fault in faults[:_SHOWN])
        more = f"\n  and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        message = f"{len(faults)} of {total} rows of {path} can't be used:\n{shown}{more}"
        raise DataError(message, hint="mend them, or name the right format with --format")


def check_format(name: str | None) -> None:
    """Make sure that there is such a format, if one is named.

    Raises
    ------
    DataError
        If there is none.
    """
    if name is not None and name not in FORMATS:
        raise DataError(f"there is no format {name!r}", hint=f"choose one of {', '.join(sorted(FORMATS))}")


def read_csv(text: str) -> csv.DictReader[str]:
    """Read the text of a CSV file, whose cells may be of any length."""
    return _read_table(StringIO(text, newline=""))


def write_rows(rows: Sequence[Row], path: Path, name: str) -> None:
    """Write rows as JSON lines of a format.

    Raises
    ------
    DataError
        If there is no such format, or a row does not fit into it.
    """
    check_format(name)
    lines = [json.dumps(_record(row, name), ensure_ascii=False) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


class _FaultError(Exception):
    """What is wrong with a row."""


def _records(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the rows of a file, and where each stands."""
    try:
        if path.suffix.lower() == ".parquet":
            yield from _parquet_records(path)
            return
        with path.open(encoding="utf-8-sig") as file:
            yield from _text_records(path, file)
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text (byte {_bad_byte(path)})", hint="save it as UTF-8") from error


def _text_records(path: Path, file: TextIO) -> Iterator[tuple[str, Any]]:
    if path.suffix.lower() == ".csv":
        for number, row in enumerate(_read_table(file), start=1):
            yield f"row {number}", row
        return
    begun = False
    for number, line in enumerate(file, start=1):
        if not begun and line.lstrip().startswith("["):
            listed = _json(line + file.read(), str(path))
            yield from ((f"row {place}", row) for place, row in enumerate(listed, start=1))
        elif line.strip():
            begun = True
            yield f"line {number}", _json(line, f"{path}, line {number}")


def _parquet_records(path: Path) -> Iterator[tuple[str, Any]]:
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            batches = file.iter_batches(batch_size=_PARQUET_ROWS)
            rows = (row for batch in batches for row in batch.to_pylist())
            yield from ((f"row {number}", row) for number, row in enumerate(rows, start=1))
    except pyarrow.ArrowInvalid as error:
        raise DataError(f"{path} is no Parquet file: {error}", hint="write it again") from error


def _bad_byte(path: Path) -> int:
    """Find the first byte that is not UTF-8, as decoding in blocks does not say it."""
    place = 0
    with path.open("rb") as file:
        for line in file:
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return place + error.start
            place += len(line)
    return place


def _read_table(lines: Iterable[str]) -> csv.DictReader[str]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    return csv.DictReader(lines)


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        hint = "give JSON lines, a JSON list, a .csv or a .parquet file"
        raise DataError(f"{where} is not JSON: {error}", hint=hint) from error


def _row(record: Any, name: str, place: str) -> Row:
    if not isinstance(record, dict):
        raise _FaultError("it is no object")
    missing = FORMATS[name] - record.keys()
    if missing:
        raise _FaultError(f"no {', '.join(sorted(missing))}, which the format {name} has")
    document = _name(record.get("document")) or _name(record.get("id")) or place
    topic = _name(record.get("topic"))
    if name == "completion" and str(record.get("label", True)).strip().lower() in _BAD:
        raise _FaultError("its label says that this is not to be answered: give it as `rejected`, beside `chosen`")
    if name in {"pairs", "instruction"}:
        keys = ("question", "context", "answer") if name == "pairs" else ("instruction", "input", "output")
        question, context, answer = (_text(record.get(key) or "", key) for key in keys)
        return _pair(question, context, answer, document, topic)
    rejected = ""
    if name == "preference":
        prompt = _messages(record.get("prompt") or record.get("conversations") or [], "user")
        chosen, others = (_messages(record[key], "assistant") for key in ("chosen", "rejected"))
        if prompt and prompt[-1].role == "assistant":
            raise _FaultError("the conversation ends with an answer already, beside chosen and rejected")
        # With messages on both sides, each holds the whole conversation, or its end.
        messages = chosen if chosen[: len(prompt)] == prompt else [*prompt, *chosen]
        rejected = others[-1].content if others else ""
        if not rejected:
            raise _FaultError("rejected is empty")
    elif name == "completion":
        messages = [*_messages(record["prompt"], "user"), *_messages(record["completion"], "assistant")]
    else:
        messages = _messages(record["messages" if name == "messages" else "conversations"], "user")
        if record.get("system") and name == "sharegpt":
            messages.insert(0, Message("system", _text(record["system"], "system")))
    _check(messages)
    if len(messages) == _PAIR_MESSAGES and not rejected:
        return _pair(messages[0].content, "", messages[1].content, document, topic)
    return Example(tuple(messages), rejected, document, topic)


def _pair(question: str, context: str, answer: str, document: str, topic: str) -> Pair:
    if not question or not answer:
        raise _FaultError(f"the {'answer' if question else 'question'} is empty")
    return Pair(question, context, answer, document, 0, 0, 0, "import", topic)


def _messages(found: Any, role: str) -> list[Message]:
    if isinstance(found, str):
        return [Message(role, clean(found))]
    if isinstance(found, dict):
        found = [found]
    if not isinstance(found, list):
        raise _FaultError(f"{type(found).__name__} where messages should be")
    messages = []
    for one in found:
        if not isinstance(one, dict):
            raise _FaultError("a message is no object")
        speaker = str(one.get("role") or one.get("from") or "")
        content = one.get("content") if "content" in one else one.get("value")
        messages.append(Message(_SPEAKERS.get(speaker, speaker), _text(content, "content")))
    return messages


def _check(messages: Sequence[Message]) -> None:
    strange = next((message.role for message in messages if message.role not in ROLES), None)
    if strange is not None:
        raise _FaultError(f"the role {strange!r} is none of {', '.join(ROLES)}")
    if len(messages) < _PAIR_MESSAGES or messages[-1].role != "assistant":
        raise _FaultError("it does not end with an answer of the assistant")
    if not any(message.role == "user" and message.content for message in messages[:-1]):
        raise _FaultError("there is no question of a user")
    if not messages[-1].content:
        raise _FaultError("the answer is empty")


def _name(value: Any) -> str:
    """Give an id, a document or a topic as text; empty where there is none."""
    return "" if value is None else clean(str(value))


def _text(value: Any, key: str) -> str:
    if not isinstance(value, str):
        raise _FaultError(f"{key} is no text")
    return clean(value)


def _record(row: Row, name: str) -> dict[str, Any]:
    messages = conversation(row)
    about = {"document": row.document, "topic": row.topic}
    if name == "messages":
        return {"messages": messages, **about}
    if name == "sharegpt":
        turns = [{"from": _SIDES[one["role"]], "value": one["content"]} for one in messages]
        return {"conversations": turns, **about}
    if name == "completion":
        return {"prompt": messages[:-1], "completion": messages[-1:], **about}
    if name == "preference":
        if not isinstance(row, Example) or not row.rejected:
            raise _unfit(row, name, "it has no rejected answer")
        other = [{"role": "assistant", "content": row.rejected}]
        return {"prompt": messages[:-1], "chosen": messages[-1:], "rejected": other, **about}
    if not isinstance(row, Pair):
        raise _unfit(row, name, "it is a conversation of several messages")
    if name == "instruction":
        return {"instruction": row.question, "input": row.context, "output": row.answer, **about}
    return row.as_record()


def _unfit(row: Row, name: str, reason: str) -> DataError:
    start = row.question[:60]
    return DataError(f"{start!r} does not fit into the format {name}: {reason}", hint="choose the format messages")
