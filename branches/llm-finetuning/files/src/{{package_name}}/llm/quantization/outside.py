"""Quantising a model with llm-compressor or GPT-QModel, each in an environment of its own, without the project.

folder of a model, rows of tokens → folder of a smaller model, in the format of compressed-tensors or of GPTQ
"""

from __future__ import annotations

import argparse
import json
import os
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Read the command line, and do what it says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("scheme", choices=["gptq", "awq", "gptqmodel"])
    parser.add_argument("--model", required=True)
    parser.add_argument("--rows", required=True, type=Path)
    parser.add_argument("--output", required=True)
    parser.add_argument("--group-size", required=True, type=int)
    given = parser.parse_args()
    lines = given.rows.read_text(encoding="utf-8").split("\n")
    quantize = with_gptqmodel if given.scheme == "gptqmodel" else with_llmcompressor
    quantize(given, [json.loads(line)["input_ids"] for line in lines if line.strip()])


def with_llmcompressor(given: argparse.Namespace, rows: list[list[int]]) -> None:
    """Write linear layers in four bits, with a scale for each group, so that what they give on the rows changes least.

    Parameters
    ----------
    given : Namespace
        The command line.
    rows : list of list of int
        Tokens of the training split.
    """
    transformers, llmcompressor = import_module("transformers"), import_module("llmcompressor")
    schemes = import_module("compressed_tensors.quantization")
    if not import_module("torch").cuda.is_available():  # it pins memory for a GPU, whether there is one or not
        import_module("llmcompressor.pipelines.cache").IntermediatesCache.pin_memory = lambda *_: None
    model = transformers.AutoModelForCausalLM.from_pretrained(given.model, dtype="auto")
    weights = schemes.QuantizationArgs(
        num_bits=4, type="int", symmetric=True, strategy="group", group_size=given.group_size
    )
    groups = {"weights": schemes.QuantizationScheme(targets=["Linear"], weights=weights)}
    modifiers = import_module("llmcompressor.modifiers.quantization")
    recipe = [modifiers.GPTQModifier(config_groups=groups, ignore=["lm_head"])]
    if given.scheme == "awq":  # finds scales of channels, and leaves the rounding to another
        smooth = import_module("llmcompressor.modifiers.transform.awq").AWQModifier()
        recipe = [smooth, modifiers.QuantizationModifier(config_groups=groups, ignore=["lm_head"])]
    columns = {"input_ids": rows, "attention_mask": [[1] * len(row) for row in rows]}
    llmcompressor.oneshot(
        model=model,
        tokenizer=transformers.AutoTokenizer.from_pretrained(given.model),
        dataset=import_module("datasets").Dataset.from_dict(columns),
        recipe=recipe,
        num_calibration_samples=len(rows),
        max_seq_length=max(len(row) for row in rows),
    )
    model.save_pretrained(given.output, save_compressed=True)


def with_gptqmodel(given: argparse.Namespace, rows: list[list[int]]) -> None:
    """Do the same with GPT-QModel.

    Parameters
    ----------
    given : Namespace
        The command line.
    rows : list of list of int
        Tokens of the training split.
    """
    workers = max(2, (os.cpu_count() or 1) // 2)  # on two cores it starts one, which waits for another for ever
    os.environ.setdefault("GPTQMODEL_CPU_WORKERS", str(workers))
    library = import_module("gptqmodel")
    # Its folder on this machine would be written into the model's configuration.
    settings = library.QuantizeConfig(bits=4, group_size=given.group_size, offload_to_disk=False)
    model = library.GPTQModel.load(given.model, settings)
    model.quantize([{"input_ids": row, "attention_mask": [1] * len(row)} for row in rows], batch_size=1)
    model.save(given.output)


if __name__ == "__main__":
    main()
