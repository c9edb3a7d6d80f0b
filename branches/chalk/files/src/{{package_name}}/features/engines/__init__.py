"""Engines: the same values at points in time, computed by DuckDB, by polars, and through Ibis by what it speaks to."""

from .protocol import Engine, Reader, Scan

__all__ = ["Engine", "Reader", "Scan"]
