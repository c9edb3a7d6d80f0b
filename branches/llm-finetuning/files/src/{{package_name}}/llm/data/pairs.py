"""Question-answer pairs from documents, by rules and without a model.

Every answer is a span of its document and stands in the context that is shown with the question.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from .chunks import Chunk
from .questions import ask_code, ask_row, ask_sentence, table_cells


@dataclass(frozen=True)
class Pair:
    """A question, its answer, and where the answer stands.

    Attributes
    ----------
    question, context, answer : str
        The answer is a part of the context, letter for letter.
    document : str
        Name of the document.
    chunk : int
        Index of the chunk in its document.
    start, end : int
        Half-open range of the answer in the document, in characters.
    rule : str
        The rule that made the pair.
    topic, place : str
        Topic of the document, and the page, section or line where the chunk begins.
    """

    question: str
    context: str
    answer: str
    document: str
    chunk: int
    start: int
    end: int
    rule: str
    topic: str = ""
    place: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        """Question and answer without regard to case: what must not be in two splits."""
        return self.question.casefold(), self.answer.casefold()

    def as_record(self) -> dict[str, str | int]:
        """Give the pair as plain data."""
        return asdict(self)


def make_pairs(chunk: Chunk, *, blanks: bool = False) -> list[Pair]:
    """Make the pairs of a chunk, sentence by sentence.

    A question that the chunk answers in two ways is dropped.

    Parameters
    ----------
    chunk : Chunk
        The passage.
    blanks : bool
        Whether each fact is asked a second time, as a blank to fill in.

    Examples
    --------
    >>> from .chunks import chunk_document
    >>> from .documents import Document
    >>> document = Document("mill.md", "The mill was built in 1875. The wheel is made of oak.")
    >>> [(pair.question, pair.answer) for chunk in chunk_document(document) for pair in make_pairs(chunk)]
    [('When was the mill built?', '1875'), ('What is the wheel made of?', 'oak')]
    """
    pairs: list[Pair] = []
    header = table_cells(chunk.header)
    for unit in chunk.units:
        line = chunk.text[unit.start - chunk.span.start : unit.end - chunk.span.start]
        if chunk.code:
            asked = ask_code(line)
        else:
            asked = ask_row(line, header) if chunk.header else ask_sentence(line, chunk.title, blanks=blanks)
        for item in asked:
            pair = Pair(
                question=item.question,
                context=chunk.context,
                answer=line[item.start : item.end],
                document=chunk.document,
                chunk=chunk.index,
                start=unit.start + item.start,
                end=unit.start + item.end,
                rule=item.rule,
                topic=chunk.topic,
                place=chunk.place,
            )
            pairs.append(pair)
    answers: defaultdict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        answers[pair.question].add(pair.answer)
    return [pair for pair in pairs if len(answers[pair.question]) == 1]


def unrepeated(pairs: Iterable[Pair]) -> list[Pair]:
    """Keep the first of the pairs with the same question and the same answer.

    Who remembers such a pair from one document would need no context to answer it in another, so it must not be in two
    splits.
    """
    first: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        first.setdefault(pair.identity, pair)
    return list(first.values())
