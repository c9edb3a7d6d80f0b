"""The commands ``llm …``. Everything heavy is imported inside them, so that ``--help`` stays quick."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from ..runtime import EnvOption, SetOption
from .evaluation.cli import app as evaluate_app
from .options import DatasetOption, SeedOption, SourceOption, read_settings
from .parts import has_part
from .quantization.cli import app as quantization
from .use_case import use_case_names

app = typer.Typer(help="Fine-tune a language model.", no_args_is_help=True)
app.add_typer(evaluate_app, name="evaluate")


@app.command("demo")
def demo(
    documents: SourceOption = None, seed: SeedOption = None, overrides: SetOption = None, env: EnvOption = None
) -> None:
    """Fine-tune, and compare before and after on what was never seen."""
    config, root, source, store = read_settings(documents, seed, overrides, env)
    from .console import print_report
    from .demo import REPORT_FOLDER, run_demo
    from .use_case import open_use_case

    report = run_demo(config, root=root, source=source, store=store)
    print_report(report, open_use_case(config).wording, REPORT_FOLDER / "index.html")


@app.command("train")
def train(
    documents: SourceOption = None,
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
    progress: Annotated[Path | None, typer.Option("--progress", help="Add each measure as JSON to this file")] = None,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Fine-tune on the project's data, a dataset or a file of conversations, and save a checkpoint."""
    from .distributed.multi_node import Launch, is_main_process, join_workers, run_workers, without_options
    from .distributed.ray_launcher import run_on_ray
    from .distributed.resource_management import restarts_of
    from .training.journal import open_journal

    if nodes > 1 and ray is None:
        raise typer.BadParameter("give --ray too, or see `llm launch` for other schedulers", param_hint="--nodes")
    with open_journal(progress if is_main_process() else None) as journal:
        config, root, source, store = read_settings(documents, seed, overrides, env, profile=profile)
        join_workers(config.model.device)
        from .console import console
        from .workflow import TrainingPlan, preflight, train

        console.quiet = not is_main_process()
        if name is not None:
            config = config.model_copy(update={"training": config.training.model_copy(update={"name": name})})
        plan = TrainingPlan.make(config, root, source, dataset, store)
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
        saved = train(plan, resume="auto" if auto_resume else resume, journal=journal)
        if saved is not None:
            typer.echo(saved.relative_to(root).as_posix())


@app.command("sweep")
def sweep(
    documents: SourceOption = None,
    dataset: DatasetOption = None,
    seed: SeedOption = None,
    trials: Annotated[int | None, typer.Option("--trials", min=1, help="In all, with those of earlier calls")] = None,
    ray: Annotated[
        str | None, typer.Option("--ray", metavar="ADDRESS", help="Do trials on a Ray cluster: auto, local, …")
    ] = None,
    at_once: Annotated[
        int, typer.Option("--at-once", min=1, help="Trials that share the processors of a cluster without GPUs")
    ] = 2,
    overrides: SetOption = None,
    env: EnvOption = None,
) -> None:
    """Search for training settings; go on where an earlier search on the same data stopped."""
    config, root, source, store = read_settings(documents, seed, overrides, env)
    from .console import console
    from .process import import_training_stack
    from .workflow import TrainingPlan

    plan = TrainingPlan.make(config, root, source, dataset, store)
    with console.status("loading PyTorch, Transformers, PEFT and TRL"):
        import_training_stack()
        from .training.sweep import Cluster, run_sweep
    found = run_sweep(plan, trials or config.sweep.trials, Cluster(ray, at_once) if ray else None)
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
    config, root, source, store = read_settings(None, None, overrides, env)
    from .workflow import TrainingPlan, train_on_preferences

    plan = TrainingPlan.make(config, root, source, dataset, store)
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
    from typer.main import get_command

    from .distributed.multi_node import Launch, kubernetes_manifest, slurm_script
    from .distributed.resource_management import restarts_of

    commands: Any = get_command(app)
    given = commands.commands["train"].make_context("llm train", list(arguments or ())).params
    settings = read_settings(None, given["seed"], given["overrides"], given["env"], profile=given["profile"])
    command = ["llm", "train", *(arguments or ())]
    workers = Launch(processes, nodes, restarts_of(settings.config))
    if scheduler == "slurm":
        typer.echo(slurm_script(workers, command), nl=False)
    elif scheduler == "kubernetes" and image:
        typer.echo(kubernetes_manifest(workers, command, image=image), nl=False)
    elif scheduler == "kubernetes":
        raise typer.BadParameter("name the container image of the project", param_hint="--image")
    else:
        raise typer.BadParameter("give slurm or kubernetes", param_hint="--scheduler")


app.registered_commands += quantization.registered_commands
# They need the engine.
_served = ["benchmarks", "experiments", "serving", "tuning"] if has_part("serving") else []
for _name in (*use_case_names(), *_served):
    _more = import_module(f".{_name}.cli", __package__).app
    app.registered_commands += _more.registered_commands
    app.registered_groups += _more.registered_groups
