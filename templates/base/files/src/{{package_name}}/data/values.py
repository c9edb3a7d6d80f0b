"""Reading raw values as the types of a schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from .card import ColumnType
from .config import ColumnConfig

DTYPES: dict[ColumnType, pl.DataType] = {
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "boolean": pl.Boolean(),
    "category": pl.String(),
    "text": pl.String(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us", "UTC"),
}

_NAIVE = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_TRUE = ["true", "t", "yes", "y", "1"]
_FALSE = ["false", "f", "no", "n", "0"]
_TEXTS = {"category", "text"}
_VALUE = "_value:"
_WRONG = "_wrong:"


def value(name: str) -> pl.Expr:
    """Refer to a column after its type was read; the raw one stands beside it."""
    return pl.col(_VALUE + name)


def unreadable(name: str) -> pl.Expr:
    """Refer to which values of a column are there, and yet null as the type of the schema."""
    return pl.col(_WRONG + name)


def typed(frame: pl.LazyFrame, columns: Mapping[str, ColumnConfig], missing: Sequence[str]) -> pl.LazyFrame:
    """Read every raw column as the type of the schema. What is missing, or can't be read, becomes null.

    Most texts are plain, and one parse is enough. Only for the others, in which null is new or which may stand for
    nothing, is it worth the time to strip blanks and look for texts that mean nothing.
    """
    raw = frame.collect_schema()
    frame = frame.with_columns(_typed(pl.col(n), raw[n], c.type, missing).alias(_VALUE + n) for n, c in columns.items())
    frame = frame.with_columns(_wrong(n, raw[n], missing).alias(_WRONG + n) for n in columns)
    texts = [name for name in columns if raw[name] == pl.String]
    parsed: dict[str, ColumnType] = {n: columns[n].type for n in texts if columns[n].type not in _TEXTS}
    for_nothing = {name: _values(missing, kind) for name, kind in parsed.items()}

    def reread(batch: pl.DataFrame) -> pl.DataFrame:
        return _reread(batch, parsed, for_nothing, missing)

    return frame.map_batches(reread, projection_pushdown=False, streamable=True) if parsed else frame


def present(column: pl.Expr, raw: pl.DataType, missing: Sequence[str]) -> pl.Expr:
    """Make null of texts that mean nothing, and of NaN; other texts lose the blanks around them."""
    if raw == pl.String:
        stripped = column.str.strip_chars()
        return pl.when(~stripped.is_in(list(missing))).then(stripped)
    return column.fill_nan(None) if raw.is_float() else column


def parse(text: pl.Expr, wanted: ColumnType) -> pl.Expr:
    """Read text as a type; what can't be read becomes null. A time without an offset is in UTC."""
    if wanted == "float":
        return text.cast(pl.Float64, strict=False).fill_nan(None)
    if wanted == "integer":
        return text.cast(pl.Int64, strict=False)
    if wanted == "boolean":
        lower = text.str.to_lowercase()
        return pl.when(lower.is_in(_TRUE)).then(statement=True).when(lower.is_in(_FALSE)).then(statement=False)
    if wanted == "date":
        return text.str.to_date("%Y-%m-%d", strict=False)
    if wanted == "datetime":
        aware = text.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
        naive = [text.str.to_datetime(form, time_unit="us", strict=False) for form in _NAIVE]
        return pl.coalesce(aware, *(time.dt.replace_time_zone("UTC") for time in naive))
    return text


def _typed(column: pl.Expr, raw: pl.DataType, wanted: ColumnType, missing: Sequence[str]) -> pl.Expr:
    if raw == pl.String and wanted not in _TEXTS:
        return parse(column, wanted)
    column = present(column, raw, missing)
    if wanted == "integer" and raw.is_float():
        return _whole(column)
    if wanted == "datetime" and isinstance(raw, pl.Datetime):
        exact = column.dt.cast_time_unit("us")
        return exact.dt.convert_time_zone("UTC") if raw.time_zone else exact.dt.replace_time_zone("UTC")
    return column.cast(DTYPES[wanted], strict=False)


def _wrong(name: str, raw: pl.DataType, missing: Sequence[str]) -> pl.Expr:
    if raw == pl.String:
        return pl.lit(value=False)  # `_reread` knows better
    return present(pl.col(name), raw, missing).is_not_null() & value(name).is_null()


def _whole(number: pl.Expr) -> pl.Expr:
    """Make integers of whole numbers; a plain cast would cut fractions off."""
    return pl.when(number == number.round()).then(number.cast(pl.Int64, strict=False))


def _values(texts: Sequence[str], wanted: ColumnType) -> pl.Series:
    """Read the texts that mean nothing: -999 is a number all the same."""
    tokens = pl.DataFrame({"t": texts}, schema={"t": pl.String})
    return tokens.select(parse(pl.col("t"), wanted)).to_series().drop_nulls()


def _reread(
    batch: pl.DataFrame,
    parsed: Mapping[str, ColumnType],
    for_nothing: Mapping[str, pl.Series],
    missing: Sequence[str],
) -> pl.DataFrame:
    """Read the doubtful texts of a batch once more, with care."""
    better: list[pl.Series] = []
    for name, wanted in parsed.items():
        text, plain = batch.get_column(name), batch.get_column(_VALUE + name)
        nothing = for_nothing[name]
        if plain.null_count() == text.null_count() and nothing.is_empty():
            continue
        doubtful = plain.is_null() & text.is_not_null()
        if not nothing.is_empty():
            doubtful |= plain.is_in(nothing.implode())
        places = doubtful.arg_true()
        there = present(pl.col(name), pl.String(), missing)
        careful = parse(there, wanted)
        if wanted == "integer":  # other programs write integers with gaps as 1.0
            careful = pl.coalesce(careful, _whole(parse(there, "float")))
        read = text.gather(places).to_frame().select(value=careful, wrong=there.is_not_null() & careful.is_null())
        wrong = batch.get_column(_WRONG + name)
        better += [plain.scatter(places, read["value"]), wrong.scatter(places, read["wrong"])]
    return batch.with_columns(better)
