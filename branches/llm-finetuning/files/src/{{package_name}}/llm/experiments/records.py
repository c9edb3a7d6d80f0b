"""What is known of experiments and their answers."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .assignment import anonymous, assign
from .config import ExperimentConfig, VariantConfig

State = Literal["running", "stopped", "finished", "promoted"]
_DATA = b"data:"
END = b"[DONE]"
"""What the last event of a stream says."""
_REFUSAL = re.compile(
    r"\b(?:I(?:'m| am) (?:sorry|not able|unable)|I (?:can(?:no|')t|won't|do not|don't) "
    r"(?:help|assist|answer|know|provide|comply)|as an? (?:AI|language model))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment as it stands.

    Attributes
    ----------
    stopped : mapping of str to str
        Variants that guardrails have stopped, and why.
    winner : str
        Name of a variant, or empty.
    reason : str
        Why it has ended.
    changed : tuple of float
        When its shares were changed.
    """

    name: str
    config: ExperimentConfig
    salt: str
    state: State = "running"
    started: float = field(default_factory=time.time)
    ended: float | None = None
    winner: str = ""
    reason: str = ""
    stopped: Mapping[str, str] = field(default_factory=dict)
    changed: tuple[float, ...] = ()

    @property
    def begun(self) -> float:
        """When the shares came to be as they are: only what was asked since then is compared.

        Where both variants change in time, those whose shares grow would else be taken for worse or better.
        """
        return self.changed[-1] if self.changed else self.started

    def compares(self, asked: float) -> bool:
        """Tell whether an answer counts that was asked for at some time."""
        return not self.changed or asked >= self.begun

    @property
    def level(self) -> float:
        """The level at which it is tested now: half of it after each change, so that all together have twice it."""
        return self.config.rule.level * 0.5 ** len(self.changed)

    def choose(self, user: str) -> VariantConfig:
        """Choose the variant whose answer a user gets."""
        control = self.config.control
        if self.state == "promoted":
            return self.config.variant(self.winner)
        if self.state != "running" or self.config.mode == "shadow":
            return control
        chosen = assign(self.config.variants, self.salt, user)
        return control if chosen.name in self.stopped else chosen

    def shares(self) -> dict[str, float]:
        """Give the share of users whose answers are from each variant; those of a shadow reach nobody."""
        variants, control = self.config.variants, self.config.control.name
        found = dict.fromkeys((one.name for one in variants), 0.0)
        if self.state == "promoted":
            return found | {self.winner: 1.0}
        if self.state != "running" or self.config.mode == "shadow":
            return found | {control: 1.0}
        total = sum(one.share for one in variants)
        for one in variants:
            found[control if one.name in self.stopped else one.name] += one.share / total
        return found

    def unit(self, user: str) -> str:
        """Name a user in what is kept."""
        return anonymous(self.salt, user)


@dataclass(frozen=True, slots=True)
class Trace:
    """What the router saw of an answer; it is read later, when nobody waits.

    Attributes
    ----------
    salt : str
        Of the experiment: one that begins anew under its name has another, and takes no late answers.
    body : bytes
        JSON, or the events of a stream.
    shadowed : bytes or None
        For the answer of a shadow, the body of the one that was given.
    """

    experiment: str
    salt: str
    variant: str
    unit: str
    seconds: float
    body: bytes = b""
    first_seconds: float | None = None
    failed: bool = False
    shadowed: bytes | None = None
    time: float = field(default_factory=time.time)


@dataclass(frozen=True, slots=True)
class Content:
    """What a body says."""

    id: str = ""
    text: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    failed: bool = False


def read_body(body: bytes) -> Content:
    """Read an answer, whole or as a stream; of several choices the first one counts.

    Where a stream does not tell what it has counted, each of its pieces counts as a token. What is no answer of
    OpenAI's interface counts as failed: it may come from any service.
    """
    try:
        return _read(_events(body) or [orjson.loads(body)])
    except (orjson.JSONDecodeError, AttributeError, IndexError, KeyError, TypeError, ValueError):
        return Content(failed=True)


def _read(parts: Sequence[dict[str, Any]]) -> Content:
    if any(part.get("error") for part in parts):
        return Content(failed=True)
    texts = [_text(choice) for part in parts for choice in part.get("choices", ()) if choice.get("index", 0) == 0]
    usage: dict[str, int] = next((part["usage"] for part in reversed(parts) if part.get("usage")), {})
    counted = usage.get("completion_tokens", len([text for text in texts if text]))
    return Content(str(parts[0]["id"] or ""), "".join(texts), int(usage.get("prompt_tokens", 0)), int(counted))


def refuses(answer: str) -> bool:
    """Tell whether an answer begins by saying that there is none."""
    return bool(_REFUSAL.search(answer[:200]))


def _events(body: bytes) -> list[dict[str, Any]]:
    """Read the events of a stream; comments, and other fields than the data, are passed over."""
    lines = (line.removeprefix(_DATA).strip() for line in body.splitlines() if line.startswith(_DATA))
    return [orjson.loads(line) for line in lines if line != END]


def _text(choice: Mapping[str, Any]) -> str:
    holder = choice.get("message") or choice.get("delta") or choice
    return holder.get("text") or holder.get("content") or ""


class Feedback(BaseModel):
    """What somebody thinks of an answer."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=200, description="Of the response")
    score: float | None = Field(default=None, ge=0, le=1, description="From 0, worst, to 1, best")
    thumb: Literal["up", "down"] | None = None
    preferred_to: str | None = Field(default=None, max_length=200, description="Of a response that was worse")
    tied_with: str | None = Field(default=None, max_length=200, description="Of a response that was as good")
    expected: str | None = Field(default=None, max_length=20_000, description="The right answer, once it is known")
    comment: str = Field(default="", max_length=5000)

    @model_validator(mode="after")
    def _says_something(self) -> Feedback:
        given = (self.score, self.thumb, self.preferred_to, self.tied_with, self.expected)
        if all(one is None for one in given) and not self.comment:
            raise ValueError("give a score, a thumb, preferred_to, tied_with, expected or a comment")
        return self
