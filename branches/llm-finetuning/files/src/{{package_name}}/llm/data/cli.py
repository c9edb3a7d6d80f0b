"""The commands ``datasets …``. Everything heavy is imported inside them, so that ``--help`` stays quick."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...runtime import EnvOption, JsonOption, SetOption, print_table, start
from ..options import SourceOption

if TYPE_CHECKING:
    from ..config import LLMConfig
    from ..pipeline import Prepared
    from .examples import Row
    from .language_model import LanguageModel
    from .store import DatasetStore, Version

app = typer.Typer(help="Build, compare, review and convert datasets.", no_args_is_help=True)
review_app = typer.Typer(help="Take decisions of people in and out; the page /ui/review takes them too.")
app.add_typer(review_app, name="review")

NameOption = Annotated[str, typer.Option("--name", help="Name of the dataset")]
Reference = Annotated[str, typer.Argument(metavar="DATASET", help="Such as name, or name@a1b2c3")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of the splits")]
FormatOption = Annotated[
    str | None,
    typer.Option("--format", help="pairs, messages, sharegpt, instruction, completion or preference"),
]

_SHOWN = 20


class Maker(StrEnum):
    """Who makes pairs."""

    RULES = "rules"
    MODEL = "model"
    BOTH = "both"


@app.command("build")
def build_command(
    documents: SourceOption = None,
    name: NameOption = "documents",
    by: Annotated[Maker, typer.Option("--by", help="Who makes the pairs; the model is a language model")] = Maker.RULES,
    seed: SeedOption = 0,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Make rows of the source, check and split them, and keep them as a version."""
    config, root, store = _open(overrides, env)
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
    version = build(store, name, material, seed, about)
    _tell(version)


@app.command("list")
def list_command(overrides: SetOption = None, env: EnvOption = None, as_json: JsonOption = False) -> None:
    """List the datasets and their versions."""
    _, _, store = _open(overrides, env)
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
    _, _, store = _open(overrides, env)
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
    _, _, store = _open(overrides, env)
    from .store import difference

    before, after = store.get(one), store.get(other)
    added, removed, changed = difference(_rows(before.splits()), _rows(after.splits()))
    typer.echo(f"{before} → {after}: {len(added)} added, {len(removed)} removed, {len(changed)} changed")
    lines = [f"- {row.document}: {row.question} → {row.answer}" for row in removed]
    lines += [f"+ {row.document}: {row.question} → {row.answer}" for row in added]
    lines += [f"~ {new.document}: {new.question} → {old.answer} → {new.answer}" for old, new in changed]
    typer.echo("\n".join(lines[:_SHOWN]), nl=bool(lines))
    if len(lines) > _SHOWN:
        typer.echo(f"and {len(lines) - _SHOWN} more")


@app.command("lineage")
def lineage_command(dataset: Reference, overrides: SetOption = None, env: EnvOption = None) -> None:
    """Show what a dataset was made from, the newest first."""
    _, _, store = _open(overrides, env)
    rows = [
        (str(one), str(sum(one.card["rows"].values())), one.card["created"][:19], ", ".join(one.card["source"]))
        for one in store.lineage(dataset)
    ]
    print_table([("dataset", "rows", "created (UTC)", "made from"), *rows])


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="JSON lines, JSON or CSV")],
    name: NameOption,
    form: FormatOption = None,
    seed: SeedOption = 0,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Take a dataset of another tool in; its format is told by its fields."""
    config, _, store = _open(overrides, env)
    from .building import describe, distinct, masked
    from .formats import read_rows
    from .splits import split_rows

    found, rows = read_rows(file, form)
    typer.echo(f"format: {found}, {len(rows)} rows", err=True)
    rows, hidden = masked(rows) if config.data.mask_private else (rows, Counter[str]())
    if hidden:
        counts = ", ".join(f"{count} {kind}" for kind, count in hidden.most_common())
        typer.echo(f"warning: personal data or secrets were masked: {counts}", err=True)
    kept = distinct(rows, config.quality.similarity)
    if len(kept) < len(rows):
        typer.echo(f"{len(rows) - len(kept)} near-duplicates were left out", err=True)
    splits = split_rows(kept, config.data, seed=seed, similarity=config.quality.similarity)
    about = {"source": {"file": file.name}, "format": found, "masked": hidden, "near_duplicates": len(rows) - len(kept)}
    version = store.save(name, splits, {**about, **describe(splits)})
    _tell(version)


@app.command("export")
def export_command(
    dataset: Reference,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for a file of each split")],
    form: FormatOption = "messages",
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write a dataset for another tool."""
    _, _, store = _open(overrides, env)
    from .formats import check_format, write_rows

    check_format(form)
    splits = store.get(dataset).splits()
    output.mkdir(parents=True, exist_ok=True)
    for split, rows in splits.items():
        path = output / f"{split}.jsonl"
        write_rows(rows, path, form or "messages")
        typer.echo(path.as_posix())


