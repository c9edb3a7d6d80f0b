"""The catalogue as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ...reports import Block, Details, Facts, Figure, Report, Section, Status, Text
from ...reports.blocks import shown
from ...reports.charts import Bar, bars, columns
from ...reports.graph import graph
from .entries import Catalogue, FeatureEntry, SetEntry, SourceEntry
from .models import ModelEntry, Models

CATALOGUE = "reports/features/catalogue.html"
"""Where the page is in a project."""

_MOST_DRAWN = 60
_COLUMNS, _STORED, _ON_DEMAND, _READ_BY = "columns of sources", "features of rows", "features on demand", "read by"


def make_page(catalogue: Catalogue, now: datetime) -> Report:
    """Write all of it: each set with its features, the models that read them, and sources."""
    count, sets, sources = sum(len(one.features) for one in catalogue.sets), len(catalogue.sets), len(catalogue.sources)
    summary = f"Features: {count}, in sets: {sets}, from sources: {sources}."
    sections = [Section(one.name, set_blocks(one)) for one in catalogue.sets]
    models = model_blocks(catalogue.models)
    read = [Section("Models", models)] if models else []
    page = [*sections, *read, Section("Sources", source_blocks(catalogue.sources))]
    return Report("Catalogue of features", summary, page, created=now, search="Find")


def set_blocks(one: SetEntry) -> list[Block]:
    """Describe a set: who answers for it, how fresh it is, where it comes from, and each feature."""
    facts: dict[str, object] = {
        "entity": one.entity,
        "key": one.key,
        "owner": one.owner,
        "tags": ", ".join(one.tags),
        "newest table": one.newest or Status("info", "none: features backfill"),
    }
    for source, until in one.online.items():
        facts[f"{source}, online until"] = until or Status("info", "never: features materialise")
    described: list[Block] = [Text(one.description)] if one.description else []
    return [*described, Facts(facts), lineage_figure(one), *(_feature(feature, one) for feature in one.features)]


def lineage_figure(one: SetEntry) -> Block:
    """Draw what leads to the features of a set, and who reads them."""
    if len(one.features) > _MOST_DRAWN:
        return Text(f"Too many features to be drawn: features lineage {one.name} lists what they are made of.")
    edges = [(part, feature.reference) for feature in one.features for part in feature.parts]
    made = {feature.reference for feature in one.features}
    drawn = {_COLUMNS: {part: part for part, _ in edges if part not in made}}
    for level, names in enumerate(_levels(one)):
        heading = f"{_ON_DEMAND}, {level}" if level > 1 else _ON_DEMAND if level else _STORED
        drawn[heading] = {name: name.partition(".")[2] for name in names}
    drawn[_READ_BY] = {f"reader {who}": who for who in one.consumers}
    edges += [(name, f"reader {who}") for who, names in one.consumers.items() for name in names]
    read = [(feature.reference, model) for feature in one.features for model in feature.models]
    drawn[_READ_BY] |= {f"model {model}": model for _, model in read}
    edges += [(name, f"model {model}") for name, model in read]
    alt = "; ".join(f"{target} comes from {source}" for source, target in edges)
    picture = graph({heading: names for heading, names in drawn.items() if names}, edges)
    return Figure(picture, "What features are made of, and who reads them", alt, wide=True)


def model_blocks(models: Models) -> list[Block]:
    """Describe the models that read features, and what kept others from being looked at."""
    faults = [Facts({"can't be read": Status("warning", fault)}) for fault in models.faults]
    return [*(_model(one) for one in models.entries), *faults]


def source_blocks(sources: Sequence[SourceEntry]) -> list[Block]:
    """Describe sources, with how new their rows are."""
    return [_source(one) for one in sources]


def _source(one: SourceEntry) -> Block:
    facts = {
        "place": one.location,
        "key": one.key,
        "time": one.time,
        "known since": one.created,
        "topic": one.topic,
        "newest row": Status("warning", one.fault) if one.fault else one.newest,
    }
    return Details(one.name, one.description, [Facts(facts)])


def _model(one: ModelEntry) -> Block:
    gone = [Facts({"not defined any more": Status("critical", ", ".join(one.gone))})] if one.gone else []
    return Details(one.title, f"predicts {one.target}", [Text(", ".join(one.features)), *gone])


def _levels(one: SetEntry) -> list[list[str]]:
    """Divide features by how many steps on demand lead to them."""
    found: dict[str, int] = {}
    waiting = list(one.features)
    while waiting:
        feature = waiting.pop(0)
        parts = [part for part in feature.parts if part.startswith(f"{one.name}.")]
        if feature.type != "ondemand":
            found[feature.reference] = 0
        elif all(part in found for part in parts):
            found[feature.reference] = 1 + max((found[part] for part in parts), default=0)
        else:
            waiting.append(feature)  # definitions have no circles
    levels: list[list[str]] = [[] for _ in range(max(found.values(), default=0) + 1)]
    for name, level in found.items():
        levels[level].append(name)
    return levels


def _feature(one: FeatureEntry, owner: SetEntry) -> Block:
    facts: dict[str, object] = {"holds": one.kind, "type": one.type, "made of": one.made_of}
    known = {
        "source": one.source,
        "ttl": one.ttl,
        "default": one.default,
        "comes from": ", ".join(one.parts),
        "leads to": ", ".join(one.whole),
        "checked": "; ".join(one.tests),
        "read by": ", ".join(one.consumers),
        "read by models": ", ".join(one.models),
        "owner": owner.owner,
        "version": one.version,
    }
    facts |= {name: value for name, value in known.items() if value not in ("", None)}
    return Details(one.reference, one.description or one.made_of, [Facts(facts), *_values(one, owner)])


def _values(one: FeatureEntry, owner: SetEntry) -> Iterator[Block]:
    found = one.quality
    if found is None:
        return
    facts = {
        "table of": owner.newest,
        "rows": found.rows,
        "missing": None if found.completeness is None else f"{1 - found.completeness:.1%}",
        "distinct, about": found.distinct,
        "least": found.minimum,
        "mean": found.mean,
        "greatest": found.maximum,
        "deviation": found.std,
    }
    yield Facts({name: value for name, value in facts.items() if value is not None})
    shape = one.histogram
    if shape is None:
        return
    if shape.categories:
        rows = [Bar(name, share) for name, share in zip(shape.categories, shape.shares, strict=True)]
        yield Figure(bars(rows), "Shares of the most frequent values", f"How often values of {one.reference} are")
    else:
        drawn = columns(shape.shares, shown(shape.low), shown(shape.high))
        yield Figure(drawn, "Values, without 1 of 200 at either end", f"How the values of {one.reference} lie")
