"""The section ``features.feature_store``: where rows come from, and where features are kept."""

from typing import Literal

from pydantic import Field

from ..config import ConfigModel


class BatchSourceConfig(ConfigModel):
    """Where tables are that a source names without a place of its own."""

    type: Literal["parquet", "duckdb", "postgresql", "snowflake"] = Field(
        default="parquet", description="Kind of the place"
    )
    connection_string: str = Field(
        default="data/features", description="A folder or file of the project, or an address"
    )


class StreamingSourceConfig(ConfigModel):
    """Where events come from."""

    type: Literal["file", "kafka"] = Field(
        default="file", description="A file that is replayed, or the topics of a broker"
    )
    bootstrap_servers: str = Field(default="localhost:9092", description="Brokers, with commas between them")


class OnlineStoreConfig(ConfigModel):
    """Where features are read from when they are asked for."""

    type: Literal["sqlite", "redis"] = Field(default="sqlite", description="A file of the project, or a server")
    path: str = Field(default="data/features/online.db", description="The file, below the project's folder")
    url: str = Field(default="redis://localhost:6379/0", description="The server", repr=False)


class FeatureStoreConfig(ConfigModel):
    """Where rows come from, and where features are kept."""

    batch_source: BatchSourceConfig = BatchSourceConfig()
    streaming_source: StreamingSourceConfig = StreamingSourceConfig()
    online_store: OnlineStoreConfig = OnlineStoreConfig()
