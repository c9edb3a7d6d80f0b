"""Workflows of agents: analysis, training by several, deployment, and learning from what happens after it."""
