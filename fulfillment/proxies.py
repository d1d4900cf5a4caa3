"""Who is really asking, when a proxy stands in front.

A proxy tells the address that it serves in `X-Forwarded-For`, and anybody can send such a header.
So it is believed only as far as it was written by proxies that the settings trust. (The scheme is
gunicorn's business: `forwarded_allow_ips` in `serving.py` follows the same setting.)
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fulfillment.settings import Network

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def client_address(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The address of the client behind `peer`, who connected and sent `forwarded_for`.

    Each proxy appends the address that it was asked from; reading from the right, the first one
    that is no trusted proxy is the client, and whatever stands left of it is hearsay.
    """
    believed = peer
    for hop in reversed(forwarded_for.split(",")):
        if not _is_trusted(believed, trusted) or _address(hop) is None:
            break
        believed = hop.strip()
    return believed


def behind_proxies(application: "WSGIApplication", trusted: Sequence[Network]) -> "WSGIApplication":
    """The application with `REMOTE_ADDR` set to the client's address.

    `Host` is taken as it comes: a proxy must pass on the one that it was asked for.
    """

    def resolved(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ["REMOTE_ADDR"] = client_address(
            environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", ""), trusted
        )
        return application(environ, start_response)

    return resolved


def _is_trusted(text: str, trusted: Sequence[Network]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in trusted)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None
