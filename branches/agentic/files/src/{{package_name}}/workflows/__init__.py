"""Whole pieces of work, from a question or a dataset to what came of it."""
