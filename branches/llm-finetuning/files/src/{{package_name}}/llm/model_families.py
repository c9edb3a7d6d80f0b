"""What is particular to the families of models that people tune: layers to adapt, end of a turn, chat template."""

from __future__ import annotations

from dataclasses import dataclass

ATTENTION_AND_MLP = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
# Of models that were made for the format of OpenAI's ChatML, where they bring no template of their own.
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA_3 = (
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% for message in messages %}<start_of_turn>"
    "{{ 'model' if message['role'] == 'assistant' else 'user' }}\n"
    "{{ message['content'] | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
PHI = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}"
    " {{ message['content'] | trim }}{{ eos_token }}{% else %}[INST] {{ message['content'] | trim }} [/INST]{% endif %}"
    "{% endfor %}"
)


@dataclass(frozen=True)
class ModelFamily:
    """A family of models.

    Attributes
    ----------
    name : str
        As people call it.
    lora_targets : tuple of str
        Linear layers that take an adapter.
    turn_end : str or None
        Token that ends what the assistant says, where it is another one than the end of a text.
    chat_template : str
        For models of the family without one.
    """

    name: str
    lora_targets: tuple[str, ...]
    turn_end: str | None
    chat_template: str


FAMILIES = {
    "llama": ModelFamily("Llama 3", ATTENTION_AND_MLP, "<|eot_id|>", LLAMA_3),
    "qwen3": ModelFamily("Qwen 3", ATTENTION_AND_MLP, "<|im_end|>", CHATML),
    "gemma2": ModelFamily("Gemma 2", ATTENTION_AND_MLP, "<end_of_turn>", GEMMA),
    "gemma3_text": ModelFamily("Gemma 3", ATTENTION_AND_MLP, "<end_of_turn>", GEMMA),
    "mistral": ModelFamily("Mistral", ATTENTION_AND_MLP, None, MISTRAL),
    "phi3": ModelFamily("Phi", ("qkv_proj", "o_proj", "gate_up_proj", "down_proj"), "<|end|>", PHI),
    "smollm3": ModelFamily("SmolLM 3", ATTENTION_AND_MLP, "<|im_end|>", CHATML),
}


def find_family(model_type: str, vocabulary: dict[str, int] | None = None) -> ModelFamily | None:
    """Find the family of a model.

    Parameters
    ----------
    model_type : str
        As in the model's ``config.json``.
    vocabulary : dict of str to int, optional
        Tokens of its tokenizer. SmolLM 1 and 2, and Llama 2, have the layers of Llama, and other tokens.

    Examples
    --------
    >>> find_family("qwen3").turn_end
    '<|im_end|>'
    >>> find_family("llama", {"<|im_end|>": 2}).name
    'SmolLM'
    >>> find_family("bert") is None
    True
    """
    family = FAMILIES.get(model_type)
    if family is None or vocabulary is None or family.turn_end is None or family.turn_end in vocabulary:
        return family
    if "<|im_end|>" in vocabulary:
        return ModelFamily("SmolLM", family.lora_targets, "<|im_end|>", CHATML)
    return None
