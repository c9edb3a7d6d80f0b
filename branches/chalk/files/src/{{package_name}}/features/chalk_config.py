"""The section ``features.chalk``: where Chalk's service is."""

from pydantic import Field

from ..config import ConfigModel


class ChalkConfig(ConfigModel):
    """Chalk's service. Without a project the embedded engine stands in."""

    project_id: str = Field(default="", description="Project of Chalk; empty: the embedded engine")
    environment: str = Field(default="", description="Environment of that project, such as production")
    api_server: str = Field(default="https://api.chalk.ai", description="Address of Chalk's API")
