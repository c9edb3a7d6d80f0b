"""Cutting documents into short passages that keep their place in the text."""

import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from .documents import Document

_FENCE = re.compile(r"^(```|~~~)")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[*_]*[A-Z0-9])")
_ABBREVIATION = re.compile(r"(?:\b(?:approx|cf|Dr|e\.g|etc|Fig|i\.e|Mr|Mrs|Ms|No|Prof|St|vs)|\b[A-Z][\w.]* [A-Z])\.$")
_TABLE_RULE = re.compile(r"\|?(?:\s*:?-+:?\s*\|)+(?:\s*:?-+:?\s*)?")
_CODE_BLOCK = re.compile(r"(?:[^\S\n]*\S[^\n]*(?:\n|\Z))+")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")

MAX_LINES = 12
"""Most lines of source code in one chunk."""

MAX_SENTENCE = 2000
"""Most characters of a sentence; a longer one is cut."""

_LONGEST_ABBREVIATION = 40


@dataclass(frozen=True)
class Span:
    """Half-open range of characters in a document."""

    start: int
    end: int


@dataclass(frozen=True)
class Chunk:
    """One to three sentences, or a few lines of a list or a table.

    Attributes
    ----------
    document : str
        Name of the document.
    index : int
        Position among the chunks of its document, from 0.
    title : str
        Title of the document.
    text : str
        The passage, exactly as it stands in the document.
    span : Span
        Where it stands.
    units : tuple of Span
        Where its sentences or lines stand in the document.
    header : str
        For rows of a table, the line that names its columns.
    topic, place : str
        Topic of the document, and the page, section or line where the passage begins.
    code : bool
        Whether it is source code.
    """

    document: str
    index: int
    title: str
    text: str
    span: Span
    units: tuple[Span, ...]
    header: str = ""
    topic: str = ""
    place: str = ""
    code: bool = False

    @property
    def context(self) -> str:
        """What a model is shown: the title of the document, the names of columns if any, and the passage."""
        return "\n".join(part for part in (self.title, self.header, self.text) if part)


def chunk_document(document: Document, *, max_units: int = 3, max_characters: int = 320) -> list[Chunk]:
    """Cut a document into chunks.

    Parameters
    ----------
    document : Document
        The document; front matter, comments, code blocks and headings are left out. Source code is cut at blank lines.
    max_units : int
        Most sentences or lines in one chunk.
    max_characters : int
        Most characters in one chunk; a single longer sentence is a chunk by itself.
    """
    chunks: list[Chunk] = []
    title = document.title
    blocks = _code_blocks(document.text) if document.code else _blocks(document.text)
    for block in blocks:
        header, units = ("", _lines(document.text, block)) if document.code else _units(document.text, block)
        for group in _groups(units, MAX_LINES if document.code else max_units, max_characters):
            span = Span(group[0].start, group[-1].end)
            chunk = Chunk(
                document=document.name,
                index=len(chunks),
                title=title,
                text=document.text[span.start : span.end],
                span=span,
                units=tuple(group),
                header=header,
                topic=document.topic,
                place=document.place(span.start),
                code=document.code,
            )
            chunks.append(chunk)
    return chunks


def _groups(units: list[Span], max_units: int, max_characters: int) -> Iterator[list[Span]]:
    group: list[Span] = []
    for unit in units:
        if group and (len(group) == max_units or unit.end - group[0].start > max_characters):
            yield group
            group = []
        group.append(unit)
    if group:
        yield group


def _blocks(text: str) -> Iterator[Span]:
    """Yield runs of lines with nothing but text in them: paragraphs, lists, tables."""
    hidden = list(_comments(text))
    front_matter = _FRONT_MATTER.match(text)
    if front_matter:
        hidden.append(front_matter.span())
    hidden.sort()
    start: int | None = None
    position, fenced = 0, False
    for line in text.splitlines(keepends=True):
        fence = bool(_FENCE.match(line))
        out = not line.strip() or line.startswith("#") or _is_inside(position, hidden)
        if fenced or fence or out:
            if start is not None:
                yield Span(start, position)
            start = None
        elif start is None:
            start = position
        fenced ^= fence
        position += len(line)
    if start is not None:
        yield Span(start, position)


def _comments(text: str) -> Iterator[tuple[int, int]]:
    """Yield where comments stand; a pattern would look for the end of each that has none in all of the text."""
    start = text.find("<!--")
    while start >= 0 and (end := text.find("-->", start + 4)) >= 0:
        yield start, end + 3
        start = text.find("<!--", end)


def _is_inside(position: int, ranges: list[tuple[int, int]]) -> bool:
    """Tell whether one of some sorted ranges has a position in it."""
    index = bisect_right(ranges, (position, sys.maxsize)) - 1
    return index >= 0 and position < ranges[index][1]


def _code_blocks(text: str) -> Iterator[Span]:
    """Yield runs of lines between blank ones."""
    return (Span(*match.span()) for match in _CODE_BLOCK.finditer(text))


def _lines(text: str, block: Span) -> list[Span]:
    lines = text[block.start : block.end].splitlines(keepends=True)
    ends = [block.start + end for end in accumulate(map(len, lines))]
    return [_trim(text, Span(end - len(line), end)) for line, end in zip(lines, ends, strict=True)]


def _units(text: str, block: Span) -> tuple[str, list[Span]]:
    """Find the sentences of a paragraph, or the lines of a list or a table; with them the header of a table."""
    body = text[block.start : block.end]
    lines, spans = body.splitlines(keepends=True), _lines(text, block)
    if len(lines) > 1 and _TABLE_RULE.fullmatch(lines[1].strip()):
        return lines[0].strip(), spans[2:]
    if any(_ITEM.match(line) for line in lines) or _is_record(lines):
        return "", spans
    return "", [piece for sentence in _sentences(text, block) for piece in _pieces(text, sentence)]


def _sentences(text: str, block: Span) -> Iterator[Span]:
    body, start = text[block.start : block.end], 0
    for match in _SENTENCE_END.finditer(body):
        before = body[max(0, match.start() - _LONGEST_ABBREVIATION) : match.start()]
        if not _ABBREVIATION.search(before):
            yield _trim(text, Span(block.start + start, block.start + match.end()))
            start = match.end()
    if body[start:].strip():
        yield _trim(text, Span(block.start + start, block.end))


def _pieces(text: str, sentence: Span) -> Iterator[Span]:
    """Cut what is too long for a sentence, at a space where there is one."""
    start = sentence.start
    while sentence.end - start > MAX_SENTENCE:
        space = text.rfind(" ", start + 1, start + MAX_SENTENCE)
        end = space if space > start else start + MAX_SENTENCE
        yield _trim(text, Span(start, end))
        start = end
    yield _trim(text, Span(start, sentence.end))


def _is_record(lines: list[str]) -> bool:
    """Tell whether every line reads ``key: value``."""
    return all(re.match(r"^[^.:|]{1,40}:\s+\S", line) for line in lines)


def _trim(text: str, span: Span) -> Span:
    piece = text[span.start : span.end]
    return Span(span.start + len(piece) - len(piece.lstrip()), span.end - len(piece) + len(piece.rstrip()))
