"""Checking what agents say: its form, each number against the data, each citation against what there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from ...config import Config
from ..config import AgenticConfig
from ..errors import ToolError
from ..tasks import Record
from .queries import Bounds, connect
from .schemas import schema_faults
from .sources import find_source
from .spec import Effect, Tool, ToolContext, ToolOutput, tool

_MINUS = "\N{MINUS SIGN}"
_NUMBER = rf"[-+{_MINUS}]?(?:\d{{1,3}}(?:,\d{{3}})+|\d+(?:,\d+)?)(?:\.\d+)?(?:[eE][-+]?\d+)?"
_CITATION = re.compile(r"\[(?P<name>[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)?)\](?!\()")
_SAID = re.compile(rf"(?<![\w.,-])(?P<number>{_NUMBER})(?P<percent>\s?%)?(?![.,]?\d)")
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)[^)]*\)")
# What holds digits and claims nothing: code, links, dates, times, and the numbers of headings and lists.
_SILENT = re.compile(
    r"```.*?```|`[^`\n]*`|!?\[[^\]]*\]\([^)]*\)|https?://\S+|\d{4}-\d\d(?:-\d\d)?(?:[T ]\d\d:\d\d(?::\d\d)?)?|"
    r"\b\d\d?:\d\d\b|^[ \t#]*\d+(?:\.\d+)*[.)][ \t]",
    re.DOTALL | re.MULTILINE,
)
_COMMAS = re.compile(r"\d{1,3}(,\d{3})+(\D.*)?|[^,]+")
_BETWEEN = re.compile(r"(?:[ \t]*[^\W\d_][^\s\[\]]{0,20}){0,2}[ \t]*")
_SLACK = 1e-9

State = Literal["holds", "differs", "unsourced", "unknown"]


class Query(Record):
    """A query whose answer is one row: the source of numbers."""

    dataset: str = Field(description="A dataset, or a file of the data or the task's folder")
    sql: str = Field(description="One SELECT over the table `data`, which gives one row of numbers")


@dataclass(frozen=True, slots=True)
class Claim:
    """A number or a citation in a text, and whether it holds.

    Attributes
    ----------
    text
        As it stands there.
    end
        Where it ends in the text.
    state
        `holds`, `differs` from what was computed, `unsourced`: a number without a citation, or `unknown`: what it cites
        does not exist, or gives no number.
    note
        Why it does not hold.
    """

    text: str
    end: int
    state: State
    cites: str = ""
    found: float | None = None
    note: str = ""

    def told(self) -> dict[str, JsonValue]:
        """Give it as JSON."""
        plain: dict[str, JsonValue] = {"text": self.text, "state": self.state, "cites": self.cites}
        return {**plain, "found": self.found, **({"note": self.note} if self.note else {})}


Compute = Callable[[str], float]
"""Gives the number of a citation: the one of a query, or `query.column`. Raises `ToolError` where there is none."""


def check_claims(
    text: str, queries: Mapping[str, Query], compute: Compute, known: Callable[[str], bool]
) -> list[Claim]:
    """Check every number and citation of a text.

    A number is followed by what it cites: `14.1 [mean_radius]`, `62.7 % [share]`, `569 rows [size]`. It holds if what
    the query gives now rounds to it; a percentage is compared with a hundred times a share. A query that has the
    number written into it proves nothing.

    Parameters
    ----------
    known
        Whether there is a file or an address that a link leads to.
    """
    claims: list[Claim] = []
    cited: set[int] = set()
    hidden = _SILENT.sub(lambda found: "\0" * len(found.group()), text)
    for said in _SAID.finditer(_CITATION.sub(lambda found: "\0" * len(found.group()), hidden)):
        between = _BETWEEN.match(hidden, said.end())
        citation = _CITATION.match(hidden, between.end() if between else said.end())
        if citation is None:
            claims.append(Claim(said.group(), said.end(), "unsourced", note="no source is given for it"))
            continue
        cited.add(citation.start())
        claims.append(_check_number(said, citation, queries, compute))
    for citation in _CITATION.finditer(hidden):
        name = citation["name"]
        if citation.start() not in cited and name.partition(".")[0] not in queries and not known(name):
            claims.append(Claim(citation.group(), citation.end(), "unknown", name, note="nothing has this name"))
    for link in _LINK.finditer(text):
        if not known(link["target"]):
            claims.append(Claim(link.group(), link.end(), "unknown", link["target"], note="it is not there"))
    return sorted(claims, key=lambda claim: claim.end)


def _check_number(
    said: re.Match[str], citation: re.Match[str], queries: Mapping[str, Query], compute: Compute
) -> Claim:
    name, end = citation["name"], citation.end()
    query = queries.get(name.partition(".")[0])
    if query is None:
        return Claim(said.group(), end, "unknown", name, note="no query has this name")
    if not _COMMAS.fullmatch(said["number"].lstrip(f"+-{_MINUS}")):
        return Claim(said.group(), end, "unknown", name, note="it is no number: write a point before its fraction")
    digits = said["number"].replace(",", "").replace(_MINUS, "-")
    if re.search(rf"(?<![\w.]){re.escape(digits.lstrip('+-'))}(?![\w.])", query.sql):
        return Claim(said.group(), end, "unknown", name, note="the query states the number itself")
    try:
        found = compute(name)
    except ToolError as error:
        return Claim(said.group(), end, "unknown", name, note=error.message)
    shown = found * 100 if said["percent"] else found
    holds = abs(shown - float(digits)) <= _half_unit(digits) * (1 + _SLACK) + abs(shown) * _SLACK
    note = "" if holds else f"it is {shown:.6g}"
    return Claim(said.group(), end, "holds" if holds else "differs", name, found, note)


def _half_unit(digits: str) -> float:
    """Give half of the last digit's unit: a number says no more than it shows.

    Examples
    --------
    >>> _half_unit("14.1"), _half_unit("569"), _half_unit("1.5e3")
    (0.05, 0.5, 50.0)
    """
    mantissa, _, exponent = digits.lower().partition("e")
    places = len(mantissa.partition(".")[2])
    return 0.5 * float(f"1e{int(exponent or 0) - places}")


def mark(text: str, claims: list[Claim]) -> str:
    """Write behind each claim that does not hold what is wrong with it.

    Examples
    --------
    >>> mark("All 12 rows.", [Claim("12", 6, "unsourced", note="no source is given for it")])
    'All 12 ⚠ (no source is given for it) rows.'
    """
    parts, place = [], 0
    for claim in claims:
        if claim.state != "holds":
            parts += [text[place : claim.end], f" ⚠ ({claim.note})"]
            place = claim.end
    return "".join([*parts, text[place:]])


def make_validation(config: Config) -> Tool:
    """Make the tool `validation`."""
    limits = config.group("agentic", AgenticConfig).tools

    def validation(
        context: ToolContext,
        text: Annotated[str, Field(description="Numbers are followed by the query that gives them: 14.1 [name]")] = "",
        queries: Annotated[dict[str, Query] | None, Field(description="By the names that the text cites")] = None,
        value: JsonValue = None,
        value_schema: Annotated[
            dict[str, JsonValue] | None, Field(description="JSON Schema that value keeps to")
        ] = None,
    ) -> ToolOutput:
        """Check a text or a value: numbers are computed again, citations must exist, a value keeps to its schema.

        What does not hold is marked in the text that comes back.
        """
        bounds = Bounds(2, limits.query_memory_mb, limits.query_seconds, context.cancelled)
        computed = _Numbers(queries or {}, config, context, bounds)
        claims = check_claims(text, queries or {}, computed.find, lambda name: _is_file(context.work, name))
        faults = schema_faults(value, value_schema) if value_schema is not None else []
        bad = [claim for claim in claims if claim.state != "holds"]
        told: dict[str, JsonValue] = {"valid": not bad and not faults, "checked": len(claims), "wrong": len(bad)}
        told |= {"claims": [claim.told() for claim in claims], "text": mark(text, claims)} if text else {}
        told |= {"faults": [*faults]} if value_schema is not None else {}
        return ToolOutput(told, tainted=computed.tainted)

    return tool(Effect.READ)(validation)


class _Numbers:
    """The numbers of queries, each of which is asked once."""

    def __init__(self, queries: Mapping[str, Query], config: Config, context: ToolContext, bounds: Bounds) -> None:
        self._queries, self._config, self._context, self._bounds = queries, config, context, bounds
        self._rows: dict[str, dict[str, JsonValue] | ToolError] = {}
        self.tainted = False

    def find(self, name: str) -> float:
        query, _, column = name.partition(".")
        if query not in self._rows:
            try:
                self._rows[query] = self._ask(self._queries[query])
            except ToolError as error:
                self._rows[query] = error
        row = self._rows[query]
        if isinstance(row, ToolError):
            raise row
        if not column and len(row) != 1:
            raise ToolError(f"the query gives {len(row)} columns: cite one as [{query}.column]")
        if column and column not in row:
            raise ToolError(f"the query gives no column {column}")
        value = row[column] if column else next(iter(row.values()))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ToolError("the query gives no number")
        return float(value)

    def _ask(self, query: Query) -> dict[str, JsonValue]:
        source = find_source(query.dataset, self._config, self._context)
        self.tainted = self.tainted or source.taints(())
        with connect(source, self._bounds) as connection:
            if not connection.reads(query.sql) & {"data", source.name}:
                raise ToolError("the query does not read the data")
            rows = connection.ask(query.sql)
        if len(rows.rows) != 1:
            raise ToolError(f"the query gives {'no row' if not rows.rows else 'several rows'}: one is needed")
        return dict(zip(rows.columns, rows.rows[0], strict=True))


def _is_file(folder: Path, name: str) -> bool:
    path = (folder / name).resolve()
    return "://" not in name and path.is_relative_to(folder.resolve()) and path.is_file()
