"""The section ``features.sources``: where the rows of sources lie, and how far clocks may be apart."""

from pydantic import Field

from ..config import ConfigModel


class SourcesConfig(ConfigModel):
    """Where rows lie."""

    locations: dict[str, str] = Field(
        default={}, description="Place of a source by the name that its definition has as location"
    )
    clock_skew_seconds: float = Field(
        default=300, ge=0, description="How far into the future a row may lie before it is set aside"
    )
