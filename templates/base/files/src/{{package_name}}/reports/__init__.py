"""Reports: one HTML file each, with everything in it.

blocks → sections → report → file
"""

from .blocks import Block, Code, Details, Facts, Figure, Link, Section, Status, Table, Text
from .errors import ReportError
from .figures import figure_svg
from .report import Report, html_of

__all__ = [
    "Block",
    "Code",
    "Details",
    "Facts",
    "Figure",
    "Link",
    "Report",
    "ReportError",
    "Section",
    "Status",
    "Table",
    "Text",
    "figure_svg",
    "html_of",
]
