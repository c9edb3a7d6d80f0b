"""All parts, for the entry point of the group `scripts`."""

from .analyst import RULE as ANALYST
from .improver import RULE as IMPROVER
from .operator import RULE as OPERATOR
from .training import RULES as TRAINING

RULES = [ANALYST, IMPROVER, OPERATOR, *TRAINING]
