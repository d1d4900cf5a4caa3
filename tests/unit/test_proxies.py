"""Whose address counts when proxies stand in front of the service."""

import ipaddress

import pytest

from fulfillment.proxies import client_address

TRUSTED = (ipaddress.ip_network("10.0.3.0/24"), ipaddress.ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        pytest.param("10.0.3.1", "203.0.113.9", "203.0.113.9", id="one proxy"),
        pytest.param("10.0.3.1", "203.0.113.9, 10.0.3.2", "203.0.113.9", id="two proxies"),
        pytest.param("fd00::1", "2001:db8::9", "2001:db8::9", id="IPv6"),
        pytest.param("10.0.3.1", "1.1.1.1, 203.0.113.9", "203.0.113.9", id="a forged first hop"),
        pytest.param("203.0.113.9", "1.1.1.1", "203.0.113.9", id="no proxy, a forged header"),
        pytest.param("10.0.3.1", "", "10.0.3.1", id="the proxy itself asks"),
        pytest.param("10.0.3.1", "unknown", "10.0.3.1", id="no address in the header"),
        pytest.param("10.0.3.1", "1.1.1.1, <script>", "10.0.3.1", id="rubbish at the end"),
        pytest.param("", "203.0.113.9", "", id="a socket without an address"),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(
    peer: str, forwarded_for: str, client: str
) -> None:
    assert client_address(peer, forwarded_for, TRUSTED) == client


def test_without_trusted_proxies_no_header_is_believed() -> None:
    assert client_address("127.0.0.1", "203.0.113.9", ()) == "127.0.0.1"
