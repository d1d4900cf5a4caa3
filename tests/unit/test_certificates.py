"""The authority of a local network: what it certifies, for how long, and what it cannot."""

import ipaddress
import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fulfillment.certificates import ServerCertificate, ensure_server_certificate

NOW = datetime.now(UTC)
ADDRESS = ipaddress.IPv4Address("192.168.1.20")
OTHER_ADDRESS = ipaddress.IPv4Address("192.168.1.21")


def ensured(
    directory: Path,
    *addresses: ipaddress.IPv4Address,
    name: str = "packing-pc",
    now: datetime = NOW,
) -> ServerCertificate:
    return ensure_server_certificate(
        directory, names=[name, "localhost"], addresses=addresses or [ADDRESS], now=now
    )


def handshake(certificate: ServerCertificate, *, server_name: str, chain: Path, key: Path) -> None:
    """A TLS handshake as a phone that trusts the authority makes it; raises what the phone sees."""
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(chain, key)
    client_side = ssl.create_default_context(cafile=certificate.authority_file)
    left, right = socket.socketpair()

    def answer() -> None:
        try:
            server_side.wrap_socket(left, server_side=True).close()
        except (ssl.SSLError, OSError):
            left.close()  # the client has hung up, and says why

    server = threading.Thread(target=answer)
    server.start()
    try:
        client_side.wrap_socket(right, server_hostname=server_name).close()
    finally:
        right.close()
        server.join(timeout=10)


@pytest.mark.parametrize("name", ["192.168.1.20", "packing-pc", "localhost"])
def test_a_phone_that_trusts_the_authority_accepts_the_address_and_the_name(
    tmp_path: Path, name: str
) -> None:
    made = ensured(tmp_path)
    handshake(made, server_name=name, chain=made.certificate_file, key=made.key_file)


def test_another_machine_is_not_accepted(tmp_path: Path) -> None:
    made = ensured(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        handshake(made, server_name="192.168.1.99", chain=made.certificate_file, key=made.key_file)


def test_a_stolen_authority_cannot_vouch_for_a_name_of_the_internet(tmp_path: Path) -> None:
    made = ensured(tmp_path)
    authority_key = serialization.load_pem_private_key((tmp_path / "ca.key").read_bytes(), None)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    forged = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.load_pem_x509_certificate(made.authority_file.read_bytes()).subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("bank.example")]), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    chain, key_file = tmp_path / "forged.crt", tmp_path / "forged.key"
    chain.write_bytes(forged.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        handshake(made, server_name="bank.example", chain=chain, key=key_file)


def test_private_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    ensured(tmp_path / "certificates")
    modes = {
        file.name: stat.S_IMODE(file.stat().st_mode)
        for file in (tmp_path / "certificates").glob("*.key")
    }
    assert modes == {"ca.key": 0o600, "server.key": 0o600}


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    first = ensured(tmp_path)
    before = first.certificate_file.read_bytes()
    assert ensured(tmp_path, now=NOW + timedelta(days=300)) == first
    assert first.certificate_file.read_bytes() == before


def test_a_new_address_needs_no_new_trust(tmp_path: Path) -> None:
    first = ensured(tmp_path, ADDRESS)
    second = ensured(tmp_path, OTHER_ADDRESS)
    assert second.authority_fingerprint == first.authority_fingerprint
    handshake(
        second, server_name=str(OTHER_ADDRESS), chain=second.certificate_file, key=second.key_file
    )


def test_a_certificate_near_its_end_is_renewed_under_the_same_authority(tmp_path: Path) -> None:
    first = ensured(tmp_path)
    before = first.certificate_file.read_bytes()
    assert ensured(tmp_path, now=NOW + timedelta(days=380)) == first
    assert first.certificate_file.read_bytes() != before


def test_a_server_certificate_lives_no_longer_than_phones_accept(tmp_path: Path) -> None:
    made = x509.load_pem_x509_certificate(ensured(tmp_path).certificate_file.read_bytes())
    assert made.not_valid_after_utc - made.not_valid_before_utc <= timedelta(days=398)


def test_an_authority_that_would_end_before_its_server_is_replaced(tmp_path: Path) -> None:
    first = ensured(tmp_path)
    later = ensured(tmp_path, now=NOW + timedelta(days=3400))
    assert later.authority_fingerprint != first.authority_fingerprint


def test_a_machine_with_a_new_name_gets_a_new_authority(tmp_path: Path) -> None:
    first = ensured(tmp_path, name="packing-pc")
    renamed = ensured(tmp_path, name="office-pc")
    assert renamed.authority_fingerprint != first.authority_fingerprint
    handshake(
        renamed, server_name="office-pc", chain=renamed.certificate_file, key=renamed.key_file
    )


def test_a_crash_between_key_and_certificate_is_mended(tmp_path: Path) -> None:
    ensured(tmp_path)
    elsewhere = ensured(tmp_path / "elsewhere")
    (tmp_path / "server.key").write_bytes(elsewhere.key_file.read_bytes())
    made = ensured(tmp_path)
    handshake(made, server_name="localhost", chain=made.certificate_file, key=made.key_file)


def test_a_public_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"8\.8\.8\.8"):
        ensured(tmp_path, ipaddress.IPv4Address("8.8.8.8"))
