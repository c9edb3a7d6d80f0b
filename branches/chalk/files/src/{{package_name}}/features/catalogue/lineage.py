"""What features follow from, and what follows from them, up to the models that read them, each with its distance.

definitions + models that read features → edges → those before and after what is named
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..definitions.registry import Definitions
from ..pipelines.changes import lineage
from .models import PREFIX, Models

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that something else is made of.

    Attributes
    ----------
    source, target
        Columns of sources, values of requests, features and models, by reference.
    distance
        Of its far end to what was asked for: -1 is what that is made of, 1 what is made of that, 2 what is made of
        those; 0 if nothing was named.
    """

    source: str
    target: str
    distance: int = 0


def trace(definitions: Definitions, models: Models, references: Sequence[str] = ()) -> list[Step]:
    """Follow what is named back to columns and requests, and on to all that depends on it.

    Parameters
    ----------
    references
        Features, sets, columns of sources such as `purchases.amount`, or models such as `models:/churn@champion`; all
        edges if none is given.

    Returns
    -------
    list of Step
        The farthest back first, the farthest on last. What lies between two that are named counts as before the second.

    Raises
    ------
    DefinitionError
        If nothing has such a name.
    """
    edges = lineage(definitions) + models.edges()
    if not references:
        return [Step(source, target) for source, target in edges]
    known = {name for edge in edges for name in edge}
    named = [name for reference in references for name in _named(reference, known, definitions, models)]
    before, after = _distances([(target, source) for source, target in edges], named), _distances(edges, named)
    back = [Step(source, target, -before[target] - 1) for source, target in edges if target in before]
    on = [Step(*edge, after[edge[0]] + 1) for edge in edges if edge[0] in after and edge[1] not in before]
    return sorted(back + on, key=lambda step: step.distance)


def _named(reference: str, known: set[str], definitions: Definitions, models: Models) -> list[str]:
    if reference.startswith(PREFIX):
        return [one.reference for one in models.find(reference)]
    if reference in known:
        return [reference]
    if "." in reference:
        definitions.find(reference)
        return [reference]
    return [f"{reference}.{feature.name}" for feature in definitions[reference].features]


def _distances(edges: Sequence[Edge], starts: Iterable[str]) -> dict[str, int]:
    """Count the least edges from any of the starts to all that can be reached."""
    following: dict[str, list[str]] = {}
    for source, target in edges:
        following.setdefault(source, []).append(target)
    found = dict.fromkeys(starts, 0)
    waiting = deque(found)
    while waiting:
        name = waiting.popleft()
        for target in following.get(name, ()):
            if target not in found:
                found[target] = found[name] + 1
                waiting.append(target)
    return found
