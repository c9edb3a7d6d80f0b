"""Models that other libraries make smaller, in their own formats, which transformers reads with their help.

model → folder → bitsandbytes here, or another library in an environment of its own → folder → a smaller model
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..console import console
from ..data.examples import Row, conversation
from ..errors import ModelError
from ..training.data_preparation import encode
from .gptq_format import read_gptq
from .programs import run_program

if TYPE_CHECKING:
    import torch

    from .methods import Method
    from .quantizing import Original

# What reads a format, and the extra of the project that brings it.
READERS = {"bitsandbytes": ("bitsandbytes", "qlora"), "compressed-tensors": ("compressed_tensors", "compressed")}
_GPTQ = "gptq"  # which is read without help
_SCRIPT = Path(__file__).with_name("outside.py")


def reader_fault(file_format: str) -> str | None:
    """Say what is missing to read a format."""
    package, extra = READERS[file_format]
    if find_spec(package):
        return None
    return f"{package.replace('_', '-')} is not installed: `uv sync --extra {extra}`"


def made_here(original: Original, method: Method, group_size: int) -> Any:
    """Have bitsandbytes quantise a copy of a model while it is loaded."""
    scratch = TemporaryDirectory(ignore_cleanup_errors=True)
    whole, output = Path(scratch.name) / "model", Path(scratch.name) / "output"
    original.model.save_pretrained(whole)
    model = _load(whole, original.device, quantization_config=method.settings(group_size))
    model.save_pretrained(output)
    return _marked(model, original, output, scratch)


def made_outside(original: Original, method: Method, rows: Sequence[Row], compressor: str, group_size: int) -> Any:
    """Have a library quantise a copy of a model, in an environment of its own.

    Parameters
    ----------
    original : Original
        What it is made of.
    method : Method
        How.
    rows : sequence of Row
        Rows of the training split, which show what layers are given.
    compressor : str
        The library, with its version.
    group_size : int
        Weights that share a scale.

    Raises
    ------
    ModelError
        If it fails, or hands over nothing.
    """
    scratch = TemporaryDirectory(ignore_cleanup_errors=True)
    folder = Path(scratch.name)
    original.model.save_pretrained(folder / "model")
    original.tokenizer.save_pretrained(folder / "model")
    encoded = encode(original.tokenizer, [conversation(row) for row in rows])
    lines = [json.dumps({"input_ids": row.input_ids}) + "\n" for row in encoded]
    (folder / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    command = outside_command(folder, method.settings(group_size), compressor)
    with console.status(f"{method.name} with {compressor}, in an environment of its own"):
        run_program(command, compressor, f"look whether `uv run --no-project --with {compressor} python` runs")
    if not (folder / "output" / "config.json").is_file():
        raise ModelError(f"{compressor} hands over no model", hint="set another version in conf/llm/quantization.yaml")
    return _marked(_read(folder / "output", original.device), original, folder / "output", scratch)


def outside_command(folder: Path, settings: Sequence[str], compressor: str) -> list[str]:
    """Give the command that makes ``output`` of ``model`` and ``rows.jsonl`` in a folder."""
    where = ("--model", "model"), ("--rows", "rows.jsonl"), ("--output", "output")
    places = [part for option, name in where for part in (option, str(folder / name))]
    # From the folder, so that settings of the project's own uv don't count, but those of who runs it do.
    alone = ["uv", "run", "--isolated", "--no-project", "--directory", str(folder), "--python", sys.executable]
    return [*alone, "--with", compressor, "python", str(_SCRIPT), *settings, *places]


def is_foreign(model: Any) -> bool:
    """Say whether another library made a model smaller, which is saved as that library wrote it."""
    return getattr(model, "made_in", None) is not None


def foreign_size(model: Any) -> int:
    """Give the bytes of its files of weights."""
    return sum(file.stat().st_size for file in model.made_in.glob("*.safetensors"))


def write_foreign(folder: Path, model: Any) -> None:
    """Save a model as the library wrote it."""
    for file in model.made_in.iterdir():
        if file.suffix == ".safetensors" or file.name.endswith(("config.json", ".safetensors.index.json")):
            shutil.copyfile(file, folder / file.name)


def read_foreign(folder: Path) -> Any:
    """Load a model that another library wrote.

    Raises
    ------
    ValueError
        If the format is none that is known, or what reads it is not installed.
    """
    import torch

    model = _read(folder, torch.device("cpu"))
    model.made_in = folder
    return model


def _read(folder: Path, device: torch.device) -> Any:
    facts = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("quantization_config", {})
    file_format = facts.get("quant_method")
    if file_format == _GPTQ:
        return read_gptq(folder, facts, device)
    if file_format not in READERS:
        raise ValueError(f"it is quantised as {file_format!r}, and not as {', '.join([*READERS, _GPTQ])}")
    fault = reader_fault(file_format)
    if fault:
        raise ValueError(fault)
    return _load(folder, device)


def _load(folder: Path, device: Any, **options: Any) -> Any:
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype="auto", device_map={"": device}, trust_remote_code=False, use_safetensors=True, **options
    )
    return model.eval()


def _marked(model: Any, original: Original, folder: Path, scratch: TemporaryDirectory[str]) -> Any:
    """Have a model know where its files are, which go when it goes, and what it was made of, which stays."""
    model.made_in, model.scratch = folder, scratch
    model.name_or_path = original.model.name_or_path
    return model
