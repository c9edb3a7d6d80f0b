"""Definitions from, and for, other feature stores."""
