"""The command ``datasets augment``: more rows for training."""

from __future__ import annotations

from typing import Annotated

import typer

from ...runtime import EnvOption, SetOption
from .options import Reference, SeedOption, language_model, open_datasets, tell_limit, tell_version

app = typer.Typer()


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
    config, _, store = open_datasets(overrides, env)
    from ..errors import DataError
    from . import augmentation
    from .building import describe
    from .splits import check_splits

    version = store.get(dataset)
    splits = version.splits()
    made = augmentation.with_typos(splits.train, typos, seed)
    made += augmentation.reworded(splits.train) if reword else []
    if paraphrase or through or more:
        with language_model(config, store) as model:
            for languages in ([()] if paraphrase else []) + ([tuple(through)] if through else []):
                found, stopped = augmentation.paraphrased(splits.train, model, languages)
                made += found
                tell_limit(stopped)
            if more:
                found, asked = augmentation.asked_more(splits, model, config.quality)
                made += found
                tell_limit(asked.stopped)
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
    tell_version(saved)
