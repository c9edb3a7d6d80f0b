"""Files of training sets, transformed by what the first of them says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from ..errors import first_line
from .derived import derived_from
from .errors import FeatureError
from .tables import write_table
from .transformations_config import TransformationsConfig
from .transformers import make_transformations


def transform_files(
    paths: Sequence[Path],
    folder: Path,
    label: str,
    keep: Sequence[str] = (),
    options: TransformationsConfig | None = None,
) -> list[tuple[Path, int, int]]:
    """Fit on the rows of the first file, and write these and those of the others transformed.

    Parameters
    ----------
    label, keep
        Columns that are written as they are.

    Returns
    -------
    list of (Path, int, int)
        Each file written, with its rows and columns.

    Raises
    ------
    FeatureError
        If a file can't be read, lacks a column, would be written over, or a training row has no label; or if `options`
        makes columns of the label.
    """
    if len({path.name for path in paths}) < len(paths) or any((folder / p.name).exists() for p in paths):
        raise FeatureError(f"files in {folder} would be written over", hint="name another folder with --out")
    derived = derived_from(options or TransformationsConfig())
    if label in derived:
        hint = "leave it out of history, calendar, graph and interactions"
        raise FeatureError(f"{label} is to be predicted: no column can be made of it", hint=hint)
    frames = [_read(path) for path in paths]
    kept = [label, *(name for name in keep if name != label)]
    train = frames[0]
    transformations = make_transformations(train, options, kept)
    if unlabelled := int(train[label].isna().sum()):
        raise FeatureError(
            f"{unlabelled} rows of {paths[0]} have no {label}", hint="nothing is learnt from them: leave them out"
        )
    written = []
    for place, (path, frame) in enumerate(zip(paths, frames, strict=True)):
        if absent := sorted(((set(train.columns) - set(kept)) | derived) - set(frame.columns)):
            raise FeatureError(f"{path} lacks the columns {', '.join(absent)}", hint=f"{paths[0]} has them")
        # Training rows are encoded by what the other folds say; hence not `transform`.
        values = transformations.fit_transform(frame, frame[label]) if place == 0 else transformations.transform(frame)
        numbers = pd.DataFrame(values, columns=transformations.get_feature_names_out())
        there = [name for name in kept if name in frame]
        table = pd.concat([frame[there].reset_index(drop=True), numbers], axis="columns")
        write_table(pa.Table.from_pandas(table, preserve_index=False), folder / path.name)
        written.append((folder / path.name, *table.shape))
    return written


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise FeatureError(f"{path} can't be read: {first_line(error)}", hint="it is a file of Parquet") from error
