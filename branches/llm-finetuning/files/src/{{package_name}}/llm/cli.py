"""The commands ``llm …``. Everything heavy is imported inside them, so that ``--help`` stays quick."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ..runtime import EnvOption, SetOption, start

if TYPE_CHECKING:
    from ..tracking.config import TrackingConfig
    from .config import LLMConfig

app = typer.Typer(help="Fine-tune a language model on documents.", no_args_is_help=True)

DocumentsOption = Annotated[Path | None, typer.Option("--documents", metavar="FOLDER", help="Documents to use")]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="Seed of splits, batches and weights")]
DatasetOption = Annotated[
    str | None, typer.Option("--dataset", help="Such as documents or documents@a1b2c3, in place of documents")
]
CheckpointArgument = Annotated[
    str | None, typer.Argument(metavar="[CHECKPOINT]", help="Such as documents-qa@v1.0.0; the latest by default")
]


class Settings(NamedTuple):
    """What commands start from: the configuration, the project's folder, its documents, and where runs are kept."""

    config: LLMConfig
    root: Path
    documents: Path
    store: TrackingConfig


@app.command("demo")
def demo(
    documents: DocumentsOption = None, seed: SeedOption = None, overrides: SetOption = None, env: EnvOption = None
) -> None:
    """Fine-tune on documents, and compare before and after on documents never seen."""
    config, root, folder, store = _settings(documents, seed, overrides, env)
    from .console import print_report
    from .demo import REPORT_FOLDER, run_demo

    report = run_demo(config, root=root, documents=folder, store=store)
    print_report(report, REPORT_FOLDER / "index.html")


@app.command("pairs")
def pairs(
    documents: DocumentsOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write JSON lines there")] = None,
    everything: Annotated[bool, typer.Option("--all", help="With those that are left out, and why")] = False,
) -> None:
    """Print the question-answer pairs of the documents as JSON lines, each with its score."""
    config, _, folder, _ = _settings(documents, None, overrides, env)
    from .console import tell_documents
    from .pipeline import prepare

    prepared = prepare(folder, config.data, config.quality)
    tell_documents(prepared)
    wanted = [one for one in prepared.judged if one.accepted or everything]
    lines = "".join(json.dumps(one.as_record(), ensure_ascii=False) + "\n" for one in wanted)
    if output is None:
        typer.echo(lines, nl=False)
    else:
        output.write_text(lines, encoding="utf-8")


@app.command("train")
def train(
    documents: DocumentsOption = None,
    dataset: DatasetOption = None,
    seed: SeedOption = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the checkpoint")] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="A file of conf/llm/profiles, auto, or none")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and show all, and train nothing")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was interrupted")] = False,
    auto_resume: Annotated[
        bool, typer.Option("--auto-resume", help="Go on if there is such a run, else begin")
    ] = False,
    skip_memory_check: Annotated[
        bool, typer.Option("--skip-memory-check", help="Start even if memory seems too little")
    ] = False,
    processes: Annotated[int, typer.Option("--processes", min=1, help="Workers on a machine, one for each GPU")] = 1,
    nodes: Annotated[int, typer.Option("--nodes", min=1, help="Machines of a Ray cluster")] = 1,
    ray: Annotated[
        str | None, typer.Option("--ray", metavar="ADDRESS", help="Start the workers on a Ray cluster: auto, local, …")
    ] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Fine-tune on documents, a dataset or a file of conversations, and save a checkpoint."""
    from .distributed.multi_node import Launch, is_main_process, join_workers, run_workers, without_options
    from .distributed.ray_launcher import run_on_ray
    from .distributed.resource_management import restarts_of

    if nodes > 1 and ray is None:
        raise typer.BadParameter("give --ray too, or see `llm launch` for other schedulers", param_hint="--nodes")
    config, root, folder, store = _settings(documents, seed, overrides, env, profile=profile)
    join_workers(config.model.device)
    from .console import console
    from .workflow import TrainingPlan, preflight, train

    console.quiet = not is_main_process()
    if name is not None:
        config = config.model_copy(update={"training": config.training.model_copy(update={"name": name})})
    plan = TrainingPlan.make(config, root, folder, dataset, store)
    found = preflight(plan, show=dry_run, memory_must_fit=not skip_memory_check, processes=nodes * processes)
    found.check()
    if dry_run:
        return
    if processes * nodes > 1 or ray:
        workers = Launch(processes, nodes, restarts_of(config))
        arguments = without_options(sys.argv[1:], "--processes", "--nodes", "--ray")
        if ray:
            run_on_ray(workers, arguments, address=ray, device=config.model.device, root=root)
        else:
            run_workers(workers, arguments)
        return
    saved = train(plan, resume="auto" if auto_resume else resume)
    if saved is not None:
        typer.echo(saved.relative_to(root).as_posix())


@app.command("sweep")
def sweep(
    documents: DocumentsOption = None,
    dataset: DatasetOption = None,
    seed: SeedOption = None,
    trials: Annotated[int | None, typer.Option("--trials", min=1, help="In all, with those of earlier calls")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Search for training settings; go on where an earlier search on the same data stopped."""
    config, root, folder, store = _settings(documents, seed, overrides, env)
    from .console import console
    from .process import import_training_stack
    from .workflow import TrainingPlan

    plan = TrainingPlan.make(config, root, folder, dataset, store)
    with console.status("loading PyTorch, Transformers, PEFT and TRL"):
        import_training_stack()
        from .training.sweep import run_sweep
    found = run_sweep(plan, trials or config.sweep.trials)
    console.print(f"lowest validation loss {found.loss:.3f} of {found.trials} trials, {found.pruned} ended early")
    typer.echo(" ".join(f"--set llm.training.{key}={value}" for key, value in found.settings.items()))


