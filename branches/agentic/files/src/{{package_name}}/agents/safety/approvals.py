"""How a question for an approval is put to people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .taint import without_invisible

if TYPE_CHECKING:
    from ..session import ApprovalRequest

_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], "\N{REPLACEMENT CHARACTER}") | {0x0A: "\n"}


def describe(request: ApprovalRequest) -> str:
    """Write a question for a terminal. What a model wrote can neither hide in it nor move the cursor."""
    arguments = json.dumps(request.arguments, indent=2, ensure_ascii=False)
    warning = "\nIt was asked for after text from outside was read." if request.tainted else ""
    text = f"{request.agent} wants to call {request.tool} ({request.effect}): {request.reason}{warning}\n{arguments}"
    return without_invisible(text).translate(_CONTROLS)
