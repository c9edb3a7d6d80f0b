"""Reading a folder of documents."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from ...data.privacy import mask
from ..errors import DataError
from .readers import SUFFIXES, Content, UnusableFileError, read_file


@dataclass(frozen=True)
class Document:
    """A text and where it came from.

    Attributes
    ----------
    name : str
        Path below the folder it was read from, with forward slashes.
    text : str
        The whole text, normalised; every line ends with a line feed.
    marks : tuple of (int, str)
        Positions from which a place of the original begins, such as ``(1200, "page 3")``. Without any, places are the
        lines of the text.
    code : bool
        Whether it is source code.
    """

    name: str
    text: str
    marks: tuple[tuple[int, str], ...] = ()
    code: bool = False

    @property
    def title(self) -> str:
        """First Markdown heading, else the file's name in words."""
        if self.code:
            return self.name
        for line in self.text.splitlines():
            if line.startswith("#") and line.strip("# "):
                return line.strip("# ")
        return Path(self.name).stem.replace("-", " ").replace("_", " ")

    @property
    def topic(self) -> str:
        """What it is about, as its name says: the folder that it lies in, else the first word of the file's name.

        Examples
        --------
        >>> Document("cranes/heron.md", "").topic, Document("berth-10.md", "").topic
        ('cranes', 'berth')
        """
        folder, _, name = self.name.rpartition("/")
        return folder or name.partition(".")[0].replace("_", "-").partition("-")[0]

    def place(self, position: int) -> str:
        r"""Name the page, section or line at a position of the text.

        Examples
        --------
        >>> Document("a.md", "One.\nTwo.").place(5)
        'line 2'
        """
        if self.marks:
            index = bisect_right(self.marks, position, key=lambda mark: mark[0]) - 1
            return self.marks[index][1] if index >= 0 else ""
        return f"line {bisect_right(self._lines, position)}"

    @cached_property
    def _lines(self) -> list[int]:
        """Where each line begins."""
        starts = [0]
        for line in self.text.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        return starts[:-1]


@dataclass(frozen=True)
class Skipped:
    """A file that was left out, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class DocumentFolder:
    """What a folder holds.

    Attributes
    ----------
    documents : tuple of Document
        The documents, in the order of their names.
    skipped : tuple of Skipped
        The files that could not be used.
    masked : dict of str to Counter of str
        How much personal data and how many secrets were masked, by document and kind.
    """

    documents: tuple[Document, ...]
    skipped: tuple[Skipped, ...]
    masked: dict[str, Counter[str]] = field(default_factory=dict)


def read_documents(
    folder: Path, *, encoding: str = "", max_megabytes: float = 64, mask_private: bool = True
) -> DocumentFolder:
    """Read every document of a folder and the folders in it.

    Hidden files are passed over. A file that holds no text that can be read is skipped, with its reason.

    Parameters
    ----------
    folder : Path
        Where the documents are.
    encoding : str
        Encoding of texts that are not Unicode, such as ``cp1252``. Without one they are skipped.
    max_megabytes : float
        Larger files are skipped without being read.
    mask_private : bool
        Whether to mask personal data and secrets.

    Raises
    ------
    DataError
        If the folder is missing, or nothing in it can be used.
    """
    documents: list[Document] = []
    skipped: list[Skipped] = []
    masked: dict[str, Counter[str]] = {}
    for name, path in files_of(folder):
        try:
            document, hidden = read_document(
                path, name, encoding=encoding, max_megabytes=max_megabytes, mask_private=mask_private
            )
        except UnusableFileError as error:
            skipped.append(Skipped(name, str(error)))
            continue
        documents.append(document)
        if hidden:
            masked[name] = hidden
    if not documents:
        found = "".join(f"\n  {file.name}: {file.reason}" for file in skipped)
        raise DataError(
            f"no usable document in {folder}{found}",
            hint=f"put documents there ({', '.join(sorted(SUFFIXES))}, or source code), or name a folder with "
            "--documents <folder>",
        )
    return DocumentFolder(tuple(documents), tuple(skipped), masked)


def files_of(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give the files of a folder and the folders in it by name, without those that are hidden.

    Raises
    ------
    DataError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"no folder {folder}", hint="name a folder of documents with --documents")
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            yield relative.as_posix(), path


def read_document(
    path: Path, name: str, *, encoding: str, max_megabytes: float, mask_private: bool
) -> tuple[Document, Counter[str]]:
    """Read one document as `read_documents` does, and count what was masked in it by kind.

    Raises
    ------
    UnusableFileError
        If there is no text in it that can be read.
    """
    content = read_file(path, encoding=encoding, max_megabytes=max_megabytes)
    text, marks, hidden = _masked(content) if mask_private else (content.text, content.marks, Counter[str]())
    return Document(name, text, marks, content.code), hidden


def _masked(content: Content) -> tuple[str, tuple[tuple[int, str], ...], Counter[str]]:
    """Mask a text; each part that has a place of its own keeps it."""
    starts = [0, *(position for position, _ in content.marks), len(content.text)]
    parts, found, moved = [], Counter[str](), [0]
    for start, end in pairwise(starts):
        part, counts = mask(content.text[start:end])
        parts.append(part)
        found += counts
        moved.append(moved[-1] + len(part))
    marks = tuple((position, name) for position, (_, name) in zip(moved[1:], content.marks, strict=False))
    return "".join(parts), marks, found
