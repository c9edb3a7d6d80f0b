"""A checkpoint in use: texts in, categories out, each with how sure that is and why.

text → model (constrained to the categories, or free) → validated → sure enough? → else aliases → else the fallback
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from ..config import LLMConfig
from ..errors import CheckpointError, ModelError
from .asking import ask, question_lengths, write
from .config import read_mapper_config
from .taxonomy import KNOWN, UNCALIBRATED, AliasRules, Taxonomy, answer_of, parse_answer, read_taxonomy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    Model = PreTrainedModel | PeftModel


class Mapping(BaseModel):
    """The category of a text.

    Attributes
    ----------
    category : str
        Its code in the taxonomy.
    path : tuple of str
        Codes from the top of the taxonomy down to it.
    confidence : float
        How likely the model's own answer is, from 0 to 1, whoever decided in the end.
    source : str
        Who decided: the ``model``, an alias in the text (``rule``), or neither (``fallback``).
    reasons : tuple of str
        Why it was not the model, and what was done instead.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    category: str
    path: tuple[str, ...]
    confidence: float
    source: Literal["model", "rule", "fallback"]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Use:
    """How a model is asked, and when its answer is taken.

    Attributes
    ----------
    threshold : float
        From which confidence on the model decides.
    trained : tuple of str
        Categories that the model knows; the others are found by their aliases alone. All if empty.
    free : bool
        Whether the model writes its JSON freely, instead of being asked how likely each category is.
    batch_size : int
        Rows at once.
    """

    threshold: float = UNCALIBRATED
    trained: tuple[str, ...] = ()
    free: bool = False
    batch_size: int = 64


class Mapper:
    """Finds the categories of texts.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        Model that was trained on a taxonomy.
    tokenizer : PreTrainedTokenizerBase
        Its tokenizer.
    taxonomy : Taxonomy
        Categories and aliases of today.
    use : Use, optional
        How the model is asked, and when its answer is taken.

    Examples
    --------
    >>> mapper = Mapper.open("mapper-lora@latest")  # doctest: +SKIP
    >>> mapper.map("The harbour pilot did not come on board.").category  # doctest: +SKIP
    'pilot'
    """

    def __init__(
        self,
        model: Model,
        tokenizer: PreTrainedTokenizerBase,
        taxonomy: Taxonomy,
        use: Use | None = None,
    ) -> None:
        self.model, self.tokenizer, self.taxonomy = model, tokenizer, taxonomy
        self.use = use or Use()
        self.codes = tuple(code for code in taxonomy.codes if code in (self.use.trained or taxonomy.codes))
        self._rules = AliasRules(taxonomy)

    @classmethod
    def open(cls, checkpoint: str = "mapper-lora", *, root: Path = Path(), config: LLMConfig | None = None) -> Self:
        """Load a checkpoint and the taxonomy of a project.

        Parameters
        ----------
        checkpoint : str
            Such as ``mapper-lora@v1.0.0``; the latest without a version.
        root : Path
            Folder of the project.
        config : LLMConfig, optional
            What the project's configuration says; the defaults without.

        Raises
        ------
        CheckpointError, DataError, ModelError
            If there is no such checkpoint, it is no mapper's, or the taxonomy is not valid.
        """
        from ..base_model import pick_device, place
        from ..process import quiet_transformers
        from ..training.checkpointing import CheckpointManager

        settings = config or LLMConfig()
        mapper = read_mapper_config(settings.use_case.settings)
        taxonomy = read_taxonomy(root / mapper.taxonomy)
        quiet_transformers()
        model, tokenizer, facts = CheckpointManager.of_project(root).load_checkpoint(checkpoint)
        known = facts["metadata"].get(KNOWN)
        if known is None:
            raise ModelError(f"{checkpoint} was not trained as a mapper", hint="train one with `llm train`")
        use = _read_use(known, checkpoint, free=mapper.decoding == "free", batch_size=settings.evaluation.batch_size)
        if use.trained and not set(use.trained) & set(taxonomy.codes):
            raise ModelError(f"{checkpoint} knows no category of {mapper.taxonomy}", hint="train again")
        place(model, pick_device(settings.model.device))
        return cls(model, tokenizer, taxonomy, use)

    def map(self, text: str) -> Mapping:
        """Find the category of a text."""
        return self.map_all([text])[0]

    def map_all(self, texts: Sequence[str]) -> list[Mapping]:
        """Find the categories of texts; one that is empty or too long is not shown to the model."""
        refused = self._refusals(texts)
        filled = [text for text, reason in zip(texts, refused, strict=True) if not reason]
        said = zip(filled, *self._ask(filled), strict=True) if filled else ()
        found = (self._decide(*one) for one in said)
        return [
            self._without_model(text, 0.0, reason) if reason else next(found)
            for text, reason in zip(texts, refused, strict=True)
        ]

    def _refusals(self, texts: Sequence[str]) -> list[str]:
        """Say for each text why the model can't be asked about it; nothing where it can."""
        lengths = question_lengths(self.tokenizer, texts, self.codes)
        most = getattr(self.model.config, "max_position_embeddings", None)
        return [
            "the text is empty"
            if not text.strip()
            else f"the text has {length} tokens with its answer, the model takes {most}"
            if most is not None and length > most
            else ""
            for text, length in zip(texts, lengths, strict=True)
        ]

    def _ask(self, texts: Sequence[str]) -> tuple[list[str], NDArray[np.float64]]:
        """Have the model answer; without freedom, with what is likeliest."""
        shares = ask(self.model, self.tokenizer, texts, self.codes, batch_size=self.use.batch_size)
        if self.use.free:
            return write(self.model, self.tokenizer, texts, self.codes, batch_size=self.use.batch_size), shares
        return [answer_of(self.codes[best]) for best in shares.argmax(axis=1)], shares

    def _decide(self, text: str, answer: str, shares: NDArray[np.float64]) -> Mapping:
        """Take the model's answer where it is valid and sure enough; else go by aliases, else take the fallback."""
        category, reason = parse_answer(answer, self.codes)
        confidence = float(shares[self.codes.index(category)]) if category else 0.0
        if category and confidence >= self.use.threshold:
            return self._mapping(category, confidence, "model")
        if category:
            reason = f"the model's {category!r} has a confidence of {confidence:.2f}, below {self.use.threshold:.2f}"
        return self._without_model(text, confidence, reason)

    def _without_model(self, text: str, confidence: float, reason: str) -> Mapping:
        """Go by aliases, else take the fallback."""
        ruled = self._rules.find(text)
        if ruled is not None:
            return self._mapping(ruled[0], confidence, "rule", reason, f"{ruled[1]!r} stands in the text")
        nothing = ("no alias stands in the text, or those of several categories",) if text.strip() else ()
        return self._mapping(self.taxonomy.fallback, confidence, "fallback", reason, *nothing)

    def _mapping(
        self, category: str, confidence: float, source: Literal["model", "rule", "fallback"], *reasons: str
    ) -> Mapping:
        return Mapping(
            category=category,
            path=self.taxonomy.path(category),
            confidence=round(confidence, 4),
            source=source,
            reasons=reasons,
        )


def _read_use(known: dict[str, Any], checkpoint: str, *, free: bool, batch_size: int) -> Use:
    """Read what a checkpoint's metadata say of its use."""
    try:
        threshold, trained = float(known["threshold"]), tuple(map(str, known["categories"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"the metadata of {checkpoint} lack the threshold or the categories of a mapper", hint="train again"
        ) from error
    return Use(threshold, trained, free, batch_size)
