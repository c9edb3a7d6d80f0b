"""Reading one file: Markdown, text, source code, and with the extra ``documents`` HTML, PDF and Word.

HTML and Word become Markdown, so that what follows knows headings, lists and tables. PDF has pages and nothing else.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from .normalisation import normalise

TEXTS = frozenset({".md", ".markdown", ".txt"})
SUFFIXES = TEXTS | {".docx", ".htm", ".html", ".pdf"}
_LANGUAGES = (
    ".bash .c .cc .cpp .cs .css .cu .go .h .hpp .java .jl .js .jsx .kt .lua .php .pl .proto .py .r .rb .rs .scala .sh"
    " .sql .swift .tf .ts .tsx"
)
CODE = frozenset(_LANGUAGES.split())

_MEGABYTE = 10**6
_MOST_UNPACKED = 20  # times the size of the archive; text and XML shrink to a tenth
_LARGEST_UNPACKED = 128 * _MEGABYTE
_PACKED = frozenset({ZIP_STORED, ZIP_DEFLATED})  # `zipfile` unpacks other methods without bound in memory
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_WRAPPED = re.compile(r"(?<=[^\s.!?:])\n(?=[^\s\-*•\d])")
_HYPHENATED = re.compile(r"(?<=[a-zß-ÿ])-\n(?=[a-zß-ÿ])")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Content:
    """The text of a file; the attributes are those of a `Document`."""

    text: str
    marks: tuple[tuple[int, str], ...] = ()
    code: bool = False


class UnusableFileError(Exception):
    """A file that cannot serve as a document; the message is the reason."""


def read_file(path: Path, *, encoding: str = "", max_megabytes: float = 64) -> Content:
    """Read a file by its ending.

    Raises
    ------
    UnusableFileError
        If there is no text in it that can be read.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES | CODE:
        raise UnusableFileError(f"not one of {', '.join(sorted(SUFFIXES))}, and no source code")
    try:
        size = path.stat().st_size
        if size > max_megabytes * _MEGABYTE:
            raise UnusableFileError(
                f"{size / _MEGABYTE:,.0f} MB, more than {max_megabytes:g}: split it, or raise llm.data.max_megabytes"
            )
        raw = path.read_bytes()
    except OSError as error:
        raise UnusableFileError(f"cannot be read: {error.strerror}") from error
    if not raw.strip():
        raise UnusableFileError("empty")
    match suffix:
        case ".pdf":
            content = _read_pdf(raw)
        case ".docx":
            content = _sections(_read_word(raw))
        case ".htm" | ".html":
            content = _sections(_to_markdown(_decode(raw, _charset(raw) or encoding)))
        case _:
            content = Content(_decode(raw, encoding), code=suffix in CODE)
    if not content.text.strip():
        raise UnusableFileError("no text in it; a scanned page needs text recognition first")
    return content


def _decode(raw: bytes, encoding: str) -> str:
    """Decode a text: by its byte order mark, else as UTF-8, else as it was declared."""
    used = next((name for mark, name in _BOMS if raw.startswith(mark)), "utf-8")
    if used == "utf-8" and b"\x00" in raw:
        raise UnusableFileError("binary")
    try:
        text = raw.decode(used)
    except UnicodeDecodeError as error:
        if used != "utf-8" or not encoding:
            name = used.upper().removesuffix("-SIG")
            way = "" if used != "utf-8" else "; name its encoding with --set llm.data.encoding=cp1252, for example"
            raise UnusableFileError(f"not {name} text (byte {error.start}){way}") from error
        text = _decode_as(raw, encoding)
    return normalise(text)


def _decode_as(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except LookupError as error:
        raise UnusableFileError(f"there is no encoding {encoding}") from error
    except UnicodeError as error:  # some encodings say no more than that
        raise UnusableFileError(f"neither UTF-8 nor {encoding} text: {error}") from error


def _charset(raw: bytes) -> str:
    found = _CHARSET.search(raw[:4096])
    return found[1].decode("ascii", "replace") if found else ""


def _sections(text: str) -> Content:
    """Let the headings of a Markdown text name its places."""
    return Content(text, tuple((match.start(), f"section {match[1]}") for match in _HEADING.finditer(text)))


def _read_pdf(raw: bytes) -> Content:
    _need("pypdf", "PDF")
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, FileNotDecryptedError

    try:
        reader = PdfReader(BytesIO(raw))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnusableFileError("encrypted; save it without a password")
        pages = [_unwrapped(page.extract_text()) for page in reader.pages]
    except UnusableFileError:
        raise
    except (DependencyError, FileNotDecryptedError) as error:
        raise UnusableFileError(f"encrypted: {error}") from error
    except Exception as error:  # a damaged or crafted file can make any part of the parser fail
        raise UnusableFileError(f"not a PDF that can be read: {error}") from error
    marks, position = [], 0
    for number, page in enumerate(pages, start=1):
        marks.append((position, f"page {number}"))
        position += len(page) + 2
    return Content("\n\n".join(pages), tuple(marks))


def _unwrapped(text: str) -> str:
    """Join the lines of a paragraph, and words that were broken at their ends."""
    joined = _WRAPPED.sub(" ", _HYPHENATED.sub("", normalise(text)))
    return "\n".join(line.strip() for line in joined.split("\n"))


def _read_word(raw: bytes) -> str:
    _need("mammoth", "Word")
    mammoth = import_module("mammoth")  # imported so because it has no types
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnusableFileError("encrypted, or of a Word before 2007; save it as .docx without a password")
    try:
        with ZipFile(BytesIO(raw)) as archive:
            entries = archive.infolist()
        if any(entry.compress_type not in _PACKED for entry in entries):
            raise UnusableFileError("packed in a way that Word does not use")
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > min(max(_MOST_UNPACKED * len(raw), _MEGABYTE), _LARGEST_UNPACKED):
            raise UnusableFileError(f"unpacks to {unpacked / _MEGABYTE:,.0f} MB, too much for a document")
        html: str = mammoth.convert_to_html(BytesIO(raw), convert_image=mammoth.images.img_element(_no_image)).value
    except BadZipFile as error:
        raise UnusableFileError("not a Word document") from error
    except UnusableFileError:
        raise
    except Exception as error:  # as with PDF
        raise UnusableFileError(f"not a Word document that can be read: {error}") from error
    return _to_markdown(html)


def _no_image(_image: object) -> dict[str, str]:
    return {}


def _to_markdown(html: str) -> str:
    _need("selectolax", "HTML and Word")
    from .markup import to_markdown

    return normalise(to_markdown(html))  # here, as its entities are characters only now


def _need(module: str, what: str) -> None:
    if find_spec(module) is None:
        raise UnusableFileError(f"{what} needs the extra `documents`: run `uv sync --extra documents`")
