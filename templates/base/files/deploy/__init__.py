"""Putting the project where it works: `python -m deploy TARGET`. The README beside this file tells how."""
