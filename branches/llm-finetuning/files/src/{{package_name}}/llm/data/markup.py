"""HTML as Markdown: headings, paragraphs, lists, tables and code, without what surrounds an article."""

from __future__ import annotations

import re
from collections import Counter

from selectolax.lexbor import LexborHTMLParser, LexborNode

from .readers import UnusableFileError

_LEFT_OUT = ["script", "style", "noscript", "template", "nav", "footer", "aside", "form", "svg", "iframe", "button"]
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_BLOCK_NAMES = (
    "address article blockquote body caption dd details div dl dt fieldset figcaption figure header hr html li main"
    " ol p pre section summary table td th tr ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split()) | frozenset(_HEADINGS)
_DEEPEST = 2000  # levels, of which browsers show 512; the time that the parser takes grows with their square
_TAG = re.compile(r"<(/?)([a-z][\w-]*)(?=[\s/>])", re.IGNORECASE)
_FLAT_NAMES = (
    "a area base br circle col colgroup dd dt ellipse embed hr image img input li line link meta option p param path"
    " polygon polyline rect source stop tbody td tfoot th thead tr track use wbr"
)
_FLAT = frozenset(_FLAT_NAMES.split())  # without an end tag they do not hold what follows


def to_markdown(html: str) -> str:
    r"""Write the text of a page as Markdown.

    Examples
    --------
    >>> to_markdown("<h1>Old <i>mill</i></h1><ul><li>Built: 1875</li></ul><script>no()</script>")
    '# Old mill\n\n- Built: 1875\n'

    Raises
    ------
    UnusableFileError
        If its elements are nested too deep.
    """
    _check_depth(html)
    tree = LexborHTMLParser(html)
    title = tree.css_first("title")
    heading = f"# {_words(title.text())}\n\n" if title and _words(title.text()) and not tree.css_first("h1") else ""
    tree.strip_tags(_LEFT_OUT, recursive=True)
    body = tree.body
    if body is None:
        return heading
    tables: list[str] = []
    for table in body.css("table"):
        if len(table.css("table")) == 1:  # itself: it holds no other
            tables.append(_table(table))
            table.insert_before(f"\x00{len(tables) - 1}\x00")
            table.decompose()
    blocks = [(tag, _put_back(text, tables)) for tag, text in _blocks(body)]
    lines: list[str] = []
    for index, (tag, text) in enumerate(blocks):
        between = "\n" if tag == "li" and index and blocks[index - 1][0] == "li" else "\n\n"
        lines += [between if lines else "", text]
    return f"{heading}{''.join(lines)}\n"


def _check_depth(html: str) -> None:
    """Refuse a page whose tags are nested too deep, before it is parsed."""
    unclosed = Counter[str]()
    depth = 0
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if name in _FLAT or (match[1] and not unclosed[name]):
            continue
        step = -1 if match[1] else 1
        unclosed[name] += step
        depth += step
        if depth > _DEEPEST:
            raise UnusableFileError(f"more than {_DEEPEST} elements within each other, as in no page for people")


def _blocks(body: LexborNode) -> list[tuple[str, str]]:
    """Gather the text of each block, in the order of the page."""
    found: list[tuple[int, str, list[str]]] = []
    homes: dict[int, tuple[int, str]] = {}
    for node in body.traverse(include_text=True):
        tag = node.tag or ""
        home = homes.get(node.parent.mem_id) if node.parent is not None else None
        if tag != "-text":
            around = (node.mem_id, tag) if tag in _BLOCKS else home
            if around:
                homes[node.mem_id] = around
            if tag == "br" and found:
                found[-1][2].append(" ")
        elif home:
            if not found or found[-1][0] != home[0]:
                found.append((*home, []))
            found[-1][2].append(node.text_content or "")
    written = [(tag, _write(tag, "".join(parts))) for _, tag, parts in found]
    return [(tag, text) for tag, text in written if text]


def _write(tag: str, text: str) -> str:
    if tag == "pre":
        return f"```\n{text.strip(chr(10))}\n```" if text.strip() else ""
    words = _words(text)
    if not words:
        return ""
    return f"{_HEADINGS[tag]} {words}" if tag in _HEADINGS else f"- {words}" if tag == "li" else words


def _put_back(text: str, tables: list[str]) -> str:
    if "\x00" not in text:
        return text
    parts = text.split("\x00")
    for index in range(1, len(parts), 2):
        parts[index] = f"\n\n{tables[int(parts[index])]}\n\n"
    return "".join(parts).strip("\n")


def _table(table: LexborNode) -> str:
    rows = [[_words(cell.text()).replace("|", "/") for cell in row.css("td, th")] for row in table.css("tr")]
    rows = [row for row in rows if any(row)]
    if not rows:
        return ""
    width = max(map(len, rows))
    lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in rows]
    return "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])


def _words(text: str) -> str:
    return " ".join(text.split())
