"""Runs that survive a crash, and effects that happen once."""
