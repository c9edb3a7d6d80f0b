"""The colours of reports and pages, by light and by dark. Text reaches a contrast of 4.5 (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

LIGHT = {
    "ground": "#f5f6f8",
    "surface": "#ffffff",
    "text": "#1c2127",
    "muted": "#59626d",
    "line": "#d9dee5",
    "accent": "#0a5bab",
    "good": "#17703a",
    "info": "#0a5bab",
    "warning": "#855100",
    "critical": "#b3261e",
}
DARK = {
    "ground": "#0f1317",
    "surface": "#181d23",
    "text": "#e7eaee",
    "muted": "#9ca6b3",
    "line": "#303842",
    "accent": "#74b4fa",
    "good": "#55c58a",
    "info": "#74b4fa",
    "warning": "#e8b44f",
    "critical": "#ff8f86",
}


def variables(colours: dict[str, str]) -> str:
    """Write colours as CSS variables.

    Examples
    --------
    >>> variables({"text": "#000000", "line": "#ffffff"})
    '--text: #000000; --line: #ffffff;'
    """
    return " ".join(f"--{name}: {value};" for name, value in colours.items())
