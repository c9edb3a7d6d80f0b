"""The section ``agentic.observability``."""

from pydantic import Field

from ...config import ConfigModel


class ObservabilityConfig(ConfigModel):
    """Where traces of runs go."""

    traces: list[str] = Field(default=[], description="Who gets traces of runs: otlp, langsmith, mlflow; none if empty")
    content: bool = Field(
        default=False, description="Whether traces hold goals, arguments and answers, masked as events are"
    )
    otlp_endpoint: str = Field(
        default="http://localhost:4318/v1/traces", description="Where otlp sends them, with OTLP over HTTP"
    )
    langsmith_endpoint: str = Field(
        default="https://api.smith.langchain.com", description="LangSmith's address; of its region, or your own"
    )
    langsmith_project: str = Field(default="", description="Project there; the package's name if empty")
    mlflow_experiment: str = Field(default="agents", min_length=1, description="Experiment of MLflow that gets them")
