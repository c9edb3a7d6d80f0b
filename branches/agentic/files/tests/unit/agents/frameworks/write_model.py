"""Writes a language model that knows nothing, in the format of transformers. Guidance's own environment runs it."""

import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

END = "<|end|>"

letters = sorted(pre_tokenizers.ByteLevel.alphabet())
vocabulary = {token: number for number, token in enumerate([*letters, END])}
bytes_alone = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
bytes_alone.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
bytes_alone.decoder = decoders.ByteLevel()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=bytes_alone, bos_token=END, eos_token=END, pad_token=END)

torch.manual_seed(0)
model = LlamaForCausalLM(
    LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=8192,
        bos_token_id=vocabulary[END],
        eos_token_id=vocabulary[END],
    )
)
model.save_pretrained(sys.argv[1])
tokenizer.save_pretrained(sys.argv[1])
