"""What tokens are made of, and answers that hold to a JSON schema."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from llguidance import LLMatcher, LLTokenizer
from tokenizers import Tokenizer

from .schemas import SchemaError, check_schema

_LAYOUT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""Answers in one line: where it may, a small model goes on with spaces until its last token."""

_FREE = '%llguidance {"no_forcing": true}\nstart: %json '
"""The model chooses the tokens of a text that is certain too: some tokenizers begin each text with a space."""


class Constraint:
    """Holds one answer to a schema.

    Parameters
    ----------
    matcher
        Reads along what is written.
    """

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher

    @property
    def whole(self) -> bool:
        """Whether the answer has come to its only end."""
        return self._matcher.is_stopped()

    @property
    def fault(self) -> str:
        """Why the answer can't go on, such as a schema that takes too long to follow; mostly empty."""
        return _said(self._matcher)

    def allowed(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Tell of each token whether it may be the next, as an array of shape (vocabulary,)."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        return np.unpackbits(bits, bitorder="little").astype(bool)

    def take(self, token: int) -> None:
        """Read the next token."""
        self._matcher.consume_token(token)

    def copy(self) -> Constraint:
        """Give one for another answer that begins here."""
        return Constraint(self._matcher.deep_copy())


class Words:
    """The vocabulary of a model, as bytes: a token may be a part of a character.

    Parameters
    ----------
    tokenizer
        Of the model.
    size
        Of the model's vocabulary, which may be larger.
    ends
        Tokens that end an answer.
    """

    def __init__(self, tokenizer: Tokenizer, size: int = 0, ends: Collection[int] = ()) -> None:
        self._tokenizer = tokenizer
        size = max(size, tokenizer.get_vocab_size())
        try:
            self._bytes: LLTokenizer | None = LLTokenizer(tokenizer.to_str(), n_vocab=size, eos_token=[*ends] or None)
        except ValueError:  # its tokens are no bytes: each is a text
            self._bytes = None

    def bytes_of(self, token: int) -> bytes:
        """Give the bytes of a token."""
        if self._bytes is None:
            return self._tokenizer.decode([token], skip_special_tokens=False).encode()
        return self._bytes.decode_bytes([token])

    def constrain(self, schema: Mapping[str, Any]) -> Constraint:
        """Hold answers to a JSON schema. A large one takes up to a second.

        Raises
        ------
        SchemaError
            If it is no schema, is too large, nothing can satisfy it, or it can't be followed token by token.
        """
        if self._bytes is None:
            raise SchemaError("this model can't be held to a schema: its tokens are no bytes")
        check_schema(schema)
        text = json.dumps({**schema, "x-guidance": _LAYOUT})
        matcher = LLMatcher(self._bytes, _FREE + text, log_level=0)
        if not matcher.is_error():
            matcher.compute_bitmask()  # finds that there is no first token
        if matcher.is_error():
            raise SchemaError(f"the JSON schema can't be used: {_said(matcher)}")
        return Constraint(matcher)


def _said(matcher: LLMatcher) -> str:
    """Give the library's reason on one line, without the state of its parser."""
    lines = matcher.get_error().partition("<state>")[0].split("\n")
    return "; ".join(line.strip() for line in lines if line.strip(" ^"))
