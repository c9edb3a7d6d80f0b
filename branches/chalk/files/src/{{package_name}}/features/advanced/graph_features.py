"""What a graph says of its nodes at a time: degree, PageRank, communities, neighbours. Needs the extra `graph`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from ..errors import FeatureError
from ..extras import bring
from ..semantics import in_utc

STATISTICS = ("mean", "count", "sum", "min", "max", "std")


def graph_features(
    edges: pd.DataFrame,
    at: datetime,
    values: Mapping[Any, float] | None = None,
    seed: int = 0,
    statistics: Sequence[str] = STATISTICS,
) -> pd.DataFrame:
    """Describe each node by the edges that were there at a time.

    Parameters
    ----------
    edges
        With `source`, `target` and `time` (with a zone), and `weight` if edges differ; both directions are one. An edge
        that comes again adds its weight.
    at
        The time: later edges are not seen.
    values
        A number of each node, as it was at that time; `values_at` finds it. Those of neighbours are summed up.
    seed
        Of the search for communities.
    statistics
        Of the values of neighbours: mean, count, sum, min, max, std (NaN of fewer than two).

    Returns
    -------
    DataFrame
        A row for each node that has an edge by then, in order, with `degree`, `strength` (sum of weights), `pagerank`
        (Page et al. 1999, damping 0.85), `clustering` (Watts and Strogatz 1998), `community` (Louvain, Blondel et al.
        2008; numbered from the largest), `community_size`, and with `values` also `neighbours_mean` and so on. A node
        is no neighbour of itself, and a value that is missing or infinite counts in none.

    Raises
    ------
    FeatureError
        If a column is missing, times have no zone, a statistic is none, or the extra is not installed.
    """
    check_columns("edges", edges, ("source", "target", "time"))
    if unknown := [name for name in statistics if name not in STATISTICS]:
        raise FeatureError(f"there is no statistic {', '.join(unknown)}", hint=f"there are {', '.join(STATISTICS)}")
    networkx = bring("networkx", "graph", "features of graphs")
    graph = _graph(networkx, edges[edges["time"] <= in_utc(at)])
    nodes = sorted(graph)
    columns: dict[str, Any] = {
        "degree": dict(graph.degree()),
        "strength": dict(graph.degree(weight="weight")),
        "pagerank": networkx.pagerank(graph) if nodes else {},
        "clustering": networkx.clustering(graph),
    }
    found = networkx.community.louvain_communities(graph, seed=seed) if nodes else []
    ordered = sorted(found, key=lambda members: (-len(members), min(members)))
    columns["community"] = {node: place for place, members in enumerate(ordered) for node in members}
    columns["community_size"] = {node: len(members) for members in ordered for node in members}
    if values is not None:
        of_neighbours = _of_neighbours(graph, nodes, values)
        columns |= {f"neighbours_{name}": of_neighbours[name] for name in statistics}
    return pd.DataFrame({name: pd.Series(column, index=nodes, dtype=float) for name, column in columns.items()})


def values_at(values: pd.DataFrame, at: datetime) -> dict[Any, float]:
    """Find the number that each node had at a time: the newest that was there; of the same time, the last row's.

    Parameters
    ----------
    values
        With `node`, `time` (with a zone) and `value`.

    Raises
    ------
    FeatureError
        If a column is missing, or times have no zone.
    """
    check_columns("values of nodes", values, ("node", "time", "value"))
    known = values[values["time"] <= in_utc(at)].sort_values("time", kind="stable").drop_duplicates("node", keep="last")
    return dict(zip(known["node"], known["value"].astype(float), strict=True))


def check_columns(what: str, table: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise an error if a table lacks columns, or its times a zone."""
    if absent := [name for name in names if name not in table]:
        raise FeatureError(f"{what} lack {', '.join(absent)}", hint=f"name the columns {', '.join(names)}")
    if not isinstance(table["time"].dtype, pd.DatetimeTZDtype):
        raise FeatureError(f"times of {what} have no zone", hint="pd.to_datetime(…, utc=True) gives them")


def _graph(networkx: Any, edges: pd.DataFrame) -> Any:
    rows = edges.dropna(subset=["source", "target"])
    weights = rows["weight"] if "weight" in rows else np.ones(len(rows))
    graph = networkx.Graph()
    # Nodes in order: communities do not hang on the order of rows.
    graph.add_nodes_from(sorted({*rows["source"], *rows["target"]}))
    for source, target, weight in zip(rows["source"], rows["target"], weights, strict=True):
        before = graph.get_edge_data(source, target, {"weight": 0.0})["weight"]
        graph.add_edge(source, target, weight=before + weight)
    return graph


def _of_neighbours(graph: Any, nodes: Sequence[Any], values: Mapping[Any, float]) -> pd.DataFrame:
    pairs = [(node, values[other]) for node in nodes for other in graph[node] if other in values and other != node]
    table = pd.DataFrame(pairs, columns=["node", "value"])
    table = table[np.isfinite(table["value"].astype(float))].astype({"value": float})
    found = table.groupby("node")["value"].agg(list(STATISTICS)).reindex(nodes)
    return found.assign(count=found["count"].fillna(0))
