"""Webhooks over TLS: to the checked address, with the certificate of the name."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fulfillment.certificates import ensure_server_certificate
from fulfillment.domain.outbox import Delivered, Unreachable
from fulfillment.posting.targets import Rules
from fulfillment.posting.webhooks import Webhooks
from tests.support.receivers import HookReceiver

HERE = Rules(networks=(ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")))


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server that may call itself localhost; this process trusts its authority."""
    made = ensure_server_certificate(
        tmp_path,
        names=["localhost"],
        addresses=[ipaddress.IPv4Address("127.0.0.9")],
        now=datetime.now(UTC),
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority_file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certificate_file, made.key_file)
    return context


def test_a_webhook_arrives_encrypted_under_the_name_of_its_receiver(tls: ssl.SSLContext) -> None:
    with HookReceiver(tls) as receiver:
        receiver.switch_on()
        outcome = Webhooks(HERE, most_seconds=10).post(
            f"https://localhost:{receiver.port}/hook", b"{}", {"webhook-id": "a"}
        )
    assert outcome == Delivered()
    assert receiver.received[0].headers["host"] == f"localhost:{receiver.port}"


def test_nothing_is_sent_to_a_server_with_the_certificate_of_another_name(
    tls: ssl.SSLContext,
) -> None:
    with HookReceiver(tls) as receiver:
        receiver.switch_on()
        outcome = Webhooks(HERE, most_seconds=10).post(
            f"https://127.0.0.1:{receiver.port}/hook", b"{}", {"webhook-id": "a"}
        )
    assert isinstance(outcome, Unreachable)
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.reason
    assert receiver.received == []


def test_nothing_is_sent_to_a_server_that_nobody_vouches_for(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with HookReceiver(tls) as receiver:
        receiver.switch_on()
        outcome = Webhooks(HERE, most_seconds=10).post(
            f"https://localhost:{receiver.port}/hook", b"{}", {"webhook-id": "a"}
        )
    assert isinstance(outcome, Unreachable)
    assert receiver.received == []
