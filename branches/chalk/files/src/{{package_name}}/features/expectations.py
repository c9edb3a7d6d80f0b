"""Suites of Great Expectations that a team has: tables are held against them beside the rules of contracts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from .errors import FeatureError
from .extras import bring
from .validators import Issue


def find_suites(folder: Path, sets: list[str]) -> list[Path]:
    """Give the suites of sets, which are named as they are: `customer.json`."""
    return [path for name in sets if (path := folder / f"{name}.json").exists()]


def hold_against(frame: pl.DataFrame, path: Path) -> list[Issue]:
    """Hold a table against a suite.

    Parameters
    ----------
    frame
        Of shape (n_rows, …).
    path
        A suite as JSON, such as `features validate --great-expectations` writes.

    Returns
    -------
    list of Issue
        One for each expectation that is not met, or can't be tried.

    Raises
    ------
    FeatureError
        If the extra is not installed, or the file is no suite.
    """
    gx = bring("great_expectations", "expectations", "suites of expectations")
    suite = _read(gx, path)
    asset = gx.get_context(mode="ephemeral").data_sources.add_pandas("features").add_dataframe_asset("table")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame.to_pandas()})
    results = batch.validate(suite).to_json_dict()["results"]
    return [_issue(told, path.name) for told in results if not told["success"]]


def _read(gx: Any, path: Path) -> Any:
    hint = "write it as Great Expectations 1.x does: name, and expectations with type and kwargs"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        suite = gx.ExpectationSuite(**told)
    except Exception as error:  # each expectation raises what it likes where it is wrong
        raise FeatureError(f"{path} is no suite of Great Expectations: {error}", hint=hint) from error
    lost = len(told.get("expectations", [])) - len(suite.expectations)
    if lost:  # those that it can't make something of are left out without an error
        raise FeatureError(f"{path} has {lost} expectations that Great Expectations does not know", hint=hint)
    return suite


def _issue(told: Mapping[str, Any], suite: str) -> Issue:
    config, result = told["expectation_config"], told["result"]
    kwargs = {name: value for name, value in config["kwargs"].items() if name != "batch_id"}
    subject = str(kwargs.get("column", "table"))
    words = config["type"].removeprefix("expect_").replace("_", " ")
    limits = ", ".join(f"{name}={value}" for name, value in kwargs.items() if name != "column" and value is not None)
    count = result.get("unexpected_count")
    seen = "" if count is None else f": {count} values are not so"
    return Issue(subject, config["type"], f"{suite}: {subject}: {words}{f' ({limits})' if limits else ''}{seen}")
