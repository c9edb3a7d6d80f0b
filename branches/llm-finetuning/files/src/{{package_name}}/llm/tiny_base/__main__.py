"""Make the tiny base model again: ``python -m <package>.llm.tiny_base --output <folder>``.

practice text → tokenizer → training in plain PyTorch → weights in half precision, configuration, tokenizer
"""

import argparse
import copy
import itertools
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from ..process import quiet_transformers
from . import MODEL_FOLDER
from .corpus import Dice, PracticeText, Segment

END, PAD, USER, ASSISTANT = "<|end|>", "<|pad|>", "<|user|>", "<|assistant|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}<|assistant|>"
    "{% generation %}{{ message['content'] | trim }}<|end|>{% endgeneration %}"
    "{% else %}<|user|>{{ message['content'] | trim }}<|end|>{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
VOCABULARY = 2048
TOKENIZER_ROWS = 20_000
IGNORED = -100
WARM_UP = 192  # steps
# Shares of the kinds of rows, in percent.
COPY_FIRST = (10, 0, 30, 60)
THEN_LOOK_UP = (60, 20, 15, 5)
ROPE_THETA = 10_000.0
MAX_POSITIONS = 1024
BATCHES_AT_ONCE = 16  # rows of so many batches are sorted by length, to pad little


def train_tokenizer(seed: int) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE on practice text.

    Digits are single tokens and every line begins with a space, so that a word has one spelling wherever it stands:
    what is copied from a line's start into the middle of an answer keeps its tokens.
    """
    text = PracticeText(seed)
    vocabulary = [f"{word} {word.capitalize()}" for words in text.words.values() for word in words]
    rows = ["".join(segment.text for segment in text.lookup_row()) for _ in range(TOKENIZER_ROWS)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split("\n", "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=True),
            pre_tokenizers.Digits(individual_digits=True),
        ]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteLevel(), decoders.Replace(" \n ", "\n"), decoders.Strip(" ", 1, 0)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, END, USER, ASSISTANT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(rows + vocabulary * 20, trainer)
    wrap: Any = PreTrainedTokenizerFast  # transformers gives its arguments no types
    wrapped: PreTrainedTokenizerFast = wrap(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        chat_template=CHAT_TEMPLATE,
        model_max_length=MAX_POSITIONS,
    )
    return wrapped


def encode(tokenizer: PreTrainedTokenizerBase, rows: list[list[Segment]]) -> list[tuple[list[int], list[bool]]]:
    """Turn rows of segments into token ids and a flag for each id that counts in the loss."""
    pieces = [segment for row in rows for segment in row]
    encoded = iter(tokenizer([piece.text for piece in pieces], add_special_tokens=False)["input_ids"])
    result = []
    for row in rows:
        ids: list[int] = []
        counted: list[bool] = []
        for segment in row:
            piece = next(encoded)
            ids += piece
            counted += [segment.supervised] * len(piece)
        result.append(([*ids, tokenizer.eos_token_id], [*counted, True]))
    return result


def practice_batches(
    tokenizer: PreTrainedTokenizerFast, seed: int, batch_size: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield batches without end.

    Yields
    ------
    input_ids : Tensor of shape (batch, tokens)
    labels : Tensor of shape (batch, tokens)
        -100 where a token does not count.
    """
    text, rng = PracticeText(seed), Dice(seed)
    pieces = sorted(piece for token in tokenizer.get_vocab() if (piece := token.removeprefix("\u0120")).isalnum())
    words = [word for section in text.words.values() for word in section]
    for step in itertools.count(step=BATCHES_AT_ONCE):
        rows = []
        for _ in range(batch_size * BATCHES_AT_ONCE):
            tokens = rng.choice((words, ["".join(rng.choices(pieces, k=rng.choice((1, 2, 2, 3)))) for _ in range(40)]))
            kind = rng.weighted(
                ("lookup", "record", "compact", "repeat"), COPY_FIRST if step < WARM_UP else THEN_LOOK_UP
            )
            if kind == "lookup":
                rows.append(text.lookup_row())
            elif kind == "record":
                rows.append(text.record_row())
            elif kind == "compact":
                rows.append(text.compact_row(tokens))
            else:
                rows.append(text.repeat_row(tokens))
        encoded = sorted(encode(tokenizer, rows), key=lambda row: len(row[0]))
        batches = [encoded[start : start + batch_size] for start in range(0, len(encoded), batch_size)]
        rng.shuffle(batches)
        for batch in batches:
            width = len(batch[-1][0])
            input_ids = torch.full((len(batch), width), tokenizer.pad_token_id)
            labels = torch.full((len(batch), width), IGNORED)
            for index, (ids, counted) in enumerate(batch):
                row = torch.tensor(ids)
                input_ids[index, : len(ids)] = row
                labels[index, : len(ids)] = row.where(torch.tensor(counted), IGNORED)
            yield input_ids, labels


