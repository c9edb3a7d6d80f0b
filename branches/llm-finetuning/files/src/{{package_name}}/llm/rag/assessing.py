"""How good retrieval and answers are together.

question → ranking → passages that fit → answer → measures of both → which of the two failed
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..data.chunks import Chunk
from ..data.examples import Row
from ..data.pairs import Pair
from ..errors import DataError
from ..evaluation.assessing import Assessor, Candidate, score_examples
from ..evaluation.estimates import Label
from ..evaluation.measures import TEXT_METRICS, TextMetric, find_text_metrics
from ..evaluation.metrics import contains_answer
from ..evaluation.records import EvaluationReport, Example
from ..inference import generate, prompt_messages
from .config import RagConfig
from .measures import grounded_tokens, ndcg_at, recall_at, reciprocal_rank, share_used
from .records import Case, Findings, Outcome, Passage
from .retrieval import Hit, Retriever, context_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ANSWER = {
    "grounded_tokens": Label("Grounded tokens"),
    "context_utilisation": Label("Context utilisation"),
    "context_relevance": Label("Context relevance"),
}


@dataclass(frozen=True)
class _Asked:
    """A question with what was found for it, and which of that is relevant."""

    row: Pair
    searched: str
    relevant: frozenset[int]
    hits: Sequence[Hit]

    @property
    def ranks(self) -> list[int]:
        return [rank for rank, hit in enumerate(self.hits, 1) if hit.passage in self.relevant]


def assess_retrieval(
    assessor: Assessor, candidate: Candidate, retriever: Retriever, rows: Sequence[Row], everything: Sequence[Row]
) -> tuple[EvaluationReport, Findings]:
    """Search for each question, have the model answer from what was found, and measure both.

    Parameters
    ----------
    assessor : Assessor
        How models are asked and scored.
    candidate : Candidate
        The model.
    retriever : Retriever
        What is searched.
    rows : sequence of Row
        What is asked.
    everything : sequence of Row
        All questions about the documents: one that is asked of several needs the title of its document.

    Raises
    ------
    DataError
        If no question is about a passage of the index.
    """
    config = assessor.settings.config
    metrics = find_text_metrics(
        [*assessor.use_case.wording.measures, *config.evaluation.metrics],
        config.evaluation.embedding_model,
        config.model.device,
    )
    asked, left_out = _search(retriever, rows, everything)
    room = _Room.of(candidate, config.evaluation.max_new_tokens)
    shown = [room.fit(one.row.question, one.hits[: config.rag.passages]) for one in asked]
    answers = generate(
        candidate.model,
        candidate.tokenizer,
        [(context_of(hits), one.row.question) for one, hits in zip(asked, shown, strict=True)],
        max_new_tokens=config.evaluation.max_new_tokens,
        batch_size=config.evaluation.batch_size,
    )
    examples = _examples(asked, shown, answers, metrics, config.rag.cutoffs)
    labels = {name: Label(one.label, one.greater_is_better, one.is_share) for name, one in metrics.items()}
    labels |= _ANSWER | _ranking_labels(config.rag)
    counts = retriever.store.counts()
    trained = set(candidate.trained.get("documents", {}).get("train", ()))
    findings = Findings(
        method=config.rag.method,
        embedding_model="" if config.rag.method == "bm25" else config.evaluation.embedding_model,
        passages=config.rag.passages,
        documents=counts["documents"],
        indexed=counts["passages"],
        left_out=left_out,
        named=sum(bool(one.searched) for one in asked),
        shortened=sum(len(hits) < len(one.hits[: config.rag.passages]) for one, hits in zip(asked, shown, strict=True)),
        trained=len(trained & {one.row.document for one in asked}),
        cases=tuple(_case(*one, config.rag.passages) for one in zip(asked, shown, answers, strict=True)),
    )
    report = EvaluationReport(
        model=f"{candidate.name}+{config.rag.method}.{config.rag.passages}",
        asked=assessor.asked,
        use_case=assessor.use_case.name,
        row=assessor.use_case.wording.row,
        group=assessor.use_case.wording.group,
        base_model=candidate.base_model or config.model.base_model,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        level=config.evaluation.level,
        scores=score_examples(examples, labels, config.evaluation),
        empty=sum(not answer.strip() for answer in answers),
        examples=examples,
    )
    return report, findings


def _search(retriever: Retriever, rows: Sequence[Row], everything: Sequence[Row]) -> tuple[list[_Asked], int]:
    """Search for each question whose passage is in the index, and count the others."""
    known: dict[str, Mapping[int, Chunk]] = {}
    homes: defaultdict[str, set[str]] = defaultdict(set)
    for row in (*everything, *rows):
        homes[row.question].add(row.document)
    found = []
    for row in rows:
        if not isinstance(row, Pair):
            continue
        if row.document not in known:
            known[row.document] = retriever.store.passages(row.document)
        passages = known[row.document]
        relevant = frozenset(number for number, chunk in passages.items() if _holds(chunk, row))
        if relevant:
            several = retriever.settings.name_subject and len(homes[row.question]) > 1
            title = next(iter(passages.values())).title
            found.append((row, f"{title}: {row.question}" if several else "", relevant))
    if not found:
        raise DataError(
            "no question is about a passage of the documents",
            hint="ask about the documents that are searched: name their folder with --source",
        )
    hits = retriever.search([searched or row.question for row, searched, _ in found], _depth(retriever.settings))
    return [_Asked(*one, hits=ranked) for one, ranked in zip(found, hits, strict=True)], len(rows) - len(found)


def _holds(chunk: Chunk, row: Pair) -> bool:
    """Say whether a question was made from a passage, or, if it is cut otherwise, has the answer where it was."""
    inside = chunk.span.start <= row.start < row.end <= chunk.span.end
    return chunk.context == row.context or (inside and bool(contains_answer(chunk.context, row.answer)))


@dataclass(frozen=True)
class _Room:
    """How many tokens a model can be shown."""

    tokenizer: PreTrainedTokenizerBase
    tokens: int

    @classmethod
    def of(cls, candidate: Candidate, max_new_tokens: int) -> _Room:
        most: Any = getattr(candidate.model.config, "max_position_embeddings", None)
        return cls(candidate.tokenizer, most - max_new_tokens if isinstance(most, int) else 0)

    def fit(self, question: str, hits: Sequence[Hit]) -> Sequence[Hit]:
        """Leave out the last passages where all are too long."""
        while hits and self.tokens and self._length(question, hits) > self.tokens:
            hits = hits[:-1]
        return hits

    def _length(self, question: str, hits: Sequence[Hit]) -> int:
        messages = prompt_messages(context_of(hits), question)
        prompt = str(self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
        return len(self.tokenizer(prompt, add_special_tokens=False)["input_ids"])


def _depth(settings: RagConfig) -> int:
    """Give the rank down to which passages are searched: a passage further down counts as not found."""
    return max(*settings.cutoffs, settings.passages)


def _ranking_labels(settings: RagConfig) -> dict[str, Label]:
    recall = {f"recall_at_{k}": Label(f"Recall@{k}") for k in settings.cutoffs}
    ndcg = {f"ndcg_at_{k}": Label(f"nDCG@{k}") for k in settings.cutoffs}
    return {**recall, "mrr": Label(f"MRR@{_depth(settings)}"), **ndcg}


def _examples(
    asked: Sequence[_Asked],
    shown: Sequence[Sequence[Hit]],
    answers: Sequence[str],
    metrics: Mapping[str, TextMetric],
    cutoffs: Sequence[int],
) -> tuple[Example, ...]:
    """Score each question.

    Its context is the passage that it was made from, so that two ways to search can be compared on the same.
    """
    rows = [one.row for one in asked]
    given = {name: list(metric.function(answers, rows)) for name, metric in metrics.items()}
    examples = []
    for number, (one, hits, answer) in enumerate(zip(asked, shown, answers, strict=True)):
        sentences = [sentence for hit in hits for sentence in _sentences(hit.chunk)]
        ranks, relevant = one.ranks, len(one.relevant)
        scores = {name: float(values[number]) for name, values in given.items()}
        scores |= {
            "grounded_tokens": grounded_tokens(answer, context_of(hits)),
            "context_utilisation": share_used(answer, sentences),
            "context_relevance": share_used(one.row.answer, sentences),
            "mrr": reciprocal_rank(ranks),
            **{f"recall_at_{k}": recall_at(ranks, relevant, k) for k in cutoffs},
            **{f"ndcg_at_{k}": ndcg_at(ranks, relevant, k) for k in cutoffs},
        }
        examples.append(
            Example(
                question=one.row.question,
                context=one.row.context,
                expected=one.row.answer,
                answer=answer,
                group=one.row.document,
                scores=scores,
            )
        )
    return tuple(examples)


def _sentences(chunk: Chunk) -> list[str]:
    """Give the parts of a passage: title, names of columns, and each sentence or line."""
    start = chunk.span.start
    told = [chunk.text[unit.start - start : unit.end - start] for unit in chunk.units]
    return [part for part in (chunk.title, chunk.header, *told) if part]


def _outcome(asked: _Asked, hits: Sequence[Hit], passages: int, *, right: bool) -> Outcome:
    """Say what became of a question: of so many passages that were to be shown, the last may not have fitted."""
    if any(hit.passage in asked.relevant for hit in hits):
        return "right" if right else "answer wrong"
    if right:
        return "right without it"
    return "no room" if min(asked.ranks, default=passages + 1) <= passages else "retrieval missed"


def _case(asked: _Asked, hits: Sequence[Hit], answer: str, passages: int) -> Case:
    row = asked.row
    right = bool(TEXT_METRICS["contains_answer"].function([answer], [row])[0])
    outcome = _outcome(asked, hits, passages, right=right)
    return Case(
        question=row.question,
        searched=asked.searched,
        expected=row.answer,
        answer=answer,
        document=row.document,
        rank=min(asked.ranks, default=None),
        outcome=outcome,
        passages=tuple(
            Passage(
                document=hit.chunk.document,
                place=hit.chunk.place,
                text=hit.chunk.context,
                relevant=hit.passage in asked.relevant,
            )
            for hit in hits
        ),
    )
