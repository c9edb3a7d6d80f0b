"""What the tests of features share."""

from kafka_broker import kafka_broker, kafka_topic

__all__ = ["kafka_broker", "kafka_topic"]
