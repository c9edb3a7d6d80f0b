"""What a graph says of its nodes at a time: degree, PageRank, communities, neighbours. Needs the extra `graph`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from ..errors import FeatureError
from ..extras import bring
from ..semantics import in_utc


def graph_features(
    edges: pd.DataFrame, at: datetime, values: Mapping[Any, float] | None = None, seed: int = 0
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
        A number of each node, as it was at that time; neighbours' means are made of it.
    seed
        Of the search for communities.

    Returns
    -------
    DataFrame
        A row for each node that has an edge by then, in order, with `degree`, `strength` (sum of weights), `pagerank`
        (Page et al. 1999, damping 0.85), `clustering` (Watts and Strogatz 1998), `community` (Louvain, Blondel et al.
        2008; numbered from the largest), `community_size`, and with `values` also `neighbours_mean`.

    Raises
    ------
    FeatureError
        If a column is missing, times have no zone, or the extra is not installed.
    """
    if absent := [name for name in ("source", "target", "time") if name not in edges]:
        raise FeatureError(f"edges lack {', '.join(absent)}", hint="name the columns source, target and time")
    if not isinstance(edges["time"].dtype, pd.DatetimeTZDtype):
        raise FeatureError("times of edges have no zone", hint="pd.to_datetime(…, utc=True) gives them")
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
        columns["neighbours_mean"] = {node: _mean(graph, node, values) for node in nodes}
    return pd.DataFrame({name: pd.Series(column, index=nodes, dtype=float) for name, column in columns.items()})


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


def _mean(graph: Any, node: Any, values: Mapping[Any, float]) -> float:
    known = [values[other] for other in graph[node] if other in values and other != node]
    return float(np.mean(known)) if known else float("nan")
