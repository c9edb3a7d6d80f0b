"""What values of features must be like, by definitions and by who relies on them; as Great Expectations has it, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .contracts import ColumnContract, Contract
from .definitions.entities import Kind
from .definitions.features import Check
from .definitions.registry import Definitions


@dataclass(frozen=True, slots=True)
class Rule:
    """What the values of one column must be like. NULL breaks no limit; how much of it there may be is `completeness`.

    Attributes
    ----------
    minimum, maximum
        All limits hold, both inclusive.
    allowed
        Every value that is; any if empty.
    consumers
        Who relies on it.
    """

    kind: Kind
    completeness: float
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str | int | bool, ...] = ()
    consumers: tuple[str, ...] = ()


def make_rules(
    names: Iterable[str], definitions: Definitions, contracts: Sequence[Contract], completeness: float
) -> dict[str, Rule]:
    """Join what definitions and consumers say of features; the strictest holds.

    Parameters
    ----------
    names
        References, such as `customer.spend_30d`.
    completeness
        Least share of values, where no contract says another.
    """
    found = {}
    for name in names:
        owner, feature = definitions.find(name)
        held = [(one.consumer, one.columns[name]) for one in contracts if name in one.columns]
        columns: list[ColumnContract | Check] = [column for _, column in held]
        columns += [owner.tests[feature.name]] if feature.name in owner.tests else []
        known = [set(column.allowed) for column in columns if column.allowed]
        found[name] = Rule(
            kind=owner.kinds[feature.name],
            completeness=max((c.completeness for c in columns if c.completeness is not None), default=completeness),
            minimum=max((c.minimum for c in columns if c.minimum is not None), default=None),
            maximum=min((c.maximum for c in columns if c.maximum is not None), default=None),
            allowed=tuple(sorted(set.intersection(*known), key=str)) if known else (),
            consumers=tuple(consumer for consumer, _ in held),
        )
    return found


def expectations(rules: Mapping[str, Rule], name: str) -> dict[str, Any]:
    """Write rules as a suite of Great Expectations 1.x, for teams whose checks run there.

    Returns
    -------
    dict
        What its `ExpectationSuite(**suite)` takes.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    for column, rule in rules.items():
        found.append(("expect_column_to_exist", {"column": column}))
        kept = {"column": column, "mostly": rule.completeness}
        found.append(("expect_column_values_to_not_be_null", kept))
        if rule.minimum is not None or rule.maximum is not None:
            limits = {"min_value": rule.minimum, "max_value": rule.maximum}
            found.append(("expect_column_values_to_be_between", {"column": column, **limits}))
        if rule.allowed:
            found.append(("expect_column_values_to_be_in_set", {"column": column, "value_set": list(rule.allowed)}))
    return {"name": name, "expectations": [{"type": kind, "kwargs": kwargs} for kind, kwargs in found]}
