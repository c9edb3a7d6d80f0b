"""Reading Markdown and text documents from a folder."""

import codecs
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError

SUFFIXES = frozenset({".md", ".markdown", ".txt"})


@dataclass(frozen=True)
class Document:
    """A text and where it came from.

    Attributes
    ----------
    name : str
        Path below the folder it was read from, with forward slashes.
    text : str
        The whole text; every line ends with a line feed.
    """

    name: str
    text: str

    @property
    def title(self) -> str:
        """First Markdown heading, else the file's name in words."""
        for line in self.text.splitlines():
            if line.startswith("#") and line.strip("# "):
                return line.strip("# ")
        return Path(self.name).stem.replace("-", " ").replace("_", " ")


@dataclass(frozen=True)
class Skipped:
    """A file that was left out, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class DocumentFolder:
    """What a folder holds: documents in the order of their names, and the files that could not be used."""

    documents: tuple[Document, ...]
    skipped: tuple[Skipped, ...]


def read_documents(folder: Path) -> DocumentFolder:
    """Read every Markdown and text file of a folder and the folders in it.

    Hidden files are passed over. A file that is empty, is no UTF-8 text or has another ending is skipped, with its
    reason.

    Raises
    ------
    DataError
        If the folder is missing, or nothing in it can be used.
    """
    if not folder.is_dir():
        raise DataError(f"no folder {folder}", hint="name a folder of Markdown or text files with --documents")
    documents: list[Document] = []
    skipped: list[Skipped] = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if not path.is_file() or any(part.startswith(".") for part in relative.parts):
            continue
        try:
            documents.append(Document(relative.as_posix(), _read_text(path)))
        except _UnusableFileError as error:
            skipped.append(Skipped(relative.as_posix(), str(error)))
    if not documents:
        found = "".join(f"\n  {file.name}: {file.reason}" for file in skipped)
        raise DataError(
            f"no usable document in {folder}{found}",
            hint="put Markdown (.md) or text (.txt) files in UTF-8 there, or name a folder with --documents <folder>",
        )
    return DocumentFolder(tuple(documents), tuple(skipped))


class _UnusableFileError(Exception):
    """A file that cannot serve as a document; the message is the reason."""


def _read_text(path: Path) -> str:
    if path.suffix.lower() not in SUFFIXES:
        raise _UnusableFileError(f"not one of {', '.join(sorted(SUFFIXES))}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _UnusableFileError(f"cannot be read: {error.strerror}") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _UnusableFileError("UTF-16 text; save it as UTF-8")
    if b"\x00" in content:
        raise _UnusableFileError("binary")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _UnusableFileError(f"not UTF-8 text (byte {error.start})") from error
    if not text.strip():
        raise _UnusableFileError("empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")
