"""Where tools may go over HTTP: hosts of the allow-list, at addresses that are not private."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from ..errors import ToolError

Resolver = Callable[[str, int], Sequence[str]]
"""Gives the addresses of a host and port, as text."""

# Services of Azure, and addresses of a site (RFC 3879), which count as addresses of the internet else.
_NEAR = [ip_network(one) for one in ("168.63.129.16/32", "fec0::/10")]
# IPv6 addresses that hold one of IPv4, which a gateway would go to: RFC 6052, 8215, 3056 and 4380.
_CARRIERS = [ip_network(one) for one in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")]
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was checked, to be connected to as it is: asked again, the name might give another.

    Attributes
    ----------
    addresses
        Of the host, all of them allowed.
    """

    url: str
    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hosts:
    """The allow-list.

    Attributes
    ----------
    allowed
        `api.example.org` for its usual port, `*.example.org` for all below it, `localhost:8000` for another port.
    private
        Those of them that may lie at private addresses, and be asked without TLS.
    """

    allowed: tuple[str, ...]
    private: tuple[str, ...] = ()

    def check(self, url: str, resolve: Resolver | None = None) -> Target:
        """Check an address, and find out where its host is.

        Raises
        ------
        ToolError
            If the host is not allowed, or any of its addresses is private.
        """
        parts = _split(url)
        host = (parts.hostname or "").rstrip(".").lower()
        port = parts.port or _PORTS[parts.scheme]
        if not self._lists(self.allowed, host, port, parts.scheme):
            raise ToolError(
                f"{host}:{port} is no host that tools may ask", hint="agentic.tools.allowed_hosts lists them"
            )
        private = self._lists(self.private, host, port, parts.scheme)
        if parts.scheme != "https" and not private:
            raise ToolError(f"{host} may be asked over https only", hint="begin the address with https://")
        try:
            addresses = tuple((resolve or _resolve)(host, port))
        except OSError as error:
            raise ToolError(f"the host {host} was not found", hint="is it spelled right?") from error
        for address in addresses:
            if not private and not is_public(address):
                raise ToolError(
                    f"{host} is at the private address {address}", hint="agentic.tools.private_hosts may allow it"
                )
        return Target(url, parts.scheme, host, port, addresses)

    @staticmethod
    def _lists(names: Sequence[str], host: str, port: int, scheme: str) -> bool:
        for name in names:
            wanted, colon, number = name.lower().rpartition(":") if ":" in name else (name.lower(), "", "")
            if port != (int(number) if colon else _PORTS[scheme]):
                continue
            if host == wanted or (wanted.startswith("*.") and host.endswith(wanted[1:])):
                return True
        return False


def is_public(address: str) -> bool:
    """Say whether an address is one of the internet, and not of this machine, this network or a cloud's own services.

    Examples
    --------
    >>> [is_public(one) for one in ("93.184.215.14", "169.254.169.254", "::ffff:10.0.0.1", "fec0::1", "168.63.129.16")]
    [True, False, False, False, False]
    """
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            found = found.ipv4_mapped
        elif any(found in carrier for carrier in _CARRIERS):
            return False
    if any(found in network for network in _NEAR):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port_fits = parts.port != 0
    except ValueError as error:
        raise ToolError(f"{url[:100]!r} is no address", hint="such as https://api.example.org/v1/rates") from error
    if parts.scheme not in _PORTS or not parts.hostname or not port_fits:
        raise ToolError(f"{url[:100]!r} is no address of HTTP", hint="such as https://api.example.org/v1/rates")
    if parts.username or parts.password:
        raise ToolError("an address with a name or a password is refused", hint="keys belong into agentic.tools.apis")
    if any(character.isspace() or character == "\\" for character in url):
        raise ToolError(f"{url[:100]!r} is no address", hint="encode what is no plain character")
    return parts


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))
