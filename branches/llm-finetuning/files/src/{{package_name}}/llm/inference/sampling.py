"""Choosing the next token of each row, by what each request asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from .words import Constraint

_SEEDS = 2**64


class Sampling(BaseModel):
    """How an answer is written. The names are those of OpenAI's interface, the defaults write the likeliest tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_tokens: int = Field(default=256, ge=0, description="Most tokens; 0 only reads the prompt")
    temperature: float = Field(default=0.0, ge=0, le=2, description="0 always takes the likeliest token")
    top_p: float = Field(default=1.0, gt=0, le=1, description="Choose among the likeliest that have this share")
    presence_penalty: float = Field(default=0.0, ge=-2, le=2, description="Against tokens that were written")
    frequency_penalty: float = Field(default=0.0, ge=-2, le=2, description="The same, for each time")
    seed: int | None = Field(default=None, ge=-_SEEDS // 2, lt=_SEEDS // 2, description="Makes chance repeatable")
    stop: tuple[Annotated[str, Field(min_length=1, max_length=500)], ...] = Field(
        default=(), max_length=16, description="Texts before which an answer ends"
    )
    logprobs: int | None = Field(default=None, ge=0, le=20, description="Likeliest tokens to tell with each token")
    logit_bias: dict[int, Annotated[float, Field(ge=-100, le=100)]] = Field(
        default={}, max_length=1024, description="What is added to the logits of tokens, by their numbers"
    )
    prompt_logprobs: bool = Field(default=False, description="Whether to tell them of the prompt's tokens too")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A token, and its logarithmic probability beside those of the likeliest."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...]


@dataclass(slots=True)
class Choice:
    """What has been chosen for one request so far."""

    sampling: Sampling
    constraint: Constraint | None = None
    counts: Counter[int] = field(default_factory=Counter)
    chance: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        seed = self.sampling.seed
        if seed is None and not self.sampling.temperature:
            seed = 0  # nothing is drawn: the system need not be asked for chance
        self.chance = np.random.default_rng(None if seed is None else seed % _SEEDS)

    def take(self, token: int) -> None:
        """Remember a token."""
        self.counts[token] += 1
        if self.constraint is not None:
            self.constraint.take(token)


def choose(logits: torch.Tensor, choices: Sequence[Choice]) -> list[Chosen]:
    """Choose a token for each row, and remember it.

    What is chosen for a row depends on its own logits and its own seed, and on no other row.

    Parameters
    ----------
    logits : Tensor of shape (rows, vocabulary)
        Of the next token.
    choices
        One for each row.
    """
    logits = logits.float()
    tokens: list[int] = logits.argmax(-1).tolist()
    for row, choice in enumerate(choices):
        weighed = _weigh(logits[row], choice)
        if choice.sampling.temperature:
            tokens[row] = _draw(logits[row] if weighed is None else weighed, choice)
        elif weighed is not None:
            tokens[row] = int(weighed.argmax())
        choice.take(tokens[row])
    if all(choice.sampling.logprobs is None for choice in choices):
        return [Chosen(token, 0.0, ()) for token in tokens]
    likely = logits.log_softmax(-1)
    return [
        Chosen(token, 0.0, ()) if choice.sampling.logprobs is None else tell(row, token, choice.sampling.logprobs)
        for row, token, choice in zip(likely, tokens, choices, strict=True)
    ]


def tell(likely: torch.Tensor, token: int, most: int) -> Chosen:
    """Give a token with its logarithmic probability, and the `most` likeliest tokens with theirs."""
    found = likely.topk(min(most, len(likely)))
    top = tuple(zip(found.indices.tolist(), found.values.tolist(), strict=True))
    return Chosen(token, float(likely[token]), top)


def _weigh(logits: torch.Tensor, choice: Choice) -> torch.Tensor | None:
    """Make tokens of a row likelier, less likely or impossible; None if nothing of that is asked for.

    Source of the penalties: https://platform.openai.com/docs/api-reference/chat/create.
    """
    sampling = choice.sampling
    penalties = choice.counts if sampling.presence_penalty or sampling.frequency_penalty else {}
    if not (penalties or sampling.logit_bias or choice.constraint):
        return None
    changed = logits.clone()
    if penalties:
        times = torch.tensor([*penalties.values()], device=logits.device)
        changed[[*penalties]] -= sampling.presence_penalty + sampling.frequency_penalty * times
    if sampling.logit_bias:
        changed[[*sampling.logit_bias]] += torch.tensor([*sampling.logit_bias.values()], device=logits.device)
    if choice.constraint is not None:
        allowed = torch.from_numpy(choice.constraint.allowed()[: len(logits)]).to(logits.device)
        changed[~allowed] = -torch.inf
    return changed


def _draw(logits: torch.Tensor, choice: Choice) -> int:
    """Draw a token from the likeliest that together have `top_p`: https://arxiv.org/abs/1904.09751, section 3.1."""
    shares, order = (logits / choice.sampling.temperature).softmax(-1).sort(descending=True, stable=True)
    sums = shares.cumsum(-1, dtype=torch.float64)
    kept = int((sums - shares < choice.sampling.top_p).sum())
    point = choice.chance.random() * float(sums[kept - 1])
    place = int(torch.searchsorted(sums, point, right=True))
    return int(order[min(place, kept - 1)])
