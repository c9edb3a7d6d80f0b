"""Where values come from. Each source reads itself into entries: a key, its value, and its place."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from dotenv.parser import parse_stream

from .errors import ConfigError, Problem
from .keys import Key, dotted

_MOST_VALUES = 100_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of one source.

    Attributes
    ----------
    key
        The parts of the key, the group first.
    value
        As it was read; `${VAR}` is still in it.
    origin
        A file and line, the name of a variable, or an option.
    text
        Whether the value is text that may stand for a list or a mapping, as in the environment.
    """

    key: Key
    value: object
    origin: str
    text: bool = False


def read_yaml(path: Path, name: str, prefix: Key = ()) -> list[Entry]:
    """Read a YAML file, with the line of every value.

    Parameters
    ----------
    path
        The file.
    name
        What to call it in messages: its path below the project's root.
    prefix
        The key that the file's own keys are below.

    Raises
    ------
    ConfigError
        If the file is unreadable, no YAML, no mapping, has a key twice, or stands for too many values.
    """
    try:
        node = yaml.compose(_read_text(path, name), Loader=yaml.SafeLoader)
        size = _size(node, {}) if node else 0
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}" if mark else name
        reason = getattr(error, "problem", None) or "unreadable characters"
        message = f"this is not valid YAML: {reason}"
        raise ConfigError.of(where, message, hint="look for a tab, a quote or a colon") from error
    except RecursionError as error:
        raise ConfigError.of(name, "its values stand too deep inside each other", hint="write fewer levels") from error
    if node is None or node.tag == "tag:yaml.org,2002:null":
        return []
    if size == math.inf:
        raise ConfigError.of(name, "an alias stands inside what it stands for", hint="write the value out")
    if size > _MOST_VALUES:
        message = f"with its aliases written out, the file has more than {_MOST_VALUES:,} values"
        raise ConfigError.of(name, message, hint="let no alias stand for a value that holds further aliases")
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError.of(f"{name}:1", "the file must hold keys and values", hint="write `key: value`")
    return list(_entries(node, name, prefix))


def _entries(node: yaml.MappingNode, name: str, prefix: Key) -> Iterator[Entry]:
    seen: set[str] = set()
    for key_node, value_node in node.value:
        where = f"{name}:{key_node.start_mark.line + 1}"
        if not isinstance(key_node, yaml.ScalarNode):
            raise ConfigError.of(where, "a key must be text", key=dotted(prefix))
        key = (*prefix, key_node.value)
        if key_node.value in seen:
            raise ConfigError.of(where, "the key is there twice", key=dotted(key), hint="keep one of the two")
        seen.add(key_node.value)
        if isinstance(value_node, yaml.MappingNode) and value_node.value:
            yield from _entries(value_node, name, key)
        else:
            yield Entry(key, _construct(value_node, where, key), where)


def _size(node: yaml.Node, known: dict[yaml.Node, float]) -> float:
    """Count the values of a node with its aliases written out: without end if one stands inside what it stands for.

    Each node is counted once, or a few lines of aliases would take as long as what they stand for.
    """
    if node not in known:
        known[node] = math.inf  # until it is known: only an alias inside the node itself finds this
        inner = node.value if isinstance(node, yaml.CollectionNode) else []
        parts = [part for item in inner for part in (item if isinstance(item, tuple) else (item,))]
        known[node] = 1 + sum(_size(part, known) for part in parts)
    return known[node]


def _construct(node: yaml.Node, where: str, key: Key) -> object:
    loader = yaml.SafeLoader("")
    try:
        value: object = loader.construct_document(node)
    except yaml.YAMLError as error:
        raise ConfigError.of(where, f"this is not valid YAML: {error}", key=dotted(key)) from error
    finally:
        loader.dispose()
    return value


def read_dotenv(path: Path) -> dict[str, str]:
    """Read the variables of an `.env` file.

    Returns
    -------
    dict of str to str
        Empty if there is no such file.
    """
    if not path.exists():
        return {}
    variables: dict[str, str] = {}
    problems: list[Problem] = []
    for binding in parse_stream(io.StringIO(_read_text(path, path.name))):
        where = f"{path.name}:{binding.original.line}"
        if binding.error:
            problems.append(Problem(where, "", "this line can't be read", 'write NAME=value, or NAME="a value"'))
        elif binding.key is not None and binding.value is not None:
            variables[binding.key] = binding.value
    if problems:
        raise ConfigError(problems)
    return variables


def read_variables(variables: Mapping[str, str], prefix: str, source: str = "") -> list[Entry]:
    """Take the settings out of variables: `PREFIX__LLM__MODEL__BASE_MODEL` is `llm.model.base_model`."""
    entries: list[Entry] = []
    for name, value in sorted(variables.items()):
        if name.upper().startswith(f"{prefix}__"):
            key = tuple(name[len(prefix) + 2 :].lower().split("__"))
            entries.append(Entry(key, value, f"{name}{source}", text=True))
    return entries


def read_overrides(overrides: Sequence[str]) -> list[Entry]:
    """Read `key=value` texts from the command line.

    Raises
    ------
    ConfigError
        If one has no `=`, or an empty key.
    """
    entries: list[Entry] = []
    for override in overrides:
        name, equals, value = override.partition("=")
        key = tuple(name.strip().split("."))
        if not equals or not all(key):
            hint = "for example: --set logging.level=DEBUG"
            raise ConfigError.of("--set", f"{override!r} is no key=value", hint=hint)
        entries.append(Entry(key, value, "--set", text=True))
    return entries


def _read_text(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = f"the file can't be read: {error.strerror}"
        raise ConfigError.of(name, reason, hint="check the file and its permissions") from error
    except UnicodeDecodeError as error:
        raise ConfigError.of(name, "the file is not UTF-8 text", hint="save it as UTF-8") from error
