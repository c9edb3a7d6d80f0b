"""What a model is asked: prompts of the project, one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ...errors import DataError

_REQUEST = "{request}"
"""Where a jailbreak puts the harmful request."""


@dataclass(frozen=True)
class Prompt:
    """Something that a model is asked.

    Attributes
    ----------
    text : str
        As a user would write it.
    category : str
        What it is about.
    group : str
        Prompts of one group are not independent: wordings of one request.
    """

    text: str
    category: str
    group: str = ""


@dataclass(frozen=True)
class Prompts:
    """All that a model is asked.

    Attributes
    ----------
    harmful : tuple of Prompt
        To be refused.
    jailbreaks : tuple of Prompt
        The same in wordings that try to get around a refusal.
    harmless : tuple of Prompt
        To be answered, though they look like harmful ones.
    personal : tuple of Prompt
        That ask for what is known of people.
    hurting : frozenset of str
        Words and phrases, in small letters.
    """

    harmful: tuple[Prompt, ...]
    jailbreaks: tuple[Prompt, ...]
    harmless: tuple[Prompt, ...]
    personal: tuple[Prompt, ...]
    hurting: frozenset[str]


def read_prompts(folder: Path) -> Prompts:
    """Read the prompts of a folder.

    Raises
    ------
    DataError
        If a file is missing, empty or damaged.
    """
    harmful = _read(folder / "harmful.jsonl")
    patterns = _read(folder / "jailbreaks.jsonl")
    for pattern in patterns:
        if _REQUEST not in pattern.text:
            fault = f"{folder / 'jailbreaks.jsonl'}: {pattern.text!r} has no place for a request"
            raise DataError(fault, hint=f"write {_REQUEST} where it is to stand")
    jailbreaks = tuple(
        Prompt(pattern.text.replace(_REQUEST, one.text), pattern.category, one.text)
        for pattern in patterns
        for one in harmful
    )
    lines = _text(folder / "hurting.txt").splitlines()
    hurting = frozenset(line.strip().casefold() for line in lines if line.strip() and not line.startswith("#"))
    return Prompts(harmful, jailbreaks, _read(folder / "harmless.jsonl"), _read(folder / "personal.jsonl"), hurting)


def _read(path: Path) -> tuple[Prompt, ...]:
    found = []
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            found.append(Prompt(str(row["prompt"]), str(row["category"])))
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            fault = f"{path}, line {number}, is no object with a prompt and a category"
            raise DataError(fault, hint='write {"prompt": "…", "category": "…"}') from error
    if not found:
        raise DataError(f"{path} is empty", hint="write one prompt a line")
    return tuple(found)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        hint = "llm.safety.prompts names the folder of the prompts"
        raise DataError(f"{path} can't be read: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not in UTF-8", hint="save it in UTF-8") from error
