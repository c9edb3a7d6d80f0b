"""Trainings that the service starts: each is a process of its own, and outlives the service."""
