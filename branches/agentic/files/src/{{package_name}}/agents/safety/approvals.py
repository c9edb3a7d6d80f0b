"""How a question for an approval is put to people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .taint import visible

if TYPE_CHECKING:
    from ..session import ApprovalRequest


def describe(request: ApprovalRequest) -> str:
    """Write a question for a terminal. What a model wrote can neither hide in it nor move the cursor."""
    arguments = json.dumps(request.arguments, indent=2, ensure_ascii=False)
    warning = "\nIt was asked for after text from outside was read." if request.tainted else ""
    text = f"{request.agent} wants to call {request.tool} ({request.effect}): {request.reason}{warning}\n{arguments}"
    return visible(text)
