"""The commands that show what is defined."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..runtime import EnvOption, JsonOption, SetOption, print_table, start

if TYPE_CHECKING:
    from .definitions import Feature, FeatureSet

ReferenceArgument = Annotated[str, typer.Argument(help="A feature, such as customer.spend_30d, or a set")]


def list_command(as_json: JsonOption = False, overrides: SetOption = None, env: EnvOption = None) -> None:
    """List all features: what they are of, and their version."""
    start(overrides, env)
    from .definitions.registry import find_definitions

    rows = [
        (f"{one.name}.{name}", type(one[name]).__name__.lower(), str(kind), one.fingerprint(name))
        for one in find_definitions().sets
        for name, kind in ((feature.name, one.kinds[feature.name]) for feature in one.features)
    ]
    heading = ("feature", "type", "kind", "version")
    if as_json:
        typer.echo(json.dumps([dict(zip(heading, row, strict=True)) for row in rows], indent=2))
    else:
        print_table([heading, *rows])


def show_command(
    reference: ReferenceArgument, as_json: JsonOption = False, overrides: SetOption = None, env: EnvOption = None
) -> None:
    """Show what a feature is made of and which models read it, or all features of a set."""
    config = start(overrides, env)
    from .catalogue.models import find_models
    from .definitions.registry import find_definitions

    definitions = find_definitions()
    if "." in reference:
        owner, feature = definitions.find(reference)
        described = [_describe(owner, feature)]
    else:
        owner = definitions[reference]
        described = [_describe(owner, feature) for feature in owner.features]
    models = find_models(config, definitions)
    for facts in described:
        facts["models"] = [one.title for one in models.of(facts["feature"])]
    if as_json:
        typer.echo(json.dumps(described, indent=2))
        return
    for place, facts in enumerate(described):
        if place:
            typer.echo("")
        print_table([(name, _text(value)) for name, value in facts.items() if value not in ("", None, [], {})])


def _describe(owner: FeatureSet, feature: Feature) -> dict[str, Any]:
    from .catalogue.entries import without_secrets
    from .definitions import OnDemand
    from .definitions.features import meaning

    facts: dict[str, Any] = {
        "feature": f"{owner.name}.{feature.name}",
        "description": feature.description,
        "entity": owner.entity.name,
        "key": owner.entity.key,
        "owner": owner.owner,
        "tags": list(owner.tags),
        "kind": str(owner.kinds[feature.name]),
        "version": owner.fingerprint(feature.name),
        "tests": _tests(owner, feature.name),
    }
    if isinstance(feature, OnDemand):
        names = sorted(feature.expression.names())
        asked = sorted(feature.expression.names("request"))
        made = {"type": "ondemand", "of": names, "request": asked, "expression": feature.expression.to_json()}
        return facts | made
    made = meaning(feature)
    return facts | {**made, "source": feature.source.name, "location": without_secrets(feature.source.location)}


def _tests(owner: FeatureSet, name: str) -> dict[str, Any]:
    found = asdict(owner.tests[name]) if name in owner.tests else {}
    return {key: value for key, value in found.items() if value not in (None, ())}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
