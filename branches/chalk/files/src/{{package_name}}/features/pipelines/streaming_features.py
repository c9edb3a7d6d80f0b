"""From the events of a stream to online features: what is read, by which definitions, and where it is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from ..config import FeaturesConfig
from ..definitions.entities import Source
from ..definitions.registry import Definitions
from ..errors import FeatureError
from ..online.features import OnlineFeatures
from ..online.streams import stream_prefix
from ..stream.dead_letters import DeadLetters
from ..stream.decoding import Decode, decode_json
from ..stream.file_source import FileSource
from ..stream.intake import Intake
from ..stream.ledger import Ledger
from ..stream.messages import EventSource
from ..stream.resending import Resent, resend
from ..stream.runner import StreamRun

_SUFFIXES = ("", ".jsonl", ".ndjson", ".parquet")


@dataclass(frozen=True)
class StreamPlan:
    """What a stream is to read.

    Attributes
    ----------
    sources
        Names; all that have a topic, if empty.
    file
        A file or folder in the place of the configured events; of one source.
    until_end
        Whether to end where the topics ended at the start; files always end.
    share
        Which files are read here, of those that are split among processes: a number, and how many processes there are.
    """

    sources: Sequence[str] = ()
    file: Path | None = None
    until_end: bool = False
    share: tuple[int, int] = (0, 1)
    clock: Callable[[], int] = field(default=lambda: time.time_ns() // 1000)


def open_stream(config: FeaturesConfig, root: Path, online: OnlineFeatures, plan: StreamPlan) -> StreamRun:
    """Prepare a stream.

    Parameters
    ----------
    root
        The project's folder.

    Raises
    ------
    FeatureError
        If a source, its events or an extra is missing.
    """
    sources = stream_sources(online.definitions, plan)
    streaming, place = config.streaming, config.feature_store.streaming_source
    decode, policy = _decoder(config), streaming.policy()
    intakes = {
        topic: Intake(source, plan.clock, online.definitions.entity_of(source).kind, policy, decode)
        for topic, source in sources.items()
    }
    events: list[EventSource]
    if plan.file is not None or place.type == "file":
        folder = root / streaming.files
        events = [FileSource(plan.file or _file(folder, topic), topic, plan.share) for topic in sources]
    else:
        from ..stream.kafka_source import KafkaSource

        servers = _servers(place.bootstrap_servers)
        topics, group = list(sources), streaming.group
        events = [KafkaSource(servers, topics, group, settings=streaming.kafka, stop_at_end=plan.until_end)]
    ledger = Ledger(online, open_dead_letters(config, root))
    return StreamRun(events, intakes, ledger, batch=streaming.batch, wait=streaming.wait_seconds)


def resend_dead_letters(
    config: FeaturesConfig, root: Path, online: OnlineFeatures, *, source: str | None = None, reason: str | None = None
) -> Resent:
    """Take dead letters as events once more; those that came late are not refused for it.

    Parameters
    ----------
    root
        The project's folder.
    source, reason
        Only those of a source, or with a reason.

    Raises
    ------
    FeatureError
        If there is no such source, or a store can't be used.
    """
    decode, policy = _decoder(config), replace(config.streaming.policy(), late="accept")
    definitions = online.definitions
    if source is not None:
        definitions.source(source)

    @cache
    def intake_of(name: str) -> Intake:
        one = definitions.source(name)
        return Intake(one, lambda: time.time_ns() // 1000, definitions.entity_of(one).kind, policy, decode)

    letters = DeadLetters(root / config.streaming.dead_letters)
    return resend(letters, intake_of, Ledger(online), source=source, reason=reason)


def open_dead_letters(config: FeaturesConfig, root: Path) -> DeadLetters:
    """Open the dead letters of a project, and their topic where there is one."""
    streaming, place = config.streaming, config.feature_store.streaming_source
    forward = None
    if streaming.dead_letter_topic and place.type == "kafka":
        from ..stream.kafka_source import dead_letter_topic

        forward = dead_letter_topic(_servers(place.bootstrap_servers), streaming.dead_letter_topic, streaming.kafka)
    return DeadLetters(root / streaming.dead_letters, forward)


def stream_sources(definitions: Definitions, plan: StreamPlan) -> dict[str, Source]:
    """Give the sources that a stream reads, by their topics.

    Raises
    ------
    FeatureError
        If a source is not there, or has no topic, or a file is to be of several.
    """
    chosen = [definitions.source(name) for name in plan.sources] or [one for one in definitions.sources if one.topic]
    if plan.file is not None and len(chosen) != 1:
        raise FeatureError(f"{plan.file} can't be the events of {len(chosen)} sources", hint="name one with --source")
    found: dict[str, Source] = {}
    for one in chosen:
        topic = one.topic or (one.name if plan.file is not None else "")
        if not topic:
            raise FeatureError(f"{one.name} has no topic", hint="name one in its definition, or give --file")
        if topic in found:
            hint = "give each source a topic of its own"
            raise FeatureError(f"{found[topic].name} and {one.name} have the topic {topic!r}", hint=hint)
        found[topic] = one
    if not found:
        raise FeatureError("no source has a topic", hint="name one in its definition: Source(…, topic='purchases')")
    return found


def stream_status(online: OnlineFeatures) -> list[dict[str, Any]]:
    """Tell how far each partition is: its offset, its newest event, and what became of its messages."""
    found: list[dict[str, Any]] = []
    for plan in online.plans:
        prefix = stream_prefix(plan)
        for name, told in online.store.marks(prefix).items():
            topic, *file, number = name.removeprefix(prefix).split("/")
            partition = file[0] if file else int(number)
            where = {"source": plan.source.name, "entity": plan.entity.name, "topic": topic, "partition": partition}
            found.append({**where, **orjson.loads(told)})
    return found


def _decoder(config: FeaturesConfig) -> Decode:
    if not config.streaming.schema_registry:
        return decode_json
    from ..stream.schema_registry import registry_decoder

    return registry_decoder(config.streaming.schema_registry)


def _file(folder: Path, topic: str) -> Path:
    found = (folder / f"{topic}{suffix}" for suffix in _SUFFIXES)
    return next((path for path in found if path.exists()), folder / f"{topic}.jsonl")


def _servers(servers: str) -> str:
    if not servers:
        raise FeatureError("no broker of Kafka is named", hint="set KAFKA_SERVERS, such as localhost:9092")
    return servers
