"""The section ``features.validation``: what tables of features must be like."""

from typing import Literal

from pydantic import Field

from ..config import ConfigModel


class ValidationConfig(ConfigModel):
    """What tables of features, and training sets, must be like."""

    completeness: float = Field(default=0.95, ge=0, le=1, description="Least share of values that are there, by column")
    uniqueness: float = Field(default=0.99, ge=0, le=1, description="Least share of rows that repeat no key and time")
    quarantine: str = Field(default="data/features/quarantine", description="Folder for rows that may not be used")
    quarantined: float = Field(default=0.01, ge=0, le=1, description="Greatest share of rows that may be set aside")
    contracts: str = Field(default="contracts", description="Folder of what consumers rely on, a YAML file for each")
    expectations: str = Field(
        default="expectations",
        description="Folder with a suite of Great Expectations for each set that has one, such as customer.json",
    )
    on_failure: Literal["error", "warn", "off"] = Field(
        default="warn", description="What a training set or table that does not pass leads to when it is made"
    )
