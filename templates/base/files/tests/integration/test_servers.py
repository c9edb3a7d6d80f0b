import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from servers import Server, find_program, free_port


def redis(url, *words):
    """Ask Redis one thing, as its protocol has it."""
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=60) as connection:
        connection.sendall(f"{' '.join(words)}\r\n".encode())
        return connection.recv(100).decode().strip()


def psql(url, statement):
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    command = [find_program("psql", "postgresql-client", folders), "-X", "-A", "-t", "-c", statement, url]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_redis_keeps_what_it_is_told(redis_url):
    assert redis(redis_url, "SET", "test:servers", "kept") == "+OK"
    assert redis(redis_url, "GET", "test:servers") == "$4\r\nkept"
    assert redis(redis_url, "DEL", "test:servers") == ":1"


def test_redis_can_go_away_and_come_back(redis_server):
    with redis_server.down(), pytest.raises(ConnectionRefusedError):
        redis(redis_server.url, "PING")
    assert redis(redis_server.url, "PING") == "+PONG"


def test_postgres_keeps_its_tables_while_it_is_away(postgres_server):
    assert psql(postgres_server.url, "CREATE TABLE kept AS SELECT 7 AS number").returncode == 0
    with postgres_server.down():
        assert "refused" in psql(postgres_server.url, "SELECT 1").stderr
    assert psql(postgres_server.url, "SELECT number FROM kept").stdout == "7\n"
    assert psql(postgres_server.url, "DROP TABLE kept").returncode == 0


def test_postgres_wants_the_password(postgres_url):
    place = urlsplit(postgres_url)
    done = psql(postgres_url.replace(place.password, "other"), "SELECT 1")
    assert "password authentication failed" in done.stderr


def test_a_program_that_is_missing_skips_and_says_what_to_install():
    with pytest.raises(pytest.skip.Exception, match="no-such-server is not installed: apt-get install the-package"):
        find_program("no-such-server", "the-package")


def test_a_server_that_does_not_start_fails_with_what_it_printed(tmp_path):
    server = Server("Broken", ["sh", "-c", "echo no config; exit 3"], "", lambda: False, tmp_path)
    with pytest.raises(pytest.fail.Exception, match="Broken did not start:\nno config"):
        server.start()
    assert free_port() > 0
