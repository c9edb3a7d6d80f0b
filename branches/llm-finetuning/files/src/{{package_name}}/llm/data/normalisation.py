"""One form for the same text, wherever it is from."""

import unicodedata

_KEPT = "\n\t\u200c\u200d"  # two that join letters, or keep them apart, in Persian, Hindi and emoji
_UNWANTED = {"Cc", "Cf", "Cs"}
_LINE_ENDS = ("\r\n", "\r", "\f", "\v", "\x85")


def normalise(text: str) -> str:
    r"""Give a text with composed letters (Unicode NFC), plain line feeds, and no control characters and half letters.

    Examples
    --------
    >>> normalise("Mu\u0308hle\r\n\x1b[1mold\u200b ")
    'Mühle\n[1mold '
    """
    for end in _LINE_ENDS:
        text = text.replace(end, "\n")
    unwanted = {ord(one) for one in set(text) if unicodedata.category(one) in _UNWANTED and one not in _KEPT}
    kept = text.translate(dict.fromkeys(unwanted)) if unwanted else text
    return unicodedata.normalize("NFC", kept)  # last: what went may have stood between a letter and its accent


def clean(text: str) -> str:
    """Give a text that stands for itself: normalised, without space around it."""
    return normalise(text).strip()
