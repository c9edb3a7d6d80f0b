"""A real broker of Kafka for tests: one JVM, whose jars Maven brings once into a folder of the user's cache.

A test asks for `kafka_broker`, which its conftest.py imports from here, or for `kafka_topic`, which makes a new topic.
`KAFKA_JARS` names a folder with the jars where Maven can't bring them.
"""

from __future__ import annotations

import itertools
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock

from servers import Server, find_program, free_port, scratch_folder

VERSION = "3.9.1"
_PATIENCE = 600.0  # seconds: some 50 MB come over the network, once
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>tests</groupId><artifactId>broker</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{version}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
</dependencies></project>
"""
_SETTINGS = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
"""
# A small machine starts it sooner without the second compiler, and its memory is returned when it ends.
_JAVA = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_numbers = itertools.count()


@contextmanager
def running_broker() -> Iterator[Server]:
    """Run Kafka; its `url` is the list of its brokers. What it kept is there again after `down()`."""
    pytest.importorskip("confluent_kafka", reason="confluent-kafka is not installed: uv sync --extra kafka")
    java = find_program("java", "openjdk-17-jre-headless")
    jars = _jars()
    port, controller = free_port(), free_port()
    with scratch_folder() as folder:
        settings = folder / "server.properties"
        settings.write_text(_SETTINGS.format(port=port, controller=controller, folder=folder), encoding="ascii")
        start = [java, *_JAVA, "-cp", f"{jars}/*"]
        make = [*start, "kafka.tools.StorageTool", "format", "-t", "AAAAAAAAQAGAAAAAAAAAAQ", "-c", str(settings)]
        done = subprocess.run(make, capture_output=True, text=True, check=False, timeout=_PATIENCE)
        assert done.returncode == 0, done.stdout + done.stderr
        url = f"127.0.0.1:{port}"
        server = Server("Kafka", [*start, "kafka.Kafka", str(settings)], url, partial(_answers, url), folder)
        with server.running():
            yield server


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[Server]:
    """Run Kafka for the time of the tests."""
    with running_broker() as server:
        yield server


@pytest.fixture
def kafka_topic(kafka_broker: Server) -> Callable[[int], str]:
    """Give a function that makes a topic of some partitions, and gives its name."""
    return partial(make_topic, kafka_broker.url)


def make_topic(url: str, partitions: int = 1) -> str:
    """Make a topic that no other test has."""
    admin = pytest.importorskip("confluent_kafka.admin")
    name = f"events-{os.getpid()}-{next(_numbers)}"
    client = admin.AdminClient({"bootstrap.servers": url})  # which must live until the topic is made
    client.create_topics([admin.NewTopic(name, partitions, 1)])[name].result(_PATIENCE)
    return name


def _answers(url: str) -> bool:
    kafka, admin = pytest.importorskip("confluent_kafka"), pytest.importorskip("confluent_kafka.admin")
    quiet = logging.getLogger("kafka-start")
    quiet.propagate, quiet.disabled = False, True
    try:
        return bool(admin.AdminClient({"bootstrap.servers": url, "logger": quiet}).list_topics(timeout=2).brokers)
    except kafka.KafkaException:
        return False


def _jars() -> Path:
    """Give the folder with the broker's jars; Maven fills it at the first use."""
    given = os.environ.get("KAFKA_JARS")
    if given:
        return Path(given)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kafka-broker"
    folder = cache / VERSION
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / "lock", timeout=_PATIENCE):
        if not folder.is_dir():
            _download(cache, folder)
    return folder


def _download(cache: Path, folder: Path) -> None:
    maven = find_program("mvn", "maven")
    with tempfile.TemporaryDirectory(dir=cache) as name:
        work = Path(name)
        (work / "pom.xml").write_text(_POM.format(version=VERSION), encoding="ascii")
        command = [maven, "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False, timeout=_PATIENCE)
        if done.returncode != 0:
            pytest.skip(f"Maven can't bring Kafka's jars: {done.stdout.strip()[:300]}")
        shutil.move(work / "jars", folder)
