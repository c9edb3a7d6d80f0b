"""All parts, for the entry point of the group `scripts`."""

from .analyst import RULE as ANALYST
from .training import RULES as TRAINING

RULES = [ANALYST, *TRAINING]
