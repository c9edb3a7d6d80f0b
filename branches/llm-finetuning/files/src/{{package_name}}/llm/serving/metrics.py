"""What Prometheus reads about the engine."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ..inference.tickets import Watch

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_PASS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class EngineMetrics(Watch):
    """Numbers of one application."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(name, text, buckets=buckets, registry=registry)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(name, text, multiprocess_mode="livesum", registry=registry)

        self._waited = histogram("llm_queue_seconds", "Seconds that a request waited for a row", _SECONDS)
        self._first = histogram("llm_first_token_seconds", "Seconds until the first token of an answer", _SECONDS)
        self._token = histogram("llm_token_seconds", "Seconds between two tokens of an answer", _PASS)
        self._tokens = Counter("llm_tokens", "Tokens that were read and written", ("kind",), registry=registry)
        self._guessed = Counter("llm_guessed_tokens", "Tokens that were guessed ahead", ("kept",), registry=registry)
        self._embedded = histogram("llm_embedding_seconds", "Seconds in which texts became vectors", _SECONDS)
        self._ended = Counter("llm_requests", "Requests that have ended, and why", ("outcome",), registry=registry)
        self._running = gauge("llm_requests_running", "Answers that are being written")
        self._waiting = gauge("llm_requests_waiting", "Requests that wait for a row")
        self._memory = gauge("llm_cache_bytes", "Memory of keys and values")

    def began(self, waited: float, prompt: int) -> None:
        """Count a request that has left the queue."""
        self._waited.observe(waited)
        self._tokens.labels("prompt").inc(prompt)

    def first(self, seconds: float) -> None:
        """Count a first token."""
        self._first.observe(seconds)
        self._tokens.labels("completion").inc()

    def next(self, seconds: float) -> None:
        """Count a token after the first."""
        self._token.observe(seconds)
        self._tokens.labels("completion").inc()

    def guessed(self, count: int, right: int) -> None:
        """Count tokens that were guessed ahead."""
        self._guessed.labels("yes").inc(right)
        self._guessed.labels("no").inc(count - right)

    def embedded(self, seconds: float, tokens: int) -> None:
        """Count texts that became vectors."""
        self._embedded.observe(seconds)
        self._tokens.labels("embedding").inc(tokens)

    def ended(self, reason: str) -> None:
        """Count a request that has ended."""
        self._ended.labels(reason).inc()

    def state(self, running: int, waiting: int, nbytes: int) -> None:
        """Show what is under way."""
        self._running.set(running)
        self._waiting.set(waiting)
        self._memory.set(nbytes)
