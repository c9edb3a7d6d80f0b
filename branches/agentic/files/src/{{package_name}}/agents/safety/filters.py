"""Secrets and personal data, masked in what models read, what tools give, and what is recorded."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from pydantic import BaseModel, JsonValue, SecretStr

from ...data.privacy import mask

MASKED = "[SECRET]"
"""What stands where a secret was."""

_NAMES = re.compile(
    r"(?:^|_)(?:KEY|TOKEN|CREDENTIALS?|DSN)(?:_|$)|APIKEY|SECRET|PASSWORD|PASSWD|PASSPHRASE", re.IGNORECASE
)
_SHORTEST = 8  # characters of a value that is worth hiding: shorter ones are words or numbers of other places
# Passwords that servers come with: as secrets they would hide the words.
_WORDS = {"password", "postgres", "postgresql", "changeme", "minioadmin", "anonymous", "disabled", "required"}
# What every personal datum or secret with a form of its own has in it: a digit, a sign of an address, or a name.
_WORTH_A_LOOK = re.compile(r"\d|@|://|-----BEGIN|pass|secret|token|key|pwd|sig|bearer", re.IGNORECASE)
# Secrets within a value: the password of an address, what follows the scheme of a header, a field of a connection.
_LOGIN = re.compile(r"://[^\s/:@]*:([^\s/@]+)@")
_SCHEME = re.compile(r"(?:basic|bearer|token|apikey)\s+(\S+)", re.IGNORECASE)
_FIELD = re.compile(r"(?:^|[;\s&?])(?:\w*key|password|pwd|\w*secret|\w*token|sig)\s*=\s*([^;\s&]+)", re.IGNORECASE)


class SecretFilter:
    """Masks values that are known to be secret, also as they are written in addresses, Base64 and hexadecimal digits.

    Parameters
    ----------
    values
        The secrets. Those of fewer than 8 characters are left out.
    """

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if len(value) >= _SHORTEST for form in _forms(value)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def clean(self, text: str) -> str:
        """Mask the secrets in a text."""
        return self._pattern.sub(MASKED, text) if self._pattern else text


class FormFilter:
    """Masks personal data and secrets that have a form: addresses, cards, accounts, keys of known services.

    Names of people have none, and are not found.
    """

    def clean(self, text: str) -> str:
        """Mask what is found."""
        return mask(text)[0] if _WORTH_A_LOOK.search(text) else text


def known_secrets(environment: Mapping[str, str], *configs: BaseModel) -> set[str]:
    """Give the secrets that this process knows: values of variables that are named so, and those of the configuration.

    What is secret within a value counts too: the password in an address, whatever its variable is called, and what
    follows the scheme in a header.

    Examples
    --------
    >>> sorted(known_secrets({"OPENAI_API_KEY": "a-key-of-openai", "HOME": "/home/ada"}))
    ['a-key-of-openai']
    >>> sorted(known_secrets({"DATABASE_URL": "postgresql://me:hush-hush@db/runs"}))
    ['hush-hush']
    """
    found: set[str] = set()
    for name, value in environment.items():
        found |= {value} | _within(value) if _NAMES.search(name) else _passwords(value)
    for config in configs:
        found |= set(_secrets_of(config))
    return found - {""} - _WORDS


def _passwords(value: str) -> set[str]:
    """Give the passwords of addresses in a text, as they are written and as they are meant."""
    written = set(_LOGIN.findall(value)) if "://" in value else set()
    return written | {unquote(one) for one in written}


def _within(value: str) -> set[str]:
    """Give the secrets within a secret, each of which tells as much as the whole."""
    found = _passwords(value) | set(_FIELD.findall(value))
    scheme = _SCHEME.fullmatch(value.strip())
    if scheme:
        found.add(scheme[1])
        with suppress(ValueError):  # HTTP's own scheme, RFC 7617: a user and a password in Base64
            found.add(base64.b64decode(scheme[1], validate=True).decode().partition(":")[2])
    return found


def clean_json(value: JsonValue, filters: Iterable[Any]) -> JsonValue:
    """Clean every text of JSON, the names of its keys too."""
    chain = tuple(filters)

    def clean(text: str) -> str:
        for one in chain:
            text = one.clean(text)
        return text

    def walk(value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, dict):
            return {clean(key): walk(one) for key, one in value.items()}
        if isinstance(value, list):
            return [walk(one) for one in value]
        return value

    return walk(value)


def _secrets_of(value: object) -> Iterable[str]:
    if value is None or isinstance(value, int | float):
        return
    if isinstance(value, SecretStr):
        secret = value.get_secret_value()
        yield from {secret} | _within(secret)
    elif isinstance(value, str):
        yield from _passwords(value)
    elif isinstance(value, BaseModel):
        yield from _secrets_of(vars(value))
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _secrets_of(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _secrets_of(one)


def _forms(secret: str) -> set[str]:
    """Write a secret in the ways in which it gets out by mistake, or on purpose."""
    plain = secret.encode()
    forms = {secret, secret[::-1], quote(secret, safe=""), quote_plus(secret), plain.hex(), plain.hex().upper()}
    for lead in range(3):  # Base64 of a text that holds it depends on where in its groups of three bytes it begins
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            written = encode(b"\0" * lead + plain).decode()
            first, last = (0, 2, 3)[lead], len(written.rstrip("=")) - ((lead + len(plain)) % 3 > 0)
            forms.add(written[first:last])
    return {form for form in forms if len(form) >= _SHORTEST}


def process_secrets(*configs: BaseModel) -> SecretFilter:
    """Make the filter of all secrets that this process knows."""
    return SecretFilter(known_secrets(os.environ, *configs))
