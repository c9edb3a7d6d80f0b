"""The last month of the example as a stream: rows that are at hand, or events of a real broker, as configured."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import pyarrow as pa

from ...config import Config
from ..chalk_integration import ChalkFeatureStore
from ..config import FeaturesConfig
from ..errors import FeatureError
from ..extras import bring
from ..pipelines.streaming_features import StreamPlan, open_stream
from ..streaming import StreamProcessor
from .customers import PURCHASES

_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of the events.

    Attributes
    ----------
    way
        How they came, for people.
    """

    way: str
    dead_letters: int
    seconds: float


def replay(config: Config, store: ChalkFeatureStore, events: pa.Table, *, first: int, at: datetime) -> Replayed:
    """Bring events into a store by the stream that is configured.

    Parameters
    ----------
    first
        Number of the first event among all purchases.
    at
        The time at which features of their customers are asked for.

    Raises
    ------
    FeatureError
        If the broker does not answer, or its topic has other events.
    """
    own = config.group("features", FeaturesConfig)
    place = own.feature_store.streaming_source
    if place.type == "kafka":
        topic = PURCHASES.topic or PURCHASES.name
        send(place.bootstrap_servers, topic, events.to_pylist(), own.streaming.kafka)
        plan = StreamPlan(sources=[PURCHASES.name], until_end=True)
        tally = open_stream(own, config.root, store.online, plan).run()
        return Replayed(f"the topic {topic} of {place.bootstrap_servers}", tally.rejected, tally.seconds)
    started = time.perf_counter()
    kept = StreamProcessor(store.definitions).transform(events, PURCHASES.name, first=first)
    kept.to_chalk(store, at=at)
    return Replayed("rows at hand", len(kept.dead_letters), time.perf_counter() - started)


def send(servers: str, topic: str, events: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> None:
    """Send events to a topic, which is made where it is not there. What an earlier run has sent is not sent again."""
    messages = [orjson.dumps(event) for event in events]
    with _explained(servers):
        there = _sent(servers, topic, messages, settings)
        kafka = bring("confluent_kafka", "kafka", "streams of Kafka")
        producer = kafka.Producer({**settings, "bootstrap.servers": servers, "enable.idempotence": True})
        for message in messages[there:]:
            producer.produce(topic, message, partition=0)
            producer.poll(0)
        if producer.flush(_SECONDS):
            hint = "look at the log of the broker, and try again: what it has is not sent again"
            raise FeatureError(f"{servers} did not take all events", hint=hint)


def _sent(servers: str, topic: str, messages: Sequence[bytes], settings: Mapping[str, Any]) -> int:
    """Say how many of the messages a topic has; the first are there before the others."""
    kafka, admin = (bring(name, "kafka", "streams of Kafka") for name in ("confluent_kafka", "confluent_kafka.admin"))
    client = admin.AdminClient({**settings, "bootstrap.servers": servers})
    known = client.list_topics(timeout=_SECONDS).topics.get(topic)
    if known is None:
        client.create_topics([admin.NewTopic(topic, 1)])[topic].result(_SECONDS)
        return 0
    own = {"bootstrap.servers": servers, "group.id": f"{topic}-replay", "enable.auto.commit": False}
    with closing(kafka.Consumer({**settings, **own})) as consumer:
        low, high = consumer.get_watermark_offsets(kafka.TopicPartition(topic, 0), timeout=_SECONDS)
        if high == 0 and len(known.partitions) == 1:
            return 0
        consumer.assign([kafka.TopicPartition(topic, 0, low)])
        found = consumer.consume(1, _SECONDS)
        same = bool(found) and found[0].value() == messages[0] and found[0].offset() == 0
    if not same or high > len(messages) or len(known.partitions) != 1:
        hint = "point KAFKA_SERVERS at a broker without it, or delete the topic if an older demonstration left it"
        raise FeatureError(f"the topic {topic!r} of {servers} has other events", hint=hint)
    return int(high)


@contextmanager
def _explained(servers: str) -> Iterator[None]:
    kafka = bring("confluent_kafka", "kafka", "streams of Kafka")
    try:
        yield
    except kafka.KafkaException as error:
        hint = "is it running, and is KAFKA_SERVERS right?"
        raise FeatureError(f"no broker of {servers} answers: {error.args[0].str()}", hint=hint) from error
