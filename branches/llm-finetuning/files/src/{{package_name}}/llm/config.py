"""The configuration group ``llm``: a file of ``conf/llm`` for each section, such as ``training.yaml``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from ..config import ConfigModel
from .benchmarks.config import BenchmarksConfig
from .data.config import DataConfig, GenerationConfig, JudgeConfig, QualityConfig
from .evaluation.config import EvaluationConfig
from .evaluation.safety.config import SafetyConfig
from .experiments.config import ExperimentsConfig
from .human.config import HumanConfig
from .jobs.config import JobsConfig
from .models.config import ModelsConfig
from .quantization.config import QuantizationConfig
from .rag.config import RagConfig
from .tuning.config import TuningConfig
from .vllm.config import VllmConfig

Method = Literal["lora", "qlora", "full"]
Strategy = Literal["ddp", "fsdp", "zero2", "zero3"]
Precision = Literal["single", "bfloat16", "float16", "saved"]


FORMER_MODEL_KEYS = {"torch_dtype": "precision", "dtype": "precision"}
FORMER_TRAINING_KEYS = {"warmup_ratio": "warmup", "gradient_checkpointing": "activation_checkpointing"}


def renamed(values: Any, names: Mapping[str, str]) -> Any:
    """Take keys by the names that transformers, TRL and PEFT give or gave them; they win over the names used here.

    Examples
    --------
    >>> renamed({"warmup_ratio": 0.1}, {"warmup_ratio": "warmup"})
    {'warmup': 0.1}
    """
    if not isinstance(values, Mapping):
        return values
    taken = dict(values)
    for old, new in names.items():
        if old in taken:
            taken[new] = taken.pop(old)
    return taken


class ModelConfig(ConfigModel):
    """What is tuned, and where it runs."""

    base_model: str = Field(default="package:tiny_base/model", description="The shipped model, a hub id, or a folder")
    revision: str | None = Field(default=None, description="Branch, tag or commit of a model on the hub")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(default="auto", description="Where models run")
    precision: Precision = Field(default="single", description="Precision of the weights in training")
    attention: Literal["auto", "sdpa", "eager", "flash_attention_2"] = Field(
        default="auto", description="How attention is computed"
    )
    chat_template: Path | None = Field(default=None, description="Jinja file in place of the model's own template")
    trust_remote_code: bool = Field(default=False, description="Run Python code that comes with a model")
    torch_dtype: str | None = Field(default=None, exclude=True, description="Former name of precision")
    dtype: str | None = Field(default=None, exclude=True, description="Name of precision in transformers")

    @model_validator(mode="before")
    @classmethod
    def _takes_renamed_keys(cls, values: Any) -> Any:
        return renamed(values, FORMER_MODEL_KEYS)

    @field_validator("precision", mode="before")
    @classmethod
    def _takes_names_of_torch(cls, value: Any) -> Any:
        return {"float32": "single", "bf16": "bfloat16", "fp16": "float16", "half": "float16"}.get(value, value)


class TrainingConfig(ConfigModel):
    """How the adapter, or the whole model, is trained."""

    name: str = Field(default="documents-qa", description="Name of the checkpoints")
    profile: str = Field(default="auto", description="A file of conf/llm/profiles; auto chooses by model and device")
    method: Method = Field(default="lora", description="Train an adapter, one on a model in 4 bits, or every weight")
    lora_rank: int = Field(default=16, ge=1, description="Rank of the adapter's matrices")
    lora_alpha: int = Field(default=32, ge=1, description="Scale of the adapter: alpha / rank")
    lora_dropout: float = Field(default=0.0, ge=0, lt=1, description="Dropout in front of the adapter")
    lora_variant: Literal["lora", "dora", "rslora", "pissa"] = Field(
        default="lora", description="Kind of adapter, as PEFT has them"
    )
    lora_targets: tuple[str, ...] = Field(default=(), description="Layers with an adapter; those of the model's family")
    train_embeddings: bool = Field(
        default=False, description="Train embeddings and head whole, beside an adapter, for words new to a model"
    )
    loss: Literal["assistant", "completion"] = Field(
        default="assistant", description="Learn all that the assistant says, or what it says last"
    )
    epochs: float = Field(default=6.0, gt=0, description="Passes over the training pairs")
    batch_size: int = Field(default=16, ge=1, description="Rows in one step on one device")
    gradient_accumulation: int = Field(default=1, ge=1, description="Batches that make one optimiser step")
    packing: Literal["auto", "always", "never"] = Field(
        default="auto", description="Rows of a batch end to end, each apart; auto chooses by device and length of rows"
    )
    compile: Literal["auto", "always", "never"] = Field(
        default="auto", description="Compile the layers; auto does where a CUDA GPU has what it takes"
    )
    learning_rate: float = Field(default=2e-3, gt=0, description="Highest learning rate")
    warmup: float = Field(default=0.05, ge=0, lt=1, description="Share of the steps in which the learning rate rises")
    weight_decay: float = Field(default=0.0, ge=0, description="Weight decay of AdamW")
    max_length: int = Field(default=256, ge=16, description="Most tokens in one row; a longer row is an error")
    activation_checkpointing: bool = Field(
        default=False, description="Compute activations twice: less memory, more time"
    )
    max_steps: int = Field(default=0, ge=0, description="Optimiser steps in place of the epochs; 0 for the epochs")
    optimizer: Literal["adamw_torch", "adamw_torch_fused", "adafactor", "adamw_8bit", "paged_adamw_8bit"] = Field(
        default="adamw_torch_fused", description="As transformers names them; those in 8 bits need bitsandbytes"
    )
    schedule: Literal["cosine", "linear", "constant_with_warmup"] = Field(
        default="cosine", description="How the learning rate falls"
    )
    evaluations: int = Field(default=8, ge=1, description="How often the validation loss is taken")
    eval_steps: int = Field(default=0, ge=0, description="Steps between two validation losses, in place of evaluations")
    early_stopping: int = Field(
        default=0, ge=0, description="Stop after so many validation losses above the lowest; 0 never stops"
    )
    keep_states: int = Field(
        default=2, ge=0, description="States of a run that are kept to resume it and to find the best; 0 keeps none"
    )
    seed: int = Field(default=0, ge=0, description="Seed of splits, batches and weights")
    warmup_ratio: float | None = Field(default=None, exclude=True, description="Former name of warmup")
    gradient_checkpointing: bool | None = Field(
        default=None, exclude=True, description="Former name of activation_checkpointing"
    )

    @model_validator(mode="before")
    @classmethod
    def _takes_renamed_keys(cls, values: Any) -> Any:
        return renamed(values, FORMER_TRAINING_KEYS)

    @model_validator(mode="after")
    def _keeps_the_best_state(self) -> Self:
        if self.early_stopping and not self.keep_states:
            raise ValueError("early_stopping compares with the best state: set keep_states to 1 or more")
        return self


class DistributedConfig(ConfigModel):
    """How several processes share a run; one process takes no notice of it."""

    strategy: Strategy = Field(
        default="ddp", description="Copy the model to each process, or shard it: FSDP2, or ZeRO of DeepSpeed"
    )
    reshard_after_forward: bool = Field(
        default=True, description="FSDP2 frees a layer until its backward pass: less memory, more to send"
    )
    offload: bool = Field(default=False, description="Keep what is sharded in the memory of the CPU")
    restarts: int = Field(default=3, ge=0, description="Times that all workers start again after one died")


class SpanConfig(ConfigModel):
    """What a search tries of a setting: values between two, or some to choose from."""

    low: int | float | None = Field(default=None, description="Lowest value")
    high: int | float | None = Field(default=None, description="Highest value")
    log: bool = Field(default=False, description="Whether to try orders of magnitude alike")
    choices: tuple[int | float | str, ...] = Field(default=(), description="Values to choose from")

    @model_validator(mode="after")
    def _says_what_to_try(self) -> Self:
        if not self.choices and (self.low is None or self.high is None or self.low >= self.high):
            raise ValueError("give choices, or low and a larger high")
        return self


class SweepConfig(ConfigModel):
    """A search for training settings."""

    trials: int = Field(default=12, ge=1, description="Trials in all")
    startup: int = Field(default=4, ge=1, description="Trials before any is ended early")
    space: dict[str, SpanConfig] = Field(
        default={
            "learning_rate": SpanConfig(low=1e-4, high=5e-3, log=True),
            "lora_rank": SpanConfig(choices=(4, 8, 16, 32)),
            "lora_dropout": SpanConfig(low=0.0, high=0.2),
        },
        description="What is tried of llm.training",
    )

    @model_validator(mode="after")
    def _tries_settings_of_training(self) -> Self:
        unknown = sorted(set(self.space) - set(TrainingConfig.model_fields))
        if unknown:
            raise ValueError(f"llm.training has no {', '.join(unknown)}")
        return self


class ProfileConfig(ConfigModel):
    """Settings that suit a model or a device: those of the sections, with values of their own."""

    summary: str = Field(description="What it is for")
    device: Literal["cpu", "cuda", "mps"] | None = Field(default=None, description="Device that auto chooses it for")
    memory_gb: float = Field(default=0, ge=0, description="Least memory of a GPU that auto chooses it for")
    capability: float = Field(default=0, ge=0, description="Least compute capability that auto chooses it for")
    model: dict[str, Any] = Field(default={}, description="Values of llm.model")
    training: dict[str, Any] = Field(default={}, description="Values of llm.training")
    evaluation: dict[str, Any] = Field(default={}, description="Values of llm.evaluation")


class ServingConfig(ConfigModel):
    """How a model is served to many clients at once."""

    backend: Literal["transformers", "vllm"] = Field(default="transformers", description="What writes the answers")
    checkpoint: str = Field(default="", description="Such as name@v1.0.0; the latest of llm.training.name if empty")
    device_map: Literal["single", "auto", "balanced"] = Field(
        default="single", description="One device, or for larger models several, the memory of the machine and the disk"
    )
    device_memory: dict[str, str] = Field(default={}, description="Most memory by device; what is free if empty")
    offload_folder: Path = Field(
        default=Path("checkpoints", ".offloaded"), description="Folder for weights that no memory has room for"
    )
    threads: int = Field(default=0, ge=0, description="Threads of a model on a CPU; 0 leaves it to PyTorch")
    rows: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"] = Field(
        default=16, description="Most answers that are written at once; auto takes what fits the memory"
    )
    queue: int = Field(default=64, ge=1, description="Most requests that wait; more are refused with 429")
    context: int = Field(default=0, ge=0, description="Most tokens of prompt and answer; 0 for what the model can do")
    prefill_tokens: int = Field(default=1024, ge=16, description="Most tokens of prompts that are read in one pass")
    lookup_tokens: int = Field(default=0, ge=0, le=16, description="Tokens that are guessed ahead from what was read")
    max_tokens: int = Field(default=256, ge=1, description="Most tokens of an answer, where a client does not say")
    timeout_seconds: float = Field(default=300, gt=0, description="Until when an answer must be whole")
    embedding_model: str = Field(default="", description="What makes texts vectors; that of llm.evaluation if empty")
    kept_vectors: int = Field(default=100_000, ge=0, description="Most vectors that are kept on disk; 0 for none")
    preload: bool = Field(default=False, description="Load the model at the start, not with the first request")


class UseCaseConfig(ConfigModel):
    """What models are tuned for."""

    name: str = Field(default="", description="A folder beside this file that holds use_case.py; the only one if empty")
    settings: dict[str, Any] = Field(default={}, description="Settings that only this use case has")


class LLMConfig(ConfigModel):
    """The whole group."""

    use_case: UseCaseConfig = UseCaseConfig()
    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    quality: QualityConfig = QualityConfig()
    generation: GenerationConfig = GenerationConfig()
    training: TrainingConfig = TrainingConfig()
    distributed: DistributedConfig = DistributedConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    human: HumanConfig = HumanConfig()
    benchmarks: BenchmarksConfig = BenchmarksConfig()
    judge: JudgeConfig = JudgeConfig()
    rag: RagConfig = RagConfig()
    safety: SafetyConfig = SafetyConfig()
    serving: ServingConfig = ServingConfig()
    vllm: VllmConfig = VllmConfig()
    jobs: JobsConfig = JobsConfig()
    models: ModelsConfig = ModelsConfig()
    tuning: TuningConfig = TuningConfig()
    sweep: SweepConfig = SweepConfig()
    quantization: QuantizationConfig = QuantizationConfig()
    experiments: ExperimentsConfig = ExperimentsConfig()
    profiles: dict[str, ProfileConfig] = Field(default={}, description="Files of conf/llm/profiles")

    @property
    def served(self) -> str:
        """The checkpoint that is served where no other one is named."""
        return self.serving.checkpoint or self.training.name