@app.command("prefer")
def prefer(
    dataset: Annotated[str, typer.Option("--dataset", help="A file, or a version of a dataset, with preferences")],
    method: Annotated[str, typer.Option("--method", help="dpo, kto, grpo, or reward")] = "dpo",
    checkpoint: Annotated[str | None, typer.Option("--checkpoint", help="Start from it; else from the base")] = None,
    reward_model: Annotated[
        str | None, typer.Option("--reward-model", help="Checkpoint that judges answers, for grpo; else token F1 does")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the new checkpoint")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Train on preferences: better answers become likelier than worse ones, or a reward model scores them higher."""
    config, root, folder, store = _settings(None, None, overrides, env)
    from .workflow import TrainingPlan, train_on_preferences

    plan = TrainingPlan.make(config, root, folder, dataset, store)
    saved = train_on_preferences(plan, method, checkpoint=checkpoint, reward_model=reward_model, name=name)
    typer.echo(saved.relative_to(root).as_posix())


@app.command("launch")
def launch(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[-- OPTIONS]", help="Options of `llm train`, after --")
    ] = None,
    scheduler: Annotated[str, typer.Option("--scheduler", help="slurm or kubernetes")] = "slurm",
    nodes: Annotated[int, typer.Option("--nodes", min=1, help="Machines")] = 2,
    processes: Annotated[int, typer.Option("--processes", min=1, help="GPUs of a machine")] = 8,
    image: Annotated[str, typer.Option("--image", help="Container image, for Kubernetes")] = "",
) -> None:
    """Print the file that trains on several machines: a script for Slurm, or a manifest for Kubernetes."""
    from .config import LLMConfig
    from .distributed.multi_node import Launch, kubernetes_manifest, slurm_script
    from .distributed.resource_management import restarts_of

    command = ["llm", "train", *(arguments or ())]
    workers = Launch(processes, nodes, restarts_of(start().group("llm", LLMConfig)))
    if scheduler == "slurm":
        typer.echo(slurm_script(workers, command), nl=False)
    elif scheduler == "kubernetes" and image:
        typer.echo(kubernetes_manifest(workers, command, image=image), nl=False)
    elif scheduler == "kubernetes":
        raise typer.BadParameter("name the container image of the project", param_hint="--image")
    else:
        raise typer.BadParameter("give slurm or kubernetes", param_hint="--scheduler")


@app.command("evaluate")
def evaluate(
    checkpoint: CheckpointArgument = None,
    documents: DocumentsOption = None,
    dataset: DatasetOption = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Score a checkpoint on the documents that it was kept from, or on the test split of a dataset."""
    config, root, folder, store = _settings(documents, None, overrides, env)
    from .console import print_scores, tell_documents, tell_run, tell_trained
    from .data.store import DatasetStore
    from .evaluation.evaluator import LLMEvaluator
    from .pipeline import prepare
    from .tracking import record_evaluation

    model, tokenizer, facts = _load(checkpoint, config, root)
    seen = facts["metadata"].get("documents", {})
    if dataset:
        questions = DatasetStore(root / "datasets").get(dataset).questions()
    else:
        prepared = prepare(folder, config.data, config.quality)
        tell_documents(prepared)
        kept = set(seen.get("test", ()))
        questions = [pair for pair in prepared.pairs if pair.document in kept] if documents is None else prepared.pairs
    tell_trained((pair.document for pair in questions), seen.get("train", ()))
    evaluator = LLMEvaluator(batch_size=config.evaluation.batch_size, max_new_tokens=config.evaluation.max_new_tokens)
    asked = questions[: config.evaluation.max_questions or None]
    found = evaluator.evaluate(model, tokenizer, asked)
    print_scores({"score": found.scores()}, title=f"{len(asked)} questions")
    tags = {"checkpoint": f"{facts['name']}@v{facts['version']}", "dataset": dataset or folder.as_posix()}
    tell_run(record_evaluation(store, root, tags, found, asked))


@app.command("generate")
def generate(
    question: Annotated[str, typer.Argument(help="What to ask")],
    context: Annotated[
        str | None, typer.Option("--context", help="Passage to answer from; else one is looked for in the documents")
    ] = None,
    checkpoint: Annotated[str | None, typer.Option("--checkpoint", help="Such as documents-qa@v1.0.0")] = None,
    documents: DocumentsOption = None,
    overrides: SetOption = None,
) -> None:
    """Answer a question with a checkpoint."""
    config, root, folder, _ = _settings(documents, None, overrides, None)
    from .console import console
    from .data.search import find_chunk
    from .inference import generate as ask
    from .pipeline import prepare

    if context is None:
        chunk = find_chunk(question, prepare(folder, config.data, config.quality).chunks)
        context = chunk.context if chunk else ""
        console.print(f"from {chunk.document}:\n{chunk.text}" if chunk else "no passage is about that", soft_wrap=True)
    model, tokenizer, _ = _load(checkpoint, config, root)
    typer.echo(ask(model, tokenizer, [(context, question)], max_new_tokens=config.evaluation.max_new_tokens)[0])


def _settings(
    documents: Path | None,
    seed: int | None,
    overrides: list[str] | None,
    env: str | None,
    *,
    profile: str | None = None,
) -> Settings:
    """Give the configuration with the options in it."""
    from ..tracking.config import TrackingConfig
    from .config import LLMConfig

    loaded = start(overrides, env)
    config = loaded.group("llm", LLMConfig)
    from .console import tell_profile
    from .profiles import apply_profile

    given = {
        value.key.removeprefix("llm.")
        for value in loaded.values()
        if value.origin != "default" and not value.origin.startswith("conf/")
    }
    config, chosen, values = apply_profile(config, profile or config.training.profile, given)
    tell_profile(chosen, values)
    if seed is not None:
        config = config.model_copy(update={"training": config.training.model_copy(update={"seed": seed})})
    folder = documents or loaded.root / config.data.documents
    return Settings(config, loaded.root, folder, loaded.group("tracking", TrackingConfig))


def _load(checkpoint: str | None, config: LLMConfig, root: Path) -> tuple[Any, Any, dict[str, Any]]:
    """Load a checkpoint to the configured device, with its facts."""
    from .base_model import pick_device, place
    from .process import quiet_transformers
    from .training.checkpointing import CheckpointManager

    quiet_transformers()
    model, tokenizer, facts = CheckpointManager(root / "checkpoints").load_checkpoint(
        checkpoint or config.training.name
    )
    place(model, pick_device(config.model.device))
    return model, tokenizer, facts
