"""Asking a model: the prompt that training uses too, and greedy answers in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def prompt_messages(context: str, question: str) -> list[dict[str, str]]:
    r"""Word the conversation up to the answer; training, evaluation and use share it.

    Examples
    --------
    >>> prompt_messages("The mill is old.", "What is the mill?")
    [{'role': 'user', 'content': 'The mill is old.\n\nWhat is the mill?'}]
    """
    content = f"{context.strip()}\n\n{question.strip()}" if context.strip() else question.strip()
    return [{"role": "user", "content": content}]


def generate(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    questions: Sequence[tuple[str, str]],
    *,
    max_new_tokens: int = 24,
    batch_size: int = 64,
) -> list[str]:
    """Answer questions, always taking the likeliest token.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        Model to ask; its mode and device stay as they are found.
    questions : sequence of (str, str)
        Contexts and questions.
    max_new_tokens : int
        Most tokens in an answer.
    batch_size : int
        Questions answered at once; rows of similar length share a batch.

    Returns
    -------
    list of str
        One answer for each question, in their order.
    """
    import torch

    prompts = [
        str(tokenizer.apply_chat_template(prompt_messages(*item), tokenize=False, add_generation_prompt=True))
        for item in questions
    ]
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    answers = [""] * len(prompts)
    was_training = model.training
    model.eval()
    ask: Any = model.generate  # on an adapter, the type says that this may be a tensor
    try:
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            inputs = tokenizer(
                [prompts[index] for index in batch],
                return_tensors="pt",
                padding=True,
                padding_side="left",
                add_special_tokens=False,
                return_token_type_ids=False,
            ).to(model.device)
            with torch.inference_mode():
                output = ask(
                    **inputs,
                    max_new_tokens=max_new_tokens,
                    do_sample=False,
                    eos_token_id=tokenizer.eos_token_id,
                    pad_token_id=tokenizer.pad_token_id,
                )
            new = output[:, inputs["input_ids"].shape[1] :]  # (batch, new tokens)
            for index, answer in zip(batch, tokenizer.batch_decode(new, skip_special_tokens=True), strict=True):
                answers[index] = answer.strip()
    finally:
        model.train(was_training)
    return answers
