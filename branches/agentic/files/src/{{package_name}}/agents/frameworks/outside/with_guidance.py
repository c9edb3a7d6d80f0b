"""Guidance: a local model of transformers whose every reply keeps to a JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from .host import Host


def start(host: Host, order: dict[str, Any]) -> Callable[[str], str]:
    """Load the model, and give a function that writes a reply to a conversation."""
    guidance = import_module("guidance")
    transformers = import_module("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(order["folder"], local_files_only=True)
    weights = transformers.AutoModelForCausalLM.from_pretrained(order["folder"], local_files_only=True)
    empty = import_module("guidance.models").Transformers(weights, tokenizer, echo=False)

    def work(task: str) -> str:
        asked = json.loads(task)
        prompt = _prompt(tokenizer, asked["messages"])
        reply = guidance.json(
            name="reply",
            schema=asked["schema"],
            temperature=order["temperature"],
            max_tokens=order["most_tokens"],
        )
        text = str((empty + guidance.string(prompt) + reply)["reply"])
        return json.dumps({"text": text, "read": len(tokenizer.encode(prompt)), "written": len(tokenizer.encode(text))})

    return work


def _prompt(tokenizer: Any, messages: Sequence[dict[str, str]]) -> str:
    """Write a conversation by the model's own template, or plainly where it has none."""
    if tokenizer.chat_template:
        return str(tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False))
    return "".join(f"{message['role']}: {message['content']}\n" for message in messages) + "assistant: "
