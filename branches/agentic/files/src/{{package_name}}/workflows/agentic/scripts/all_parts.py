"""All parts, for the entry point of the group `scripts`."""

from .analyst import RULE as ANALYST

RULES = [ANALYST]
