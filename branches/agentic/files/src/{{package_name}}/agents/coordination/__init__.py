"""Agents that work and decide together."""
