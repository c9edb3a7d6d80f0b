"""Cases of the Berkeley Function Calling Leaderboard as a suite, from the files that `bfcl-eval` ships.

Its categories of single turns are read: a question, functions, and the values that are right for each argument.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..agent_config import AgentConfig
from ..errors import AgentError
from ..tasks import Status
from .checks import CalledCheck, StatusCheck
from .expected import Expected
from .offers import Offer
from .suite import Case, Suite

_TYPES = {"dict": "object", "float": "number", "tuple": "array"}  # as Python, and not JSON Schema, calls them
_ROLE = "You call the functions that answer a request, all at once, with arguments from it. If none does, call none."


def find_data() -> Path:
    """Find the data of the package `bfcl-eval`, without importing it.

    Raises
    ------
    AgentError
        If it is not installed.
    """
    spec = find_spec("bfcl_eval")
    for place in (spec.submodule_search_locations or []) if spec else []:
        if (folder := Path(place) / "data").is_dir():
            return folder
    hint = "install it in an environment of its own, as its pins clash with others', and give --data"
    raise AgentError("bfcl-eval is not installed here", hint=hint)


def read_bfcl(folder: Path, category: str, most: int = 0) -> Suite:
    """Read a category, such as `simple_python`, `parallel_multiple` or `irrelevance`.

    Parameters
    ----------
    folder
        With the files of questions, and those of answers in `possible_answer`.
    most
        Cases that are taken, from the first; all if 0.

    Raises
    ------
    AgentError
        If there is no such category, or its files have another form.
    """
    known = {path.stem.split("_", 2)[2]: path for path in sorted(folder.glob("BFCL_v*_*.json"))}
    if category not in known:
        hint = f"there are: {', '.join(known)}" if known else f"{folder} holds none"
        raise AgentError(f"BFCL has no category {category!r}", hint=hint)
    asked = known[category]
    questions = _lines(asked)
    answered = folder / "possible_answer" / asked.name
    answers = {one["id"]: one["ground_truth"] for one in _lines(answered)} if answered.is_file() else {}
    try:
        cases = [_case(one, answers.get(one["id"], [])) for one in questions[: most or None]]
        agent = AgentConfig(kind="tool", role=_ROLE)
        about = f"{asked.stem} of the Berkeley Function Calling Leaderboard"
        return Suite(name=f"bfcl_{category}", about=about, agent=agent, cases=tuple(cases))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        hint = "categories of single turns are read: simple_python, multiple, parallel, parallel_multiple, irrelevance"
        raise AgentError(f"{asked.name} can't be made a suite: {type(error).__name__}", hint=hint) from error


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise AgentError(f"{path} can't be read as lines of JSON", hint="is it a file of bfcl-eval?") from error


def _case(question: dict[str, Any], answers: list[dict[str, Any]]) -> Case:
    [turn] = question["question"]
    said = [message["content"] for message in turn]
    offers = [
        Offer(
            name=_name(one["name"]),
            description=one["description"] or one["name"],
            parameters=_schema(one["parameters"]),
        )
        for one in question["function"]
    ]
    calls = [
        Expected(tool=_name(name), arguments={key: list(values) for key, values in arguments.items()})
        for answer in answers
        for name, arguments in answer.items()
    ]
    checks = (CalledCheck(kind="arguments", calls=tuple(calls)), StatusCheck(kind="status", status=Status.DONE))
    name = "".join(letter if letter.isalnum() else "_" for letter in question["id"].lower())[:60]
    return Case(name=name, goal="\n\n".join(said), offers=tuple(offers), checks=checks)


def _name(name: str) -> str:
    """Give a name that providers take: theirs have no dots."""
    return name.replace(".", "_")


def _schema(told: Any) -> Any:
    """Make JSON Schema of a description of arguments."""
    if isinstance(told, list):
        return [_schema(one) for one in told]
    if not isinstance(told, dict):
        return told
    schema = {name: _schema(value) for name, value in told.items() if name not in ("default", "optional")}
    kind = told.get("type")
    if kind == "any":
        del schema["type"]
    elif isinstance(kind, str):
        schema["type"] = _TYPES.get(kind, kind)
    return schema
