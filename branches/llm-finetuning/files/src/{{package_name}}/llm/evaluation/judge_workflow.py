"""What ``llm evaluate judge`` does once its options are read: ask both models, ask the judge, report, record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import typer

from ...tracking.reproduction import KIND
from ..console import console, print_tables, tell_page, tell_run
from ..data.options import language_model
from ..data.store import DatasetStore
from ..errors import DataError
from ..options import Settings
from ..tracking import EVALUATION, record_run
from . import judge_page
from .assessing import Assessor
from .commands import reports_of
from .judgement import PREFERENCE, Judgement, judgement_of, read_people
from .judging import judge_answers
from .pairing import shared_examples
from .records import FOLDER, HTML, JSON
from .sides import Side


def judge_models(assessor: Assessor, sides: Sequence[Side], people: Path | None, *, as_json: bool) -> None:
    """Compare two models by a judge.

    Raises
    ------
    DataError
        If the two were asked nothing alike, or the file of people's verdicts can't be used.
    ModelError
        If the judge can't be used; what it has said is kept.
    """
    settings, config = assessor.settings, assessor.settings.config
    models = (sides[0].model, sides[1].model)
    said = read_people(people, models) if people else ({}, [])
    folder = settings.root / FOLDER / f"{models[1]}-against-{models[0]}"
    first, second = reports_of(assessor, sides, folder)
    refused = DataError(f"{models[0]} and {models[1]} were asked nothing alike", hint="evaluate both on one dataset")
    shared = shared_examples(first.examples, second.examples, refused, (second.row, second.group))
    with (
        language_model(config, DatasetStore(settings.root / "datasets"), config.judge) as model,
        console.status("asking the judge") as status,
    ):
        rulings = judge_answers(
            shared,
            model,
            show_expected=config.judge.show_expected,
            on_progress=lambda done, all_: status.update(f"{done} of {all_} answers of the judge"),
        )
    about = {
        "first": models[0],
        "second": models[1],
        "judge": config.judge.model,
        "asked": second.asked,
        "row": second.row,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    rules = config.evaluation.model_copy(update={"least_difference": config.judge.least_difference})
    found = judgement_of(rulings, shared, about, rules, said)
    folder = folder / "judged"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    judge_page.judge_page(found).write(folder / HTML)
    if as_json:
        typer.echo(found.model_dump_json(indent=2, exclude={"rulings"}))
    else:
        print_tables([judge_page.judge_table(found)])
        for remark in judge_page.remarks(found):
            typer.echo(remark)
    tell_page(folder / HTML, settings.root)
    tell_run(_record(settings, found, folder))


def _record(settings: Settings, found: Judgement, folder: Path) -> str:
    rate, low, high = found.win_rate
    figures = {
        PREFERENCE: rate,
        f"{PREFERENCE}_low": low,
        f"{PREFERENCE}_high": high,
        f"{PREFERENCE}_p": found.comparison.p_value,
        "ties": float(found.ties),
        "verdicts_changed_with_order": float(found.changed),
        "place_p": found.place.p_value,
        "without_verdict": float(len(found.nonsense)),
        **{f"kappa_{number}": one.value for number, one in enumerate(found.agreement, 1)},
    }
    facts = {KIND: EVALUATION, "checkpoint": found.second, "against": found.first, "judge": found.judge}
    facts |= {"dataset": found.asked, "metric": PREFERENCE}
    with record_run(settings.store, settings.root, EVALUATION, found.second, facts) as run:
        run.log_metrics({name: value for name, value in figures.items() if value is not None})
        run.log_folder(folder, "report")
    return run.id
