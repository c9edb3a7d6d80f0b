"""Human evaluation as the command line does it.

reports of models → a task → people rate on the page → findings, verdicts
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ...tracking.reproduction import KIND
from ..console import print_tables, tell_page, tell_run
from ..errors import DataError
from ..evaluation.judgement import PREFERENCE
from ..evaluation.records import FOLDER as EVALUATIONS
from ..evaluation.records import HTML, JSON
from ..tracking import record_run
from ..training.checkpoint_names import is_name
from .findings import Findings, find_out
from .page import human_page, remarks, tables
from .store import FILE, HumanStore
from .tasks import make_task

if TYPE_CHECKING:
    from ..evaluation.assessing import Assessor
    from ..options import Settings

FOLDER = Path("reports") / "llm-human"
EXPERIMENT = "llm-human"


def create_task(assessor: Assessor, refs: Sequence[str], name: str, questions: int) -> None:
    """Ask the models that have no report yet, and keep their answers for people to compare."""
    from ..evaluation.commands import reports_of
    from ..evaluation.sides import find_side

    settings = assessor.settings
    if not is_name(name):
        hint = "use at most 64 letters, digits, '.', '_' and '-', and start with a letter or a digit"
        raise DataError(f"{name!r} is no name of a task", hint=hint)
    store = HumanStore(settings.root / FILE)
    if name in store.names():
        raise DataError(f"there is a task {name!r} already", hint="give another --name")
    sides = [find_side(ref, settings.root) for ref in refs]
    reports = reports_of(assessor, sides, settings.root / EVALUATIONS / f"human-{name}")
    task, items = make_task(name, reports, settings.config.human, questions)
    store.add(task, items)
    same = sum(item.same for item in items)
    left_out = f"; {same} with the same answers are not shown" if same else ""
    typer.echo(f"{name}: {len(items) - same} pairs of answers{left_out}")
    typer.echo("people rate them on the page /ui/human of the service", err=True)


def report_task(settings: Settings, name: str | None, *, as_json: bool) -> None:
    """Say what people found: on a page, as JSON, in the terminal and among the runs."""
    found = _find_out(settings, name)
    folder = settings.root / FOLDER / found.task.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
    human_page(found).write(folder / HTML)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        print_tables(tables(found))
        for remark in remarks(found):
            typer.echo(remark)
    tell_page(folder / HTML, settings.root)
    tell_run(_record(settings, found, folder))


def export_verdicts(settings: Settings, name: str | None, output: Path) -> None:
    """Write what each person preferred as JSON lines."""
    store = HumanStore(settings.root / FILE)
    task = store.task(_named(store, name))
    items = {item.id: item for item in store.items(task.name)}
    lines = []
    for rating in store.latest(task.name):
        item = items[rating.item]
        said = {"id": item.question_id, "verdict": rating.verdict, "annotator": rating.annotator}
        lines.append(json.dumps({**said, "a": item.a, "b": item.b}, ensure_ascii=False))
    output.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    typer.echo(f"{len(lines)} verdicts of {task.name} in {output}", err=True)


def _find_out(settings: Settings, name: str | None) -> Findings:
    store = HumanStore(settings.root / FILE)
    task = store.task(_named(store, name))
    ratings = store.latest(task.name)
    if not ratings:
        hint = "rate on the page /ui/human of the service"
        raise DataError(f"nobody has rated anything of {task.name} yet", hint=hint)
    config, created = settings.config, datetime.now(UTC).isoformat(timespec="seconds")
    return find_out(task, store.items(task.name), ratings, (config.human, config.evaluation), created)


def _named(store: HumanStore, name: str | None) -> str:
    """Give the name of a task, or of the newest."""
    known = store.names()
    if name is None and not known:
        raise DataError("there is no task yet", hint="`llm evaluate human create` makes one")
    return name or known[0]


def _record(settings: Settings, found: Findings, folder: Path) -> str:
    task = found.task
    facts = {KIND: EXPERIMENT, "task": task.name, "dataset": task.asked, "metric": f"{PREFERENCE}_alpha"}
    with record_run(settings.store, settings.root, EXPERIMENT, task.name, facts) as run:
        run.log_params({"human": settings.config.human.model_dump(mode="json"), "models": list(task.models)})
        values: dict[str, float | None] = {"ratings": found.ratings, "annotators": len(found.annotators)}
        for one in found.agreement:
            if one.name.startswith("Krippendorff") and not one.name.endswith("interval"):
                values.setdefault(f"{one.about}_alpha", one.value)
        for number, duel in enumerate(found.duels):
            values[f"win_rate{f'_{number + 1}' if number else ''}"] = duel.win_rate[0]
        run.log_metrics({key: float(value) for key, value in values.items() if value is not None})
        run.log_folder(folder, "report")
    return run.id
