"""The configuration group `api`: `conf/api.yaml`."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from ..config import ConfigModel


class LimitsConfig(ConfigModel):
    """How often one client may ask."""

    requests: str = Field(
        default="600/minute",
        description="Most requests of a key, a user, or an address without either; empty for no limit",
    )
    login: str = Field(default="10/minute", description="Most attempts to log in, of one address and for one user")
    redis: SecretStr = Field(
        default=SecretStr(""), description="Address of a Redis in which all workers count; each for itself if empty"
    )
    without_redis: Literal["memory", "allow"] = Field(
        default="memory", description="While Redis is away: each worker counts for itself, or nothing is counted"
    )

    @field_validator("requests", "login")
    @classmethod
    def _is_rate(cls, rate: str) -> str:
        from limits import parse

        if rate:
            try:
                parse(rate)
            except ValueError as error:
                raise ValueError("write a rate such as 600/minute") from error
        return rate

    @field_validator("redis")
    @classmethod
    def _is_redis(cls, address: SecretStr) -> SecretStr:
        if address.get_secret_value().partition("://")[0] not in {"", "redis", "rediss"}:
            raise ValueError("it must start with redis:// or rediss://")
        return address


class TelemetryConfig(ConfigModel):
    """Traces of requests."""

    endpoint: str = Field(
        default="",
        description="Where traces are sent with OTLP over HTTP, such as http://collector:4318/v1/traces; none if empty",
    )
    share: float = Field(default=1.0, ge=0, le=1, description="Share of requests that are traced")


class ApiConfig(ConfigModel):
    """How the service listens, whom it trusts, and what it refuses."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0 for all")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 for a free one")
    workers: int = Field(default=1, ge=1, le=256, description="Processes that serve")
    database: str = Field(
        default="sqlite:///api.db", description="Of keys and users; a relative SQLite file is in the project's folder"
    )
    jwt_secret: SecretStr = Field(default=SecretStr(""), description="Signs the tokens of users: 32 characters or more")
    token_minutes: int = Field(default=60, ge=1, description="How long a token is valid")
    cache_seconds: float = Field(
        default=2.0, ge=0, description="How long a verified key or token is trusted without asking the database"
    )
    body_bytes: int = Field(default=10_000_000, ge=1, description="Largest body of a request")
    timeout_seconds: float = Field(
        default=30.0, gt=0, description="Until when a request must have come, and a response begun"
    )
    shutdown_seconds: int = Field(default=20, ge=1, description="How long running requests may take at a shutdown")
    concurrency: int = Field(default=500, ge=1, description="Most requests that a worker has in hand at once")
    cors_origins: tuple[str, ...] = Field(default=(), description="Sites whose pages may call the service")
    proxies: tuple[str, ...] = Field(
        default=(), description="Addresses of proxies that are believed when they name the client"
    )
    docs: bool = Field(default=True, description="Whether /docs and /openapi.json are served")
    access_log: bool = Field(default=True, description="Whether each request is logged, whatever the level of the logs")
    limits: LimitsConfig = Field(default=LimitsConfig(), description="How often one client may ask")
    telemetry: TelemetryConfig = Field(default=TelemetryConfig(), description="Traces of requests")

    @field_validator("proxies")
    @classmethod
    def _are_networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        from ipaddress import ip_network

        for proxy in proxies:
            try:
                ip_network(proxy)
            except ValueError as error:
                raise ValueError(f"{proxy!r} is no address, and no network such as 10.0.0.0/8") from error
        return proxies

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(origin if origin == "*" else _as_sent(origin) for origin in origins)


def _as_sent(origin: str) -> str:
    """Write an origin as browsers send it: in small letters, without the port that its scheme has anyway."""
    small = origin.lower()
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*://([\w.-]+|\[[0-9a-f:.]+\])(:\d+)?", small, re.ASCII):
        raise ValueError(f"{origin!r} is no origin: write it as https://www.example.org, without a path")
    scheme, _, _ = small.partition("://")
    return small.removesuffix({"http": ":80", "https": ":443"}.get(scheme, ""))
