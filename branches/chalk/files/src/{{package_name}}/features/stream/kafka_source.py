"""Topics of Kafka. Where each partition goes on is told by what was kept with its rows, not by the broker."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import FeatureError
from .dead_letters import Forward, as_bytes
from .intake import DeadLetter
from .messages import Messages, Partition, Position, Unavailable

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

_log = logging.getLogger(__name__)
_SECONDS = 15.0
_EXTRA = "install the extra: uv sync --extra kafka"
_SETTINGS = {
    "fetch.wait.max.ms": 50,
    "queued.max.messages.kbytes": 65_536,  # read ahead by librdkafka: the rest waits at the broker
    "partition.assignment.strategy": "cooperative-sticky",
}
_FIXED = {
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "auto.offset.reset": "error",  # where messages were deleted unread, nothing goes on as if they had not been
    "isolation.level": "read_committed",
}


class KafkaSource:
    """Reads topics as a member of a group: the broker shares their partitions among the members.

    Parameters
    ----------
    servers
        Brokers, with commas between them.
    topics
        Their names.
    group
        Members of one group share the partitions.
    settings
        Further ones of librdkafka, such as `security.protocol`.
    stop_at_end
        Whether to end where the partitions ended when they were opened.

    Raises
    ------
    FeatureError
        If the extra is missing.
    """

    def __init__(
        self,
        servers: str,
        topics: Sequence[str],
        group: str,
        *,
        settings: Mapping[str, Any] | None = None,
        stop_at_end: bool = False,
    ) -> None:
        try:
            from confluent_kafka import Consumer
        except ImportError as error:
            raise FeatureError("a stream of Kafka needs confluent-kafka", hint=_EXTRA) from error
        own = {"bootstrap.servers": servers, "group.id": group, "error_cb": _on_error, "logger": _log}
        self._consumer: Consumer = Consumer({**_SETTINGS, **(settings or {}), **_FIXED, **own})
        self._topics, self._servers, self._stop_at_end = list(topics), servers, stop_at_end
        self._position: Position = lambda partition: None
        self._ends: dict[Partition, int] = {}
        self._at_end: set[Partition] = set()
        self._paused = False

    def open(self, position: Position) -> None:
        """Join the group.

        Raises
        ------
        FeatureError
            If no broker answers, or a topic is not there.
        """
        self._position = position
        partitions = self._partitions()
        if self._stop_at_end:
            self._ends = {one: self._end(one) for one in partitions}
        self._consumer.subscribe(self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke)

    def poll(self, limit: int, seconds: float) -> list[Messages]:
        """Give what came, by partition.

        Raises
        ------
        FeatureError
            If the broker refuses, or deleted messages that were not read.
        """
        if self._paused:
            self._consumer.resume(self._consumer.assignment())
            self._paused = False
        found: dict[tuple[str | None, int | None], tuple[list[int], list[bytes]]] = {}
        for message in self._consumer.consume(limit, seconds):
            place = message.topic(), message.partition()
            error = message.error()
            if error is not None:
                self._note(error, _partition(*place))
                continue
            parts = found.get(place)
            if parts is None:
                parts = found[place] = ([], [])
            parts[0].append(message.offset() or 0)
            parts[1].append(message.value() or b"")
        many = [Messages(_partition(*place), *parts) for place, parts in found.items()]
        self._at_end -= {one.partition for one in many} - self._done()
        return many

    def keep_alive(self) -> None:
        """Tell the group that this member lives, while it takes no messages."""
        self._consumer.pause(self._consumer.assignment())
        self._paused = True
        message = self._consumer.poll(0)
        if message is not None and message.error() is None:  # of a partition that was given in this moment
            self._consumer.seek(_place(message.topic() or "", message.partition() or 0, message.offset() or 0))

    @property
    def ended(self) -> bool:
        """Whether all partitions were read to where they ended."""
        return self._stop_at_end and self._done() >= self._ends.keys()

    def close(self) -> None:
        """Leave the group: others get the partitions at once."""
        self._consumer.close()

    def _done(self) -> set[Partition]:
        return {one for one, end in self._ends.items() if one in self._at_end or (self._position(one) or 0) >= end}

    def _note(self, error: KafkaError, partition: Partition) -> None:
        """Take what comes in the place of a message: news that may pass, or an error."""
        from confluent_kafka import KafkaError

        if error.code() == KafkaError._PARTITION_EOF:
            self._at_end.add(partition)
            return
        if error.code() == KafkaError._AUTO_OFFSET_RESET:
            hint = "keep messages for longer (retention.ms), and fill a new online store with `features materialise`"
            raise FeatureError(f"{partition}: messages were deleted before they were read: {error.str()}", hint=hint)
        if error.retriable():
            _log.warning("%s: %s", partition, error.str())
            return
        hint = "may this user read the topic, and is it still there?"
        raise FeatureError(f"{self._servers} refuses {partition}: {error.str()}", hint=hint)

    def _partitions(self) -> list[Partition]:
        from confluent_kafka import KafkaException

        try:
            topics = self._consumer.list_topics(timeout=_SECONDS).topics
        except KafkaException as error:
            hint = "is it running, and is KAFKA_SERVERS right?"
            raise FeatureError(f"no broker of {self._servers} answers: {error.args[0].str()}", hint=hint) from error
        for name in self._topics:
            if name not in topics or topics[name].error is not None:
                hint = "make it, or correct the topic of the source"
                raise FeatureError(f"{self._servers} has no topic {name!r}", hint=hint)
        return [Partition(name, number) for name in self._topics for number in topics[name].partitions]

    def _end(self, partition: Partition) -> int:
        _, end = self._consumer.get_watermark_offsets(_place(partition.topic, partition.number), timeout=_SECONDS)
        return int(end)

    def _on_assign(self, consumer: Consumer, given: list[TopicPartition]) -> None:
        from confluent_kafka import OFFSET_BEGINNING

        for one in given:
            begin = self._position(Partition(one.topic, one.partition))
            one.offset = OFFSET_BEGINNING if begin is None else begin
        _log.info("partitions given: %s", ", ".join(f"{one.topic}[{one.partition}] at {one.offset}" for one in given))
        consumer.incremental_assign(given)

    def _on_revoke(self, consumer: Consumer, taken: list[TopicPartition]) -> None:
        # What was polled of them and is kept all the same has the places that the next member gives it: it counts once.
        _log.info("partitions taken away: %s", ", ".join(f"{one.topic}[{one.partition}]" for one in taken))
        consumer.incremental_unassign(taken)


def _partition(topic: str | None, number: int | None) -> Partition:
    return Partition(topic or "", number or 0)


def _place(topic: str, number: int, offset: int = 0) -> TopicPartition:
    from confluent_kafka import TopicPartition

    return TopicPartition(topic, number, offset)


def _on_error(error: KafkaError) -> None:
    _log.warning("Kafka: %s; it is tried again", error.str())


def dead_letter_topic(servers: str, topic: str, settings: Mapping[str, Any]) -> Forward:
    """Give a function that sends dead letters to a topic, and waits until the broker has them.

    Headers tell the source, the reason and where each came from; one that is sent twice has the same origin.

    Raises
    ------
    FeatureError
        If the extra is missing.
    """
    try:
        from confluent_kafka import Producer
    except ImportError as error:
        raise FeatureError("a topic of dead letters needs confluent-kafka", hint=_EXTRA) from error
    own = {"bootstrap.servers": servers, "enable.idempotence": True, "error_cb": _on_error, "logger": _log}
    producer = Producer({**settings, **own})

    def send(source: str, letters: Sequence[DeadLetter]) -> None:
        refused: list[str] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                refused.append(error.str())

        for one in letters:
            origin = f"{one.partition.topic}/{one.partition.number}/{one.offset}"
            told = {"source": source, "reason": str(one.reason), "detail": one.detail, "origin": origin}
            headers: dict[str, str | bytes | None] = {name: value.encode() for name, value in told.items()}
            producer.produce(topic, as_bytes(one.payload), headers=headers, on_delivery=delivered)
        if producer.flush(_SECONDS) or refused:
            why = refused[0] if refused else "no broker answers"
            raise Unavailable(f"dead letters can't be sent to {topic}: {why}", hint="does the topic exist?")

    return send
