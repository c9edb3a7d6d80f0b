"""Benchmarks of the lm-evaluation-harness, and tasks of the project's own in its form."""
