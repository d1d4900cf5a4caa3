"""Which addresses a webhook may go to (OWASP, Server-Side Request Forgery Prevention).

Somebody who may set an address up must not reach with it what only this machine reaches: itself,
the private network, the metadata service of a cloud.  The name is looked up once, every address
that it has is checked, and the connection goes to the checked address, so that a name that changes
its mind in between (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL = 500
WEB_PORTS = {"https": 443, "http": 80}
FIRST_FREE_PORT = 1024
"""Below it only the ports of the web: the others belong to mail, shells and name services."""

_TRANSLATED = tuple(
    ipaddress.ip_network(text)
    for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)
"""IPv6 addresses that lead to an IPv4 address inside them, wherever that is."""


class BadTarget(ValueError):
    """No webhook may go there; *code* says why, *text* what."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


@dataclass(frozen=True)
class Rules:
    """What is allowed beyond HTTPS to the public internet."""

    http: bool = False
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True)
class Target:
    """A checked web address."""

    scheme: str
    host: str
    port: int
    path: str
    """With its query."""


def target_of(url: str, rules: Rules) -> Target:
    """The parts of *url*; raises :class:`BadTarget`.  Nothing is looked up."""
    usable = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not usable or len(url) > LONGEST_URL:
        raise BadTarget("not-a-web-address", ascii(url)[:100])
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadTarget("not-a-web-address", url) from None
    if parts.scheme not in WEB_PORTS or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise BadTarget("not-a-web-address", url)
    if parts.scheme == "http" and not rules.http:
        raise BadTarget("not-https", url)
    found = port if port is not None else WEB_PORTS[parts.scheme]
    if found not in WEB_PORTS.values() and found < FIRST_FREE_PORT:
        raise BadTarget("port-not-allowed", str(found))
    literal = _literal(parts.hostname)
    if literal is not None and not is_allowed(literal, rules):
        raise BadTarget("private-address", str(literal))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, found, path)


def address_of(target: Target, rules: Rules) -> Address:
    """The address to connect to; raises :class:`BadTarget`, and OSError where none is known."""
    found = _looked_up(target)
    for address in found:
        if not is_allowed(address, rules):
            raise BadTarget("private-address", f"{target.host} = {address}")
    return found[0]


def is_allowed(address: Address, rules: Rules) -> bool:
    """Whether a webhook may go to this address."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in rules.networks):
        return True
    translated = any(address in network for network in _TRANSLATED)
    return address.is_global and not address.is_multicast and not translated


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _looked_up(target: Target) -> Sequence[Address]:
    rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    found = [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]
    if not found:
        raise OSError(f"{target.host} has no address")
    return found
