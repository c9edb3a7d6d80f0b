"""The order that the process is given: fields that are separated by a zero, for which no parser has to be imported."""

from __future__ import annotations

# What each kind of entry has beside its kind.
_FIELDS = {
    "parent": 1,
    "work": 1,
    "package": 1,
    "limit": 2,
    "read": 1,
    "write": 1,
    "python": 0,
    "remove": 0,
    "pandas": 0,
    "frame": 2,
}
Order = dict[str, list[tuple[str, ...]]]


def write_order(entries: list[tuple[str, ...]]) -> str:
    """Write entries, each a kind and its fields.

    Examples
    --------
    >>> read_order(write_order([("frame", "sales", "0.arrow"), ("remove",)]))["frame"]
    [('sales', '0.arrow')]
    """
    return "\0".join(field for entry in entries for field in entry)


def read_order(text: str) -> Order:
    """Give the entries of each kind."""
    order: Order = {kind: [] for kind in _FIELDS}
    fields = iter(text.split("\0"))
    for kind in fields:
        order[kind].append(tuple(next(fields) for _ in range(_FIELDS[kind])))
    return order
