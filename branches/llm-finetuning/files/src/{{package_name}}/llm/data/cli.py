"""The commands ``datasets …``. Everything heavy is imported inside them, so that ``--help`` stays quick."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...runtime import EnvOption, JsonOption, SetOption, print_table
from ..options import SourceOption
from . import augment_cli, exchange_cli, review_cli
from .options import Reference, SeedOption, language_model, open_datasets, tell_limit, tell_version

if TYPE_CHECKING:
    from ..config import LLMConfig
    from ..pipeline import Prepared
    from .store import DatasetStore

app = typer.Typer(help="Build, compare, review and convert datasets.", no_args_is_help=True)

_SHOWN = 20


class Maker(StrEnum):
    """Who makes pairs."""

    RULES = "rules"
    MODEL = "model"
    BOTH = "both"


@app.command("build")
def build_command(
    documents: SourceOption = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the dataset")] = None,
    by: Annotated[Maker, typer.Option("--by", help="Who makes the pairs; the model is a language model")] = Maker.RULES,
    seed: SeedOption = 0,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Make rows of the source, check and split them, and keep them as a version."""
    config, root, store = open_datasets(overrides, env)
    from ..pipeline import Prepared
    from ..use_case import open_use_case
    from .building import build

    use_case = open_use_case(config)
    material = use_case.prepare(documents or root / use_case.source)
    about: dict[str, Any] = {}
    if by != Maker.RULES:
        if not isinstance(material, Prepared):
            raise typer.BadParameter(f"there are no passages to ask about for {use_case.name}", param_hint="--by")
        material, about = _ask(material, config, store, keep_rules=by == Maker.BOTH)
    material.tell()
    version = build(store, name or use_case.wording.dataset, material, seed, about)
    tell_version(version)


@app.command("list")
def list_command(overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False) -> None:
    """List the datasets and their versions."""
    _, _, store = open_datasets(overrides, env)
    known = store.versions()
    if as_json:
        typer.echo(json.dumps([one.card for one in known], indent=2, ensure_ascii=False))
    elif not known:
        typer.echo("there are no datasets: `datasets build` makes one", err=True)
    else:
        rows = [(str(one), *(str(one.card["rows"][name]) for name in one.card["rows"])) for one in known]
        made = [(one.card["created"][:19], ", ".join(one.card["parents"])) for one in known]
        header = ("dataset", *known[0].card["rows"], "created (UTC)", "parents")
        print_table([header, *((*row, *more) for row, more in zip(rows, made, strict=True))])


@app.command("show")
def show_command(
    dataset: Reference,
    sample: Annotated[int, typer.Option("--sample", min=0, help="Rows to print, spread over the dataset")] = 0,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Print the card of a dataset, or rows of it."""
    _, _, store = open_datasets(overrides, env)
    found = store.get(dataset)
    if not sample:
        typer.echo(json.dumps(found.card, indent=2, ensure_ascii=False))
        return
    from ..pipeline import spread

    rows = [(name, row) for name, part in found.splits().items() for row in part]
    for index in spread(rows, sample):
        name, row = rows[index]
        typer.echo(f"{name}  {row.document}\n  {row.question}\n  → {row.answer}")


@app.command("diff")
def diff_command(one: Reference, other: Reference, overrides: SetOption = None, env: EnvOption = None) -> None:
    """Show what the second dataset has more, less and else than the first."""
    _, _, store = open_datasets(overrides, env)
    from .store import difference

    before, after = store.get(one), store.get(other)
    found = difference(before.splits(), after.splits())
    counts = ", ".join(f"{len(rows)} {kind}" for kind, rows in found._asdict().items())
    typer.echo(f"{before} → {after}: {counts}")
    lines = [f"- {row.document}: {row.question} → {row.answer}" for row in found.removed]
    lines += [f"+ {row.document}: {row.question} → {row.answer}" for row in found.added]
    lines += [f"~ {new.document}: {new.question} → {old.answer} → {new.answer}" for old, new in found.changed]
    lines += [f"{home} → {new_home}  {row.document}: {row.question}" for row, home, new_home in found.moved]
    typer.echo("\n".join(lines[:_SHOWN]), nl=bool(lines))
    if len(lines) > _SHOWN:
        typer.echo(f"and {len(lines) - _SHOWN} more")


@app.command("lineage")
def lineage_command(dataset: Reference, overrides: SetOption = None, env: EnvOption = None) -> None:
    """Show what a dataset was made from, the newest first."""
    _, _, store = open_datasets(overrides, env)
    rows = [
        (str(one), str(sum(one.card["rows"].values())), one.card["created"][:19], ", ".join(one.card["source"]))
        for one in store.lineage(dataset)
    ]
    print_table([("dataset", "rows", "created (UTC)", "made from"), *rows])


@app.command("sample")
def sample_command(
    dataset: Reference,
    rows: Annotated[int, typer.Option("--rows", min=1, help="How many, in all splits together")],
    name: Annotated[str | None, typer.Option("--name", help="Name of the sample; DATASET-sample by default")] = None,
    seed: SeedOption = 0,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Draw rows of a dataset as one of their own: each split and topic keeps its share."""
    _, _, store = open_datasets(overrides, env)
    from .building import describe
    from .splits import sample_rows

    version = store.get(dataset)
    splits = sample_rows(version.splits(), rows, seed=seed)
    about = {"source": {"sample": rows}, "settings": {"seed": seed}, "parents": [str(version)]}
    tell_version(store.save(name or f"{version.name}-sample", splits, {**about, **describe(splits)}))


def _ask(
    prepared: Prepared, config: LLMConfig, store: DatasetStore, *, keep_rules: bool
) -> tuple[Prepared, dict[str, Any]]:
    """Have a language model ask about the passages; what it gave, and what to say about that on a card."""
    from dataclasses import asdict, replace

    from ..console import console
    from .asking import ask_about
    from .pairs import unrepeated
    from .quality import judge

    with language_model(config, store) as model, console.status("asking the language model") as status:
        found = ask_about(
            prepared.chunks, model, lambda done, count: status.update(f"{done} of {count} passages are asked about")
        )
    for chunk, reason in found.failed[:_SHOWN]:
        typer.echo(f"warning: no pairs of {chunk.document}, {chunk.place}: {reason}", err=True)
    tell_limit(found.stopped)
    rules = [one.pair for one in prepared.judged] if keep_rules else []
    judged = judge(unrepeated([*rules, *found.pairs]), config.quality)
    facts = {"model": config.generation.model, "failed": len(found.failed), "left": found.left, **asdict(model.usage)}
    return replace(prepared, judged=judged), {"language_model": facts}


for _part in (exchange_cli, augment_cli):
    app.registered_commands += _part.app.registered_commands
app.add_typer(review_cli.app, name="review")
