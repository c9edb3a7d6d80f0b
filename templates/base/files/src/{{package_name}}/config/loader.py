"""Reading a configuration.

find the root → choose the environment → read each layer → resolve → merge and validate
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..plugins import PACKAGE
from .errors import ConfigError
from .models import find_models
from .resolve import Resolver
from .settings import Config, one_of
from .sources import Entry, read_dotenv, read_overrides, read_variables, read_yaml

PREFIX = PACKAGE.upper()


def load_config(environment: str | None = None, overrides: Sequence[str] = (), root: Path | None = None) -> Config:
    """Read, merge and validate the configuration.

    Parameters
    ----------
    environment
        The file of `conf/environments` to use. Else `<PACKAGE>_ENV`, else `development`.
    overrides
        `key=value` texts, which win over everything else.
    root
        The project's folder. Else `<PACKAGE>_ROOT`, else the folder with `conf/base.yaml` from here upward.

    Raises
    ------
    ConfigError
        With every fault that was found: its file and line, its key, and what to do.

    Examples
    --------
    >>> load_config(overrides=["logging.level=DEBUG"]).group("logging").level
    'DEBUG'
    """
    from .merge import merge  # pydantic-settings takes a while to import

    root = find_root() if root is None else root.resolve()
    dotenv = read_dotenv(root / ".env")
    variables = {**dotenv, **os.environ}
    environment = environment or variables.get(f"{PREFIX}_ENV") or "development"
    models, broken = find_models()
    layers = [
        read_yaml(root / "conf" / "base.yaml", "conf/base.yaml"),
        _read_groups(root, {*models, *broken}),
        _read_environment(root, environment),
        read_variables(dotenv, PREFIX, " in .env"),
        read_variables(os.environ, PREFIX),
        read_overrides(overrides),
    ]
    resolver = Resolver(models, frozenset(broken), variables)
    resolved = resolver.resolve_layers(layers)
    if resolver.problems:
        raise ConfigError(resolver.problems)
    settings, origins = merge(models, resolved)
    return Config(environment, root, settings, models, broken, origins, tuple(overrides))


def find_root() -> Path:
    """Find the project's folder: `<PACKAGE>_ROOT`, or the one with `conf/base.yaml` from here upward.

    Raises
    ------
    ConfigError
        If there is none.
    """
    named = os.environ.get(f"{PREFIX}_ROOT")
    start = Path(named or ".").resolve()
    candidates: Iterable[Path] = [start] if named else [start, *start.parents]
    for folder in candidates:
        if (folder / "conf" / "base.yaml").is_file():
            return folder
    where = f"{PREFIX}_ROOT={named}" if named else f"{start} and the folders above it"
    hint = f"run this in the project's folder, or set {PREFIX}_ROOT to it"
    raise ConfigError.of(where, "there is no conf/base.yaml", hint=hint)


def _read_environment(root: Path, environment: str) -> list[Entry]:
    """Read `conf/environments/<environment>.yaml`, and `<environment>/<group>.yaml` beside it."""
    folder = root / "conf" / "environments"
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if environment not in known:
        message = f"no file describes the environment {environment!r}"
        raise ConfigError.of("conf/environments", message, hint=one_of(environment, known))
    entries = read_yaml(folder / f"{environment}.yaml", f"conf/environments/{environment}.yaml")
    for path in sorted((folder / environment).glob("*.yaml")):
        entries += read_yaml(path, f"conf/environments/{environment}/{path.name}", (path.stem,))
    return entries


def _read_groups(root: Path, groups: set[str]) -> list[Entry]:
    """Read `conf/<group>.yaml` and `conf/<group>/<section>.yaml`."""
    conf = root / "conf"
    entries: list[Entry] = []
    for path in sorted(conf.rglob("*.y*ml")):
        parts = path.relative_to(conf).with_suffix("").parts
        name = path.relative_to(root).as_posix()
        if parts[0] == "environments" or name == "conf/base.yaml":
            continue
        if path.suffix != ".yaml":
            raise ConfigError.of(name, "only files that end in .yaml are read", hint=f"rename it to {path.stem}.yaml")
        if parts[0] not in groups:
            message = f"there is no configuration group {parts[0]!r}"
            raise ConfigError.of(name, message, hint=one_of(parts[0], groups))
        entries += read_yaml(path, name, parts)
    return entries
