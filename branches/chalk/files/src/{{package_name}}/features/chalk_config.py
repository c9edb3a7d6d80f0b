"""The section ``features.chalk``: where Chalk's service is."""

import os

from pydantic import Field

from ..config import ConfigModel

KEYS = ("CHALK_CLIENT_ID", "CHALK_CLIENT_SECRET")


class ChalkConfig(ConfigModel):
    """Chalk's service. Without CHALK_CLIENT_ID and CHALK_CLIENT_SECRET the embedded engine stands in."""

    project_id: str = Field(default="", description="Project of Chalk that the keys are of; told with each query")
    environment: str = Field(default="", description="Environment of that project, such as production")
    api_server: str = Field(default="https://api.chalk.ai", description="Address of Chalk's API")
    timeout_seconds: float = Field(default=10, gt=0, description="How long Chalk has for an answer")


def missing_keys() -> list[str]:
    """Name the variables with Chalk's keys that are not set."""
    return [name for name in KEYS if not os.environ.get(name)]
