"""Reports: one HTML file each, with everything in it.

blocks → sections → report → file
"""

from .blocks import Block, Facts, Figure, Section, Status, Table, Text
from .errors import ReportError
from .figures import figure_svg
from .report import Report

__all__ = [
    "Block",
    "Facts",
    "Figure",
    "Report",
    "ReportError",
    "Section",
    "Status",
    "Table",
    "Text",
    "figure_svg",
]