def train(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, args: argparse.Namespace) -> None:
    """Train on practice batches; the loss counts looked-up values and repeated runs only."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, betas=(0.9, 0.98), weight_decay=0.05)

    def rate(step: int) -> float:
        return min((step + 1) / 50, 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / args.steps)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    started, batches = time.monotonic(), practice_batches(tokenizer, args.seed + 1, args.batch_size)
    for step in range(1, args.steps + 1):
        input_ids, labels = next(batches)
        hidden = model.model(input_ids=input_ids, use_cache=False).last_hidden_state[:, :-1]
        targets = labels[:, 1:]
        counted = targets != IGNORED
        logits = model.lm_head(hidden[counted])  # (counted tokens, vocabulary)
        loss = torch.nn.functional.cross_entropy(logits, targets[counted])
        model.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 0 or step == args.steps:
            right = (logits.argmax(-1) == targets[counted]).float().mean().item()
            elapsed = time.monotonic() - started
            print(f"step {step}: loss {loss.item():.3f}, {right:.1%} of the tokens right, {elapsed:.0f} s", flush=True)


@torch.no_grad()
def wire_copying(model: LlamaForCausalLM, embedding_std: float = 0.05) -> None:
    """Start with a copying circuit instead of waiting for one to form; training is free to change it.

    In the first layer half of the heads look at the previous token and write it into a subspace of their own. In the
    second layer half of the heads look for the places whose previous token is the current one and write what stands
    there, which repeats a run of tokens (the "induction heads" of Olsson et al., 2022, arXiv:2209.11895).
    """
    config = model.config
    width, heads = config.hidden_size, config.num_attention_heads
    size = width // heads
    used = heads // 2 * size
    pairs = size // 2
    embeddings = model.model.embed_tokens.weight.normal_(std=embedding_std)
    embeddings[:, 0] = 2 * embedding_std  # the same in every token, so that a head can ignore which token it is on
    frequencies = ROPE_THETA ** (-torch.arange(pairs) / pairs)
    basis = torch.linalg.qr(torch.randn(width, width)).Q
    read, written = basis[:, :used], torch.linalg.qr(torch.randn(width, width)).Q[:, :used]

    first = model.model.layers[0].self_attn
    sharpness = torch.where(torch.arange(pairs) < pairs // 2, 3.0, 0.0)
    for head in range(heads // 2):
        rows = slice(head * size, (head + 1) * size)
        first.q_proj.weight[rows] = 0
        first.k_proj.weight[rows] = 0
        first.q_proj.weight[rows, 0] = torch.cat([sharpness * frequencies.cos(), -sharpness * frequencies.sin()])
        first.k_proj.weight[rows, 0] = torch.cat([sharpness, torch.zeros(pairs)])
    first.v_proj.weight[:used] = read.T
    first.o_proj.weight[:, :used] = written * embedding_std

    second = model.model.layers[1].self_attn
    slow = torch.cat([torch.arange(pairs) >= pairs // 2] * 2)  # rotates little over the length of a row
    for head in range(heads // 2):
        rows = slice(head * size, (head + 1) * size)
        second.q_proj.weight[rows] = read[:, rows].T * slow[:, None] * 2
        second.k_proj.weight[rows] = written[:, rows].T * slow[:, None] * 2
    second.v_proj.weight[:used] = read.T
    second.o_proj.weight[:, :used] = read * embedding_std


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write weights in half precision, configuration and tokenizer; the configuration asks for single precision."""
    torch.nn.Module.to(copy.deepcopy(model), torch.float16).save_pretrained(folder)
    model.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)


def main() -> None:
    """Train the tokenizer and the model, and write both."""
    parser = argparse.ArgumentParser(description="Make the tiny base model again.")
    parser.add_argument("--output", type=Path, default=MODEL_FOLDER)
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    quiet_transformers()
    torch.manual_seed(args.seed)
    tokenizer = train_tokenizer(args.seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=128,
            intermediate_size=384,
            num_hidden_layers=4,
            num_attention_heads=4,
            max_position_embeddings=MAX_POSITIONS,
            rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    wire_copying(model)
    train(model, tokenizer, args)
    save(model, tokenizer, args.output)


if __name__ == "__main__":
    main()
