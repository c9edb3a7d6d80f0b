"""From conversations to rows of tokens, and which of them the loss counts. Preflight and training see the same rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..data.examples import Row, conversation
from ..data.formats import open_rows
from ..errors import DataError, ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
HELD_OUT = 10  # one row in ten is for validation
FEWEST_TO_SPLIT = 20
Loss = Literal["assistant", "completion"]
Messages = Sequence[dict[str, str]]
Conversations = Mapping[str, Sequence[Row]] | str | Path
"""Splits of rows, of which only ``train`` must be there; or a file of rows, as `open_rows` takes it."""


@dataclass(frozen=True)
class TokenRow:
    """One conversation in tokens.

    Attributes
    ----------
    input_ids : list of int
        All tokens.
    labels : list of int
        The same where the loss counts the token, and `IGNORED` elsewhere.
    """

    input_ids: list[int]
    labels: list[int]

    @property
    def supervised(self) -> int:
        """Tokens that the loss counts."""
        return sum(label != IGNORED for label in self.labels)

    def segments(self) -> Iterator[tuple[list[int], bool]]:
        """Give the tokens in runs, each with whether the loss counts it."""
        start = 0
        for end in range(1, len(self.labels) + 1):
            counted = self.labels[start] != IGNORED
            if end == len(self.labels) or (self.labels[end] != IGNORED) != counted:
                yield self.input_ids[start:end], counted
                start = end


def conversations_of(dataset: Conversations, names: Collection[str]) -> Iterator[tuple[str, Messages]]:
    """Yield the conversations of some splits, each with the name of its split.

    Of a file, which is read as it goes, about a tenth is held out for validation, by the content of the rows.

    Raises
    ------
    DataError
        If the file can't be read.
    """
    if isinstance(dataset, Mapping):
        yield from ((name, conversation(row)) for name in names for row in dataset.get(name, ()))
        return
    _, rows = open_rows(Path(dataset))
    first = list(islice(rows, FEWEST_TO_SPLIT))
    for row in chain(first, rows):
        digest = sha256(repr(row.identity).encode()).digest()[0]
        held_out = len(first) == FEWEST_TO_SPLIT and digest % HELD_OUT == 0
        name = "validation" if held_out else "train"
        if name in names:
            yield name, conversation(row)


def check_rows(sizes: Iterable[int], supervised: Iterable[int], longest: int) -> None:
    """Refuse rows that are too long, or in which no token counts: they would train on nothing in silence.

    Parameters
    ----------
    sizes, supervised : iterable of int
        Tokens of each row, and how many of them the loss counts.
    longest : int
        Most tokens of a row.

    Raises
    ------
    DataError
        If there is one.
    """
    counts = list(supervised)
    long = [size for size in sizes if size > longest]
    if long:
        raise DataError(
            f"{len(long)} of {len(counts)} rows have more tokens than llm.training.max_length ({longest}), "
            f"up to {max(long)}: cut, they would lose the end of their answers",
            hint=f"set llm.training.max_length={max(long)}, or cut passages shorter with llm.data.max_sentences",
        )
    empty = counts.count(0)
    if empty:
        raise DataError(
            f"{empty} of {len(counts)} rows have no token to learn from: their answer is empty, "
            "or the template hides it",
            hint="look at the model's chat template and at the pairs",
        )


def encode(
    tokenizer: PreTrainedTokenizerBase, conversations: Sequence[Messages], loss: Loss = "assistant"
) -> list[TokenRow]:
    """Turn conversations into rows in which what the assistant says counts, with the end token after it.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        Tokenizer with a chat template.
    conversations : sequence of messages
        Messages ``{"role", "content"}``.
    loss : str
        ``assistant``: all that the assistant says counts; ``completion``: only what it says last.

    Raises
    ------
    DataError
        If a conversation has no answer of the assistant, or its template does not continue a prompt as it began it.
    ModelError
        If the chat template is broken.
    """
    if not conversations:
        return []
    texts, spans = zip(*(_render_marked(tokenizer, messages, loss) for messages in conversations), strict=True)
    encoded = tokenizer(list(texts), add_special_tokens=False, return_offsets_mapping=True)
    rows = []
    for ids, offsets, marks in zip(encoded["input_ids"], encoded["offset_mapping"], spans, strict=True):
        counted = [any(start <= first < end for start, end in marks) for first, _ in offsets]
        rows.append(TokenRow(ids, [one if yes else IGNORED for one, yes in zip(ids, counted, strict=True)]))
    return rows


def _render_marked(
    tokenizer: PreTrainedTokenizerBase, messages: Messages, loss: Loss
) -> tuple[str, list[tuple[int, int]]]:
    """Give a conversation as text, and the ranges of characters that count."""
    answers = [at for at, message in enumerate(messages) if message["role"] == "assistant"]
    if not answers:
        raise DataError("a conversation has no message of the assistant to learn from", hint="look at the data set")
    whole = render(tokenizer, messages, prompt=False)
    marks = []
    for at in answers if loss == "assistant" else answers[-1:]:
        prompt = render(tokenizer, messages[:at], prompt=True)
        said = render(tokenizer, messages[: at + 1], prompt=False)
        if not (whole.startswith(prompt) and whole.startswith(said)):
            raise DataError(
                f"the chat template writes a conversation otherwise than its prompt, which ends in {prompt[-60:]!r}",
                hint="set llm.training.loss to completion, or llm.model.chat_template to a file with another template",
            )
        marks.append((len(prompt), len(said)))
    return whole, marks


def render(tokenizer: PreTrainedTokenizerBase, messages: Messages, *, prompt: bool) -> str:
    """Write a conversation with the chat template.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        Tokenizer with a chat template.
    messages : sequence of dict
        Messages ``{"role", "content"}``.
    prompt : bool
        Whether to end where the assistant is to go on.

    Raises
    ------
    ModelError
        If the template is broken, or does not take these messages.
    """
    from jinja2 import TemplateError

    try:
        return str(tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=prompt))
    except (TemplateError, TypeError, ValueError) as error:
        raise ModelError(
            f"the chat template of the model does not work: {error}",
            hint="set llm.model.chat_template to a file with one that does",
        ) from error
