"""Questions about keys that the models answer: does one exist, what may it hold, what is it close to."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence, Set
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr

Key = tuple[str, ...]
Models = Mapping[str, type[BaseModel]]

_SECRET_ENDINGS = ("password", "secret", "api_key", "access_key", "private_key", "access_token", "auth_token")


def dotted(key: Sequence[object]) -> str:
    """Write a key as people do: `llm.model.base_model`."""
    return ".".join(str(part) for part in key)


def types_at(models: Models, key: Key) -> list[Any] | None:
    """Find the types that a key may hold, with unions taken apart.

    Returns
    -------
    list of types, or None
        None if the models have no such key.
    """
    if key[0] not in models:
        return None
    current: list[Any] = [models[key[0]]]
    for part in key[1:]:
        current = [member for annotation in current for member in _below(annotation, part)]
    return current or None


def _below(annotation: Any, part: str) -> Iterator[Any]:
    if is_model(annotation):
        field = annotation.model_fields.get(part)
        if field is not None:
            yield from _members(field.annotation)
        elif annotation.model_config.get("extra") == "allow":
            yield Any
    elif _is_mapping(annotation):
        yield from _members(get_args(annotation)[1]) if get_args(annotation) else (Any,)
    elif annotation is Any or annotation is object:
        yield Any


def _members(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _members(get_args(annotation)[0])
    elif get_origin(annotation) in {Union, types.UnionType}:
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


def _is_mapping(annotation: Any) -> bool:
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, Mapping)


def is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    """Whether a type is a group or a section."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def takes_container(annotation: Any) -> bool:
    """Whether a value of this type is written as a list or a mapping."""
    kind = get_origin(annotation) or annotation
    containers = (BaseModel, Mapping, Sequence, Set)
    return isinstance(kind, type) and issubclass(kind, containers) and not issubclass(kind, (str, bytes))


def takes_text(annotation: Any) -> bool:
    """Whether text is a value of this type as it stands, whatever it looks like."""
    if get_origin(annotation) is Literal:
        return any(isinstance(choice, str) for choice in get_args(annotation))
    return annotation in {str, Any, object, SecretStr, SecretBytes}


def is_secret(models: Models, key: Key) -> bool:
    """Whether a value must not be shown: by its type, or by a name such as `password` or `api_key`."""
    kinds = types_at(models, key) or []
    return SecretStr in kinds or SecretBytes in kinds or key[-1].lower().endswith(_SECRET_ENDINGS)


def leaves(models: Models) -> list[Key]:
    """List every key that holds a value, in the order of the models."""
    return [key for name, model in models.items() for key in _leaves((name,), model, ())]


def _leaves(prefix: Key, model: type[BaseModel], above: tuple[type[BaseModel], ...]) -> Iterator[Key]:
    for name, field in model.model_fields.items():
        inner = [kind for kind in _members(field.annotation) if is_model(kind) and kind not in above]
        if not inner:
            yield (*prefix, name)
        for kind in inner:
            yield from _leaves((*prefix, name), kind, (*above, model))


def nearest(models: Models, key: Key) -> str:
    """Find the right key that is closest to a wrong one, or an empty text.

    A sibling with a similar name is closest, then the same name in another place, then what looks alike.
    """
    known = list(dict.fromkeys(leaf[:size] for leaf in leaves(models) for size in range(len(leaf), 0, -1)))
    siblings = [other[-1] for other in known if other[:-1] == key[:-1]]
    for name in get_close_matches(key[-1], siblings, n=1):
        return dotted((*key[:-1], name))
    namesakes = [dotted(other) for other in known if other[-1] == key[-1]]
    close = get_close_matches(dotted(key), namesakes, n=1, cutoff=0) or get_close_matches(
        dotted(key), map(dotted, known), n=1
    )
    return next(iter(close), "")
