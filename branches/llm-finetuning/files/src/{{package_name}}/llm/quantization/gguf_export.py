"""A checkpoint as a GGUF file, by the converter of llama.cpp, read again before it is kept.

checkpoint → merged model in a folder → convert_hf_to_gguf.py → file → its tensors held against the model
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..console import console
from ..errors import CheckpointError, ModelError
from .programs import run_program

if TYPE_CHECKING:
    from .quantizing import Original

CONVERTERS = ("convert_hf_to_gguf.py", "convert-hf-to-gguf")
TYPES = ("f32", "f16", "bf16", "q8_0")
# What the converter says when it refuses a model, and what can be done.
_REFUSALS = {
    "pre-tokenizer": "llama.cpp knows tokenizers by what they make of a sample text: those of published models, such "
    "as Llama 3, Qwen and Gemma, and not the one that ships with the project. Update llama.cpp if the model is newer "
    "than it; else tune a model whose tokenizer it knows",
    "is not supported": "this version of llama.cpp knows no models of this kind: update it",
    "No module named": "its requirements.txt names what it imports: install that into an environment, and set "
    "llm.quantization.converter to [<its python>, <llama.cpp>/convert_hf_to_gguf.py]",
}
_EMBEDDINGS = "token_embd.weight"


def find_converter(configured: Sequence[str]) -> list[str]:
    """Give the command of llama.cpp's converter: the configured one, or what is on the PATH.

    Raises
    ------
    ModelError
        If there is none, or what reads its files is not installed.
    """
    if find_spec("gguf") is None:
        raise ModelError("gguf is not installed, which reads what was written", hint="uv sync --extra gguf")
    if configured:
        if shutil.which(configured[0]) is None and not Path(configured[0]).is_file():
            raise ModelError(
                f"there is no program {configured[0]}", hint="set llm.quantization.converter to a command, in parts"
            )
        return list(configured)
    for name in CONVERTERS:
        found = shutil.which(name)
        if found:
            return [sys.executable, found] if name.endswith(".py") else [found]
    raise ModelError(
        "llama.cpp's converter is not on the PATH",
        hint="get llama.cpp, and set llm.quantization.converter to [python, <its folder>/convert_hf_to_gguf.py]",
    )


def export_gguf(original: Original, output: Path, number_type: str, converter: Sequence[str]) -> int:
    """Write a model as a GGUF file.

    Parameters
    ----------
    original : Original
        The model, without an adapter.
    output : Path
        The file, which must not be there.
    number_type : str
        One of `TYPES`.
    converter : sequence of str
        As `find_converter` gives it.

    Returns
    -------
    int
        How many tensors it holds.

    Raises
    ------
    CheckpointError
        If the file exists, or is not the model that was given.
    ModelError
        If the converter fails.
    """
    if output.exists():
        raise CheckpointError(f"{output} exists", hint="remove it, or give --output")
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=output.parent, ignore_cleanup_errors=True) as scratch:
        folder, made = Path(scratch) / "model", Path(scratch) / output.name
        original.model.save_pretrained(folder)
        original.tokenizer.save_pretrained(folder)
        command = [*converter, str(folder), "--outfile", str(made), "--outtype", number_type]
        with console.status(f"{original.label} as GGUF"):
            _convert(command)
        count = check_gguf(made, original.model)
        made.rename(output)
    return count


def _convert(command: Sequence[str]) -> None:
    try:
        run_program(command, "llama.cpp's converter", "update llama.cpp, or export another model")
    except ModelError as error:
        for said, hint in _REFUSALS.items():
            if said in error.message:
                raise ModelError(error.message, hint=hint) from error
        raise


def check_gguf(file: Path, model: Any) -> int:
    """Hold a GGUF file against the model that it was made of, and give the number of its tensors.

    Raises
    ------
    CheckpointError
        If it can't be read, or has other layers, other tensors or another vocabulary.
    """
    try:
        reader = import_module("gguf").GGUFReader(file)
        architecture = reader.fields["general.architecture"].contents()
        blocks = reader.fields[f"{architecture}.block_count"].contents()
        shapes = {tensor.name: tuple(int(length) for length in tensor.shape) for tensor in reader.tensors}
    except (KeyError, OSError, ValueError, IndexError) as error:
        raise CheckpointError(f"the converter wrote no GGUF file: {error}", hint="update llama.cpp") from error
    config = model.config
    rows, columns = model.get_input_embeddings().weight.shape
    layers = {name.split(".")[1] for name in shapes if name.startswith("blk.")}
    if blocks != config.num_hidden_layers or len(layers) != config.num_hidden_layers:
        fault = f"{blocks} layers, with weights for {len(layers)}, and the model has {config.num_hidden_layers}"
    elif shapes.get(_EMBEDDINGS) != (columns, rows):  # in the order of GGUF, the fastest first
        fault = f"embeddings of {shapes.get(_EMBEDDINGS)}, and the model of {(columns, rows)}"
    else:
        return len(shapes)
    raise CheckpointError(f"the converter wrote a file with {fault}", hint="update llama.cpp")
