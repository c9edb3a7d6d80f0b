"""Reading raw values as the types of a schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

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
_BOOLEANS = {"true": True, "t": True, "yes": True, "y": True, "1": True}
_BOOLEANS |= {"false": False, "f": False, "no": False, "n": False, "0": False}
_VALUE = "_value:"
_NO = pl.Series([False])


def value(name: str) -> pl.Expr:
    """Refer to a column after its type was read; the raw one stands beside it."""
    return pl.col(_VALUE + name)


def typed(columns: Mapping[str, ColumnConfig], missing: Sequence[str], raw: pl.Schema) -> list[pl.Expr]:
    """Read every raw column as the type of the schema. What is missing, or can't be read, becomes null."""
    return [_typed(pl.col(n), raw[n], c.type, missing).alias(_VALUE + n) for n, c in columns.items()]


def unreadable(name: str, missing: Sequence[str], raw: pl.DataType) -> pl.Expr:
    """Find the values that are there, and yet null as the type of the schema."""
    if raw == pl.String:
        compare = partial(_unreadable_text, missing=missing)
        return pl.map_batches([pl.col(name), value(name)], compare, return_dtype=pl.Boolean, is_elementwise=True)
    return present(pl.col(name), raw, missing).is_not_null() & value(name).is_null()


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
        return text.str.to_lowercase().replace_strict(_BOOLEANS, default=None, return_dtype=pl.Boolean)
    if wanted == "date":
        return text.str.to_date("%Y-%m-%d", strict=False)
    if wanted == "datetime":
        aware = text.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
        naive = [text.str.to_datetime(form, time_unit="us", strict=False) for form in _NAIVE]
        return pl.coalesce(aware, *(time.dt.replace_time_zone("UTC") for time in naive))
    return text


def _typed(column: pl.Expr, raw: pl.DataType, wanted: ColumnType, missing: Sequence[str]) -> pl.Expr:
    if raw == pl.String:
        if wanted in {"category", "text"}:
            return present(column, raw, missing)
        return column.map_batches(_reader(wanted, missing), return_dtype=DTYPES[wanted], is_elementwise=True)
    column = present(column, raw, missing)
    if wanted == "integer" and raw.is_float():
        return _whole(column)
    if wanted == "datetime" and isinstance(raw, pl.Datetime):
        exact = column.dt.cast_time_unit("us")
        return exact.dt.convert_time_zone("UTC") if raw.time_zone else exact.dt.replace_time_zone("UTC")
    return column.cast(DTYPES[wanted], strict=False)


def _whole(number: pl.Expr) -> pl.Expr:
    """Make integers of whole numbers; a plain cast would cut fractions off."""
    return pl.when(number == number.round()).then(number.cast(pl.Int64, strict=False))


def _reader(wanted: ColumnType, missing: Sequence[str]) -> Callable[[pl.Series], pl.Series]:
    """Make a function that reads a batch of texts.

    Most texts are plain, and one parse is enough. Only for the others, in which null is new or which may stand for
    nothing, is it worth the time to strip blanks and look for texts that mean nothing.
    """
    tokens = pl.Series("t", list(missing), dtype=pl.String)
    for_nothing = _read(tokens, parse(pl.col("t"), wanted)).drop_nulls()

    def read(text: pl.Series) -> pl.Series:
        text = text.alias("t")
        if wanted in {"integer", "float"}:  # the same as parse, and without the cost of an expression a batch
            plain = text.cast(DTYPES[wanted], strict=False)
            if wanted == "float" and plain.is_nan().any():
                plain = plain.fill_nan(None)
        else:
            plain = _read(text, parse(pl.col("t"), wanted))
        if plain.null_count() == text.null_count() and not len(for_nothing):
            return plain
        doubtful = plain.is_null() & text.is_not_null()
        if len(for_nothing):
            doubtful |= plain.is_in(for_nothing.implode())
        places = doubtful.arg_true()
        there = present(pl.col("t"), pl.String(), missing)
        if wanted == "integer":  # other programs write integers with gaps as 1.0
            careful = pl.coalesce(parse(there, "integer"), _whole(parse(there, "float")))
        else:
            careful = parse(there, wanted)
        return plain.scatter(places, _read(text.gather(places), careful))

    return read


def _read(text: pl.Series, expression: pl.Expr) -> pl.Series:
    return text.to_frame().select(expression).to_series()


def _unreadable_text(columns: Sequence[pl.Series], missing: Sequence[str]) -> pl.Series:
    text, read = columns
    if read.null_count() == text.null_count():
        return _NO.new_from_index(0, len(text))
    places = (read.is_null() & text.is_not_null()).arg_true()
    there = _read(text.alias("t").gather(places), present(pl.col("t"), pl.String(), missing))
    return _NO.new_from_index(0, len(text)).scatter(places, there.is_not_null())
