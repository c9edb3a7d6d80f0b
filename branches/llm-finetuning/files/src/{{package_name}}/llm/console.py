"""What the commands say: progress on standard error, results as tables on standard output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from .pipeline import Prepared
from .use_case import Table, Wording

if TYPE_CHECKING:
    from .training.preflight import Preflight

NAMES_SHOWN = 5

console = Console(stderr=True, highlight=False, markup=False)


def tell_documents(prepared: Prepared) -> None:
    """Say what was read, and warn of what was not."""
    skipped = [f"{file.name} ({file.reason})" for file in prepared.folder.skipped]
    _warn("file", "skipped", skipped)
    masked = [
        f"{name} ({', '.join(f'{count} {kind}' for kind, count in sorted(found.items()))})"
        for name, found in prepared.folder.masked.items()
    ]
    _warn("document", "with personal data or secrets, which were masked", masked)
    left_out = [f"{one.pair.question} ({'; '.join(one.reasons)})" for one in prepared.judged if not one.accepted]
    _warn("pair", "left out", left_out)
    _warn("document", "without a fact to ask about", prepared.without_pairs)
    used = len(prepared.folder.documents)
    console.print(f"{used} documents, {len(prepared.chunks)} passages, {len(prepared.pairs)} question-answer pairs")


def tell_profile(name: str, values: Mapping[str, Any]) -> None:
    """Say which profile is used, and what it sets."""
    if values:
        console.print(f"profile {name}: {', '.join(f'{key} {value}' for key, value in values.items())}", soft_wrap=True)


def print_preflight(found: Preflight) -> None:
    """Print what a run is going to be, and what is learned."""
    out = Console(highlight=False, markup=False)
    table = RichTable(show_header=False)
    memory = found.memory
    parts = [("weights", memory.weights), ("gradients", memory.gradients)]
    parts += [("optimiser", memory.optimizer), ("activations", memory.activations)]
    table.add_row("model", f"{found.base_model}, {found.parameters:,} weights, licence {found.licence}")
    table.add_row("trained", f"{found.trained:,} weights, {found.trained / found.parameters:.2%}")
    for name, one in found.splits.items():
        counts = f"{one.rows:,} rows, {one.tokens:,} tokens, {one.supervised:,} of them learned"
        table.add_row(name, f"{counts}; {one.typical} tokens a row, {one.longest} at most; {one.too_long} rows cut")
    batches = found.batches
    laid = "end to end, each attends to itself" if batches.packing == "always" else "padded beside rows of like length"
    table.add_row("batches", f"{batches.batch_size} rows, {laid}; {batches.gradient_accumulation} in a step")
    table.add_row("attention", found.attention)
    table.add_row("layers", "compiled" if found.compiled else "not compiled")
    needed = f"{size_text(memory.total)} of {size_text(found.available)}"
    table.add_row("memory", f"{needed}: {', '.join(f'{name} {size_text(size)}' for name, size in parts)}")
    table.add_row("device", found.device)
    table.add_row("disk", f"{size_text(found.disk_needed)} of {size_text(found.disk_free)}")
    table.add_row("benchmarks", found.benchmarks)
    out.print(table)
    out.print("what is learned is underlined, between ⟦ and ⟧:")
    for row in found.samples:
        text = Text()
        for part, counted in row:
            text.append(f"⟦{part}⟧" if counted else part, "underline green" if counted else "dim")
        out.print(text, soft_wrap=True)
    for problem in found.problems:
        console.print(f"problem: {problem}", soft_wrap=True)


def tell_loss(step: int, last_step: int, measured: Mapping[str, float]) -> None:
    """Say the validation loss of a step."""
    if "eval_loss" in measured:
        console.print(f"step {step} of {last_step}: validation loss {measured['eval_loss']:.3f}")


def tell_page(page: Path, root: Path) -> None:
    """Say where a page is."""
    console.print(f"report: {page.relative_to(root).as_posix()}", soft_wrap=True)


def tell_run(run: str) -> None:
    """Say where a run can be seen."""
    console.print(f"recorded: `runs show {run[:8]}`")


def tell_trained(noun: str, asked: Iterable[str], trained: Iterable[str]) -> None:
    """Warn of what a checkpoint is asked about and was trained on."""
    _warn(noun, "asked about that the checkpoint was trained on", sorted({*asked} & {*trained}))


def print_scores(columns: Mapping[str, Mapping[str, float]], measures: Mapping[str, str], *, title: str) -> None:
    """Print scores as a table with a column for each model."""
    table = RichTable()
    table.add_column("measure")
    for name in columns:
        table.add_column(name, justify="right")
    for key, label in {**measures, "eval_loss": "Eval loss"}.items():
        table.add_row(label[:1].lower() + label[1:], *(f"{scores[key]:.3f}" for scores in columns.values()))
    out = Console(highlight=False, markup=False)
    out.print(title, soft_wrap=True)
    out.print(table)


def print_tables(tables: Iterable[Table]) -> None:
    """Print tables below each other."""
    out = Console(highlight=False, markup=False)
    for one in tables:
        table = RichTable(*one.header)
        for row in one.rows:
            table.add_row(*row)
        out.print(one.title, soft_wrap=True)
        out.print(table)


def print_report(report: Mapping[str, Any], wording: Wording, page: Path) -> None:
    """Print what a demo run found, and where it is."""
    documents, pairs = report["documents"], report["pairs"]
    print_scores(
        {"base": report["base"], "tuned": report["tuned"]},
        wording.measures,
        title=f"{pairs['test']} {wording.row}s about {documents['test']} {wording.group}s never seen",
    )
    print_tables(Table(**table) for table in report["tables"])
    out = Console(highlight=False, markup=False)
    out.print(
        f"trained on {pairs['train']} {wording.row}s about {documents['train']} {wording.group}s, "
        f"seed {report['seed']}: {sum(report['seconds'].values()):.0f} s, "
        f"at most {report['peak_rss_mb']:.0f} MB of memory"
    )
    out.print(f"checkpoint  {report['checkpoint']}", soft_wrap=True)
    out.print(f"report      {page.as_posix()}", soft_wrap=True)


def _warn(noun: str, what: str, names: list[str]) -> None:
    if not names:
        return
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    plural = "s" if len(names) > 1 else ""
    shown = ", ".join(names[:NAMES_SHOWN])
    console.print(f"warning: {len(names)} {noun}{plural} {what}: {shown}{more}", soft_wrap=True)


def size_text(size: int) -> str:
    """Write a number of bytes for people.

    Examples
    --------
    >>> size_text(3 * 2**30)
    '3.0 GiB'
    """
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 // 10 else f"{size / 2**20:.1f} MiB"
