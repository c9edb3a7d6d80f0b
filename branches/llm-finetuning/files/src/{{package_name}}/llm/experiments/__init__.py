"""Experiments with models on real traffic: A/B tests, canaries and shadows."""
