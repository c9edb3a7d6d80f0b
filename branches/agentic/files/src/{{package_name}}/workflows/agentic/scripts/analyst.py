"""The analyst: what tells the rows of a dataset apart, by its profile, three queries and three pictures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage

from ....agents import messages as words
from ....agents.models.conversation import Conversation, Made
from ....agents.tools.queries import identifier, literal
from ..autonomous_analysis import ANALYST
from . import call_of, rule_of, say

_TOOL = "data_analyzer"
_PLAN = """1. profile the data: rows, columns, gaps, the target
2. ask which columns are linked to the target, and how large its classes are
3. draw the strongest of them, and ask how far apart they set the rows
4. answer, each number with its query"""
_MOST_COLUMNS = 60
_TOP = 3
_CLASSES = 20
_GROUPS = ((1, "inside"), (0, "others"))


@dataclass(frozen=True, slots=True)
class Picked:
    """What a profile says that the analysis is about.

    Attributes
    ----------
    truth
        SQL of 1 where a row is of the rarest class and else 0, or of the target itself if that is a number.
    label
        The rarest class; empty if the target is a number.
    """

    target: str
    truth: str
    label: str
    numbers: tuple[str, ...]


def analyst(conversation: Conversation) -> AIMessage:
    """Say what comes next in the analysis."""
    if conversation.asked in (words.PLAN, words.REPLAN):
        return AIMessage(_PLAN)
    made = [one for one in conversation.made if one.name == _TOOL]
    if not made:
        dataset = conversation.inputs.get("dataset", "")
        return call_of(conversation, (_TOOL, {"action": "profile", "dataset": dataset}))
    profile = made[0].output
    if made[0].failed or not isinstance(profile, dict):
        return _answer("The data can't be read.", {}, [])
    picked = _pick(profile)
    if picked is None:
        count = {"size": "FROM data SELECT count(*) AS counted"}
        return _answer(f"{profile['rows']} [size.counted] rows, and no target to explain.", count, [])
    return _explain(conversation, picked, made)


def _explain(conversation: Conversation, picked: Picked, made: list[Made]) -> AIMessage:
    """Ask, draw, and answer."""
    dataset, queries = conversation.inputs["dataset"], {"size": _size(picked), "link": _link(picked)}
    asked = {one.arguments.get("sql"): one.output for one in made if not one.failed}
    if len(made) == 1:
        return call_of(conversation, *(_query(dataset, sql) for sql in queries.values()))
    links = _row(asked.get(queries["link"]))
    top = sorted((name for name in links if links[name] is not None), key=lambda name: -abs(links[name]))[:_TOP]
    size = _rows(picked, _row(asked.get(queries["size"])))
    if not top:
        return _answer(f"{size} No column of numbers is linked to the target.", queries, [])
    columns = {_alias(name): name for name in picked.numbers}
    queries["cut"] = _cut(picked, columns[top[0]])
    if len(made) == len(queries):
        drawn = _plots(dataset, picked, [columns[name] for name in top])
        return call_of(conversation, _query(dataset, queries["cut"]), *drawn)
    cut = _row(asked.get(queries["cut"]))
    text = " ".join([size, _links(picked, links, top), _apart(picked, cut, columns[top[0]])])
    return _answer(text, queries, _pictures(made))


def _pictures(made: list[Made]) -> list[dict[str, Any]]:
    return [
        {"file": one.output["file"], "caption": _caption(one.arguments["plot"])}
        for one in made
        if one.arguments.get("action") == "plot" and not one.failed and isinstance(one.output, dict)
    ]


RULE = rule_of("analyst", ANALYST, analyst)


def _pick(profile: dict[str, Any]) -> Picked | None:
    columns, target = profile["columns"], profile.get("target", "")
    if target not in columns:
        return None
    about = columns[target]
    numbers = [
        name
        for name, told in columns.items()
        if "mean" in told and name != target and not ("int" in told["type"] and told["distinct"] == profile["rows"])
    ]
    if "mean" in about and (profile.get("task") == "regression" or about["distinct"] > _CLASSES):
        return Picked(target, identifier(target), "", tuple(numbers[:_MOST_COLUMNS]))
    label = str(about["frequent"][-1][0] if "frequent" in about else about["min"])
    truth = f"CAST(CAST({identifier(target)} AS VARCHAR) = {literal(label)} AS INT)"
    return Picked(target, truth, label, tuple(numbers[:_MOST_COLUMNS]))


def _size(picked: Picked) -> str:
    truth = picked.truth
    if picked.label:
        return f"FROM data SELECT count(*) AS counted, sum({truth}) AS chosen, avg({truth}) AS share"
    return f"FROM data SELECT count(*) AS counted, avg({truth}) AS mean, stddev_samp({truth}) AS spread"


def _link(picked: Picked) -> str:
    parts = [f"corr({identifier(name)}, {picked.truth}) AS {_alias(name)}" for name in picked.numbers]
    return f"FROM data SELECT {', '.join(parts) or 'NULL AS nothing'}"


def _cut(picked: Picked, column: str) -> str:
    """Ask how far one column alone gets: by a cut half-way between the means of two groups, or by a straight line."""
    name, truth = identifier(column), picked.truth
    if not picked.label:
        return f"FROM data SELECT regr_slope({truth}, {name}) AS slope, regr_r2({truth}, {name}) AS explained"
    inside, others = (f"avg({name}) FILTER ({truth} = {is_so}) AS {as_name}" for is_so, as_name in _GROUPS)
    right = f"avg(CAST((({name} > (inside + others) / 2) = (inside > others)) = ({truth} = 1) AS INT))"
    means = f"(FROM data SELECT {inside}, {others})"
    return f"FROM data, {means} SELECT any_value(inside) AS inside, any_value(others) AS others, {right} AS correct"


def _query(dataset: str, sql: str) -> tuple[str, dict[str, Any]]:
    return _TOOL, {"action": "query", "dataset": dataset, "sql": sql}


def _plots(dataset: str, picked: Picked, top: list[str]) -> list[tuple[str, dict[str, Any]]]:
    first, second = top[0], top[-1]
    if picked.label:
        plots = [
            {"kind": "histogram", "x": first, "colour": picked.target},
            {"kind": "scatter", "x": first, "y": second, "colour": picked.target},
            {"kind": "bar", "x": picked.target},
        ]
    else:
        plots = [{"kind": "scatter", "x": first, "y": picked.target}, {"kind": "histogram", "x": picked.target}]
    return [(_TOOL, {"action": "plot", "dataset": dataset, "plot": {**plot, "format": "svg"}}) for plot in plots]


def _rows(picked: Picked, size: dict[str, Any]) -> str:
    if not size:
        return "How many rows there are could not be asked."
    counted = f"{_shown(size['counted'])} [size.counted]"
    if not picked.label:
        mean, spread = f"{_shown(size['mean'])} [size.mean]", f"{_shown(size['spread'])} [size.spread]"
        return f"Over {counted} rows `{picked.target}` is {mean} on average, with a standard deviation of {spread}."
    share = f"{100 * size['share']:.1f} % [size.share]"
    return f"Of {counted} rows, {_shown(size['chosen'])} [size.chosen] are `{picked.label}`, which is {share}."


def _links(picked: Picked, links: dict[str, Any], top: list[str]) -> str:
    said = [f"`{name}` with a correlation of {links[name]:.2f} [link.{name}]" for name in top]
    what = f"being `{picked.label}`" if picked.label else f"`{picked.target}`"
    return f"Most closely linked to {what} are {', '.join(said)}."


def _apart(picked: Picked, cut: dict[str, Any], name: str) -> str:
    if not cut:
        return ""
    if not picked.label:
        slope, explained = f"{_shown(cut['slope'])} [cut.slope]", f"{100 * cut['explained']:.1f} % [cut.explained]"
        line = f"a line through it explains {explained} of the variance"
        return f"One unit more of `{name}` goes with {slope} more of it; {line}."
    inside, others = f"{_shown(cut['inside'])} [cut.inside]", f"{_shown(cut['others'])} [cut.others]"
    right = f"{100 * cut['correct']:.1f} % [cut.correct]"
    means = f"The mean of `{name}` is {inside} for `{picked.label}` and {others} elsewhere"
    return f"{means}: a cut half-way between tells {right} of the rows right."


def _caption(plot: dict[str, Any]) -> str:
    apart = f", by {plot['colour']}" if plot.get("colour") else ""
    return f"{plot['kind']} of {plot['x']}{' and ' + plot['y'] if plot.get('y') else ''}{apart}"


def _answer(text: str, queries: dict[str, str], pictures: list[dict[str, Any]]) -> AIMessage:
    return say({"text": text.strip(), "queries": queries, "pictures": pictures})


def _row(output: Any) -> dict[str, Any]:
    if not isinstance(output, dict) or not output.get("rows"):
        return {}
    return dict(zip(output["columns"], output["rows"][0], strict=True))


def _alias(name: str) -> str:
    return "c_" + re.sub(r"[^A-Za-z0-9_]", "_", name) if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) else name


def _shown(value: float) -> str:
    if float(value).is_integer():
        return str(int(value))
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.1f}"
