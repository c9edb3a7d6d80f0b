"""Putting a task of the harness to a model: what it answered, as examples with their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from ....errors import first_line
from ...errors import ModelError
from ..estimates import Label
from ..records import Example, Score
from .harness import adapt, ask

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_LABELS = {
    "acc": "Accuracy",
    "acc_norm": "Accuracy, by length",
    "acc_bytes": "Accuracy, by bytes",
    "exact_match": "Exact match",
}
_CHAT = "chat_template"
"""Key in the metadata of a task whose questions are put as the chat template puts them."""


@dataclass(frozen=True)
class Asked:
    """A model that benchmarks are put to.

    Attributes
    ----------
    name, base_model : str
        What it is called, and what it was tuned from.
    """

    model: PreTrainedModel | PeftModel
    tokenizer: PreTrainedTokenizerBase
    name: str
    base_model: str


@dataclass(frozen=True)
class Answers:
    """What a model answered to one task; `others` are scores that are no mean over the answers."""

    examples: list[Example]
    labels: dict[str, Label]
    others: dict[str, Score]
    cut: int


def ask_task(asked: Asked, name: str, task: Any, *, batch_size: int, limit: int) -> Answers:
    """Put a task to a model.

    Raises
    ------
    ModelError
        If the harness can't ask this model this.
    """
    metadata = task.get_config("metadata") or {}
    try:
        adapted = adapt(asked.model, asked.tokenizer, batch_size)
        found = ask(adapted, name, task, limit=limit, chat_template=bool(metadata.get(_CHAT)))
    except (AssertionError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{name} can't be put to {asked.name}: {type(error).__name__}: {first_line(error)}",
            hint="its answers may be longer than the context of the model, or its YAML asks for what it has not",
        ) from error
    samples = found["samples"][name]
    examples = list(_examples(task, samples).values())
    better = task.higher_is_better()
    labels = {key: _label(key, better, examples) for key in examples[0].scores}
    others = {}
    for key, value in found["results"][name].items():
        measure, _, way = key.partition(",")
        called = measure if way in ("", "none") else f"{measure}_{way}"
        if isinstance(value, Real) and not measure.endswith("_stderr") and way and called not in labels:
            label = _label(called, better, [])
            others[called] = Score(
                value=float(value),
                low=None,
                high=None,
                label=label.label,
                greater_is_better=label.greater_is_better,
                rows=len(examples),
                groups=len(examples),
            )
    return Answers(examples, labels, others, _cut(asked, samples))


def _label(name: str, better: Mapping[str, bool], examples: Sequence[Example]) -> Label:
    is_share = bool(examples) and all(0 <= example.scores.get(name, -1) <= 1 for example in examples)
    metric = next((one for one in better if name == one or name.startswith(f"{one}_")), name)
    return Label(_LABELS.get(name, name), bool(better.get(metric, True)), is_share)


def _examples(task: Any, samples: Sequence[Mapping[str, Any]]) -> dict[int, Example]:
    """Make one example of all that is told of a question: there is a sample of it for each filter."""
    found: dict[int, Example] = {}
    for sample in samples:
        way = "" if sample["filter"] == "none" else f"_{sample['filter']}"
        scores = {
            f"{name}{way}": float(sample[name]) for name in sample["metrics"] if isinstance(sample[name], (bool, Real))
        }
        before = found.get(sample["doc_id"])
        if before is not None:
            found[sample["doc_id"]] = before.model_copy(update={"scores": {**before.scores, **scores}})
            continue
        expected, answer = _told(task, sample)
        group = str(sample["doc"].get("document", ""))
        asked = str(sample["arguments"][0][0])
        found[sample["doc_id"]] = Example(question=asked, expected=expected, answer=answer, group=group, scores=scores)
    return found


def _told(task: Any, sample: Mapping[str, Any]) -> tuple[str, str]:
    """Give what was expected and what was answered, as texts."""
    target, given = sample["target"], sample["filtered_resps"]
    if task.OUTPUT_TYPE == "multiple_choice":
        choices = [str(choice) for choice in task.doc_to_choice(sample["doc"])]
        likeliest = max(range(len(choices)), key=lambda number: float(given[number][0]))
        expected = choices[target] if isinstance(target, int) and 0 <= target < len(choices) else str(target)
        return expected.strip(), choices[likeliest].strip()
    if task.OUTPUT_TYPE == "generate_until":
        return str(target).strip(), str(given[0]).strip()
    likely = task.OUTPUT_TYPE == "loglikelihood" and bool(given[0][1])
    return str(target).strip(), str(target).strip() if likely else "(something else is likelier)"


def _cut(asked: Asked, samples: Sequence[Mapping[str, Any]]) -> int:
    """Count questions that, with an answer, have more tokens than the model can read."""
    most = getattr(asked.model.config, "max_position_embeddings", None)
    if not most:
        return 0
    longest = ["".join(map(str, max((a[:2] for a in one["arguments"]), key=lambda a: len(str(a))))) for one in samples]
    lengths = [len(ids) for ids in asked.tokenizer(longest, add_special_tokens=False)["input_ids"]]
    return sum(length > most for length in lengths)
