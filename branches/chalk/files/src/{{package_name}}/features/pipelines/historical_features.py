"""Training sets: for each question the values that were known at its time, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from ...config import Config, load_config
from ..config import FeaturesConfig
from ..definitions.registry import Definitions, find_definitions
from ..definitions.sets import FeatureSet
from ..engines.factory import open_engine
from ..errors import FeatureError
from ..sources import open_reader


def training_set(
    spine: pa.Table,
    references: Sequence[str],
    *,
    definitions: Definitions | None = None,
    config: Config | None = None,
    statuses: bool = False,
) -> pa.Table:
    """Join features to questions, each as it was known at the question's time.

    Parameters
    ----------
    spine
        Table of shape (n_questions, …) with the key of each entity, `event_time` with a zone, what requests give to
        on-demand features, and anything else, such as labels.
    references
        Features, such as `customer.spend_30d`, or sets, such as `customer`.
    definitions, config
        Those of the project, where none are given.
    statuses
        Whether each feature has a column `customer.spend_30d.status` beside it.

    Returns
    -------
    Table
        Of shape (n_questions, …): the spine as it was given, row by row, with a column for each feature.

    Raises
    ------
    FeatureError
        If a feature is not defined, or questions or sources are not what is needed.
    """
    chosen = choose(definitions if definitions is not None else find_definitions(), references)
    config = config if config is not None else load_config()
    engine = open_engine(config.group("features", FeaturesConfig).engine, config.root)
    found = engine.point_in_time(spine, chosen, open_reader(config), statuses=statuses)
    return without_helpers(found, chosen, references)


def choose(definitions: Definitions, references: Sequence[str]) -> list[FeatureSet]:
    """Select what references name, and what that is made of."""
    if not references:
        raise FeatureError("no features are asked for", hint="name some, such as customer.spend_30d, or a set")
    names: dict[str, list[str]] = {}
    for one in references:
        found = definitions[one.partition(".")[0]]
        wanted = [definitions.find(one)[1].name] if "." in one else [feature.name for feature in found.features]
        names.setdefault(found.name, []).extend(wanted)
    return [definitions[name].select(dict.fromkeys(wanted)) for name, wanted in names.items()]


def without_helpers(table: pa.Table, chosen: Sequence[FeatureSet], references: Sequence[str]) -> pa.Table:
    """Leave out features that came along only because others are made of them."""
    wanted = set(references) | {f"{one}.status" for one in references}
    helpers = {f"{one.name}.{feature.name}" for one in chosen if one.name not in wanted for feature in one.features}
    helpers |= {f"{one}.status" for one in helpers}
    return table.select([name for name in table.column_names if name not in helpers or name in wanted])


def read_spine(path: Path) -> pa.Table:
    """Read questions from a file of Parquet or CSV.

    Raises
    ------
    FeatureError
        If it is not there, or is no such table.
    """
    from ..engines.connection import connect, explained
    from ..sources.places import open_place

    if not path.exists():
        hint = "give a file of Parquet or CSV with the keys and event_time of the questions"
        raise FeatureError(f"there are no questions in {path}", hint=hint)
    with explained(f"{path} can't be read"), connect() as connection:
        table = open_place(connection, str(path.absolute()), Path("/"), "the questions")
        return connection.sql(f"SELECT * EXCLUDE (_place) FROM {table} ORDER BY _place").to_arrow_table()