@app.command("augment")
def augment_command(
    dataset: Reference,
    typos: Annotated[float, typer.Option("--typos", min=0, max=1, help="Share of questions with a typing error")] = 0.0,
    reword: Annotated[bool, typer.Option("--reword", help="Word questions anew by rules")] = False,
    paraphrase: Annotated[bool, typer.Option("--paraphrase", help="Have the language model word them anew")] = False,
    through: Annotated[list[str] | None, typer.Option("--through", help="Language to translate into and back")] = None,
    more: Annotated[bool, typer.Option("--more", help="Have the language model ask more about the passages")] = False,
    seed: SeedOption = 0,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Add rows to the training split, and to no other, as a new version."""
    config, _, store = _open(overrides, env)
    from ..errors import DataError
    from . import augmentation
    from .building import describe
    from .splits import check_splits

    version = store.get(dataset)
    splits = version.splits()
    made = augmentation.with_typos(splits.train, typos, seed)
    made += augmentation.reworded(splits.train) if reword else []
    if paraphrase or through or more:
        with _language_model(config, store) as model:
            for languages in ([()] if paraphrase else []) + ([tuple(through)] if through else []):
                found, stopped = augmentation.paraphrased(splits.train, model, languages)
                made += found
                _warn_of_limit(stopped)
            if more:
                found, asked = augmentation.asked_more(splits, model, config.quality)
                made += found
                _warn_of_limit(asked.stopped)
    apart = augmentation.unleaked(made, splits, config.quality.similarity)
    if len(apart) < len(made):
        typer.echo(f"{len(made) - len(apart)} rows nearly the same as validation or test were left out", err=True)
    if not apart:
        raise DataError("no row was added", hint="ask for --typos 0.2, --reword, --paraphrase, --through or --more")
    train = list({row.identity: row for row in [*apart, *splits.train]}.values())
    more_splits = {**splits, "train": train}
    check_splits(more_splits, config.quality.similarity)
    about = {"source": {"augmentation": len(train) - len(splits.train)}, "parents": [str(version)]}
    saved = store.save(version.name, more_splits, {**about, **describe(more_splits)})
    _tell(saved)


@review_app.command("export")
def review_export_command(
    dataset: Reference,
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV file to write")],
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Write a sheet to review in a spreadsheet: fill in `decision`, and `new_question`, `new_answer` for edits."""
    _, _, store = _open(overrides, env)
    from .reviews import Reviews, write_sheet

    count = write_sheet(store.get(dataset), Reviews(store.root / "reviews.db"), output)
    typer.echo(f"{count} rows in {output}: a decision is accept, edit, reject or open", err=True)


@review_app.command("import")
def review_import_command(
    dataset: Reference,
    file: Annotated[Path, typer.Argument(help="The sheet that was filled in")],
    reviewer: Annotated[str, typer.Option("--reviewer", help="Who decided")],
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Take the decisions of a sheet over."""
    _, _, store = _open(overrides, env)
    from .reviews import Reviews, read_sheet

    version = store.get(dataset)
    decisions = read_sheet(version, file, reviewer)
    Reviews(store.root / "reviews.db").decide(version.name, *decisions)
    typer.echo(f"{len(decisions)} decisions of {reviewer} about {version}")


@review_app.command("apply")
def review_apply_command(
    dataset: Reference,
    reviewed_only: Annotated[bool, typer.Option("--reviewed-only", help="Leave out what nobody has decided")] = False,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Make the version that people have decided for: with edits, without what was rejected."""
    config, _, store = _open(overrides, env)
    from .building import describe
    from .reviews import Reviews, apply
    from .splits import check_splits

    version = store.get(dataset)
    splits, counts = apply(version, Reviews(store.root / "reviews.db"), reviewed_only=reviewed_only)
    check_splits(splits, config.quality.similarity)
    about = {"source": {"review": dict(counts)}, "parents": [str(version)]}
    made = store.save(version.name, splits, {**about, **describe(splits)})
    _tell(made)


def _ask(
    prepared: Prepared, config: LLMConfig, store: DatasetStore, *, keep_rules: bool
) -> tuple[Prepared, dict[str, Any]]:
    """Have a language model ask about the passages; what it gave, and what to say about that on a card."""
    from dataclasses import asdict, replace

    from ..console import console
    from .asking import ask_about
    from .pairs import unrepeated
    from .quality import judge

    with _language_model(config, store) as model, console.status("asking the language model") as status:
        found = ask_about(
            prepared.chunks, model, lambda done, count: status.update(f"{done} of {count} passages are asked about")
        )
    for chunk, reason in found.failed[:_SHOWN]:
        typer.echo(f"warning: no pairs of {chunk.document}, {chunk.place}: {reason}", err=True)
    _warn_of_limit(found.stopped)
    rules = [one.pair for one in prepared.judged] if keep_rules else []
    judged = judge(unrepeated([*rules, *found.pairs]), config.quality)
    facts = {"model": config.generation.model, "failed": len(found.failed), "left": found.left, **asdict(model.usage)}
    return replace(prepared, judged=judged), {"language_model": facts}


@contextmanager
def _language_model(config: LLMConfig, store: DatasetStore) -> Iterator[LanguageModel]:
    """Connect to the language model, and say in the end what it took."""
    from .language_model import LanguageModel

    model = LanguageModel(config.generation, store.root / "answers.db")
    try:
        yield model
    finally:
        model.close()
        used = model.usage
        typer.echo(
            f"language model: {used.requests} requests, {used.kept} answers kept from before, "
            f"{used.prompt_tokens} tokens sent, {used.completion_tokens} received, cost {used.cost:.4f}",
            err=True,
        )


def _warn_of_limit(reason: str) -> None:
    if reason:
        typer.echo(f"warning: not everything was asked: {reason}", err=True)


def _open(overrides: list[str] | None, env: str | None) -> tuple[LLMConfig, Path, DatasetStore]:
    """Give the configuration, the project's folder and its datasets."""
    from ..config import LLMConfig
    from .store import DatasetStore

    loaded = start(overrides, env)
    return loaded.group("llm", LLMConfig), loaded.root, DatasetStore(loaded.root / "datasets")


def _rows(splits: Any) -> Sequence[Row]:
    return [row for part in splits.values() for row in part]


def _tell(version: Version) -> None:
    """Say what a new version holds, and print its name alone for what reads it."""
    rows = version.card["rows"]
    counts = ", ".join(f"{count} {name}" for name, count in rows.items())
    typer.echo(f"{sum(rows.values())} rows: {counts}", err=True)
    typer.echo(str(version))
