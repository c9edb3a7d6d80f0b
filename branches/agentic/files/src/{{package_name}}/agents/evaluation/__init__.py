"""Evaluation of agents: suites of tasks with checks, repeated, compared, and held against what was measured before."""
