"""Frameworks of agents: what can lead an agent from step to step, in place of the project's own graph."""
