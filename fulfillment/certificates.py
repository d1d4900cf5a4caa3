"""A certificate authority for one local network.

Phones open their camera only for pages that came over HTTPS, and no public authority certifies an
address like 192.168.1.20. So a warehouse without a domain name gets an authority of its own, which
each phone is told once to trust. What the authority may vouch for is written into it (name
constraints, RFC 5280 section 4.2.1.10): this machine's name and private addresses. Whoever steals
its key cannot use it to pose as a bank.
"""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFETIME = timedelta(days=3650)
# Phones refuse certificates of servers that live longer than 825 days (Apple, support note 103769).
SERVER_LIFETIME = timedelta(days=397)
RENEWED_BEFORE_END = timedelta(days=30)
# Clocks of phones may be a little late.
VALID_BEFORE_NOW = timedelta(hours=1)

LOCAL_NETWORKS = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "127.0.0.0/8",
    )
)


@dataclass(frozen=True, kw_only=True)
class ServerCertificate:
    """Where the certificates lie, and by what a person recognises the authority."""

    authority_file: Path
    certificate_file: Path
    key_file: Path
    #: SHA-256 of the authority's certificate, as phones show it: `AB:CD:…`.
    authority_fingerprint: str


def is_local(address: ipaddress.IPv4Address) -> bool:
    """Whether the authority may vouch for this address."""
    return any(address in network for network in LOCAL_NETWORKS)


def ensure_server_certificate(
    directory: Path,
    *,
    names: Sequence[str],
    addresses: Sequence[ipaddress.IPv4Address],
    now: datetime,
) -> ServerCertificate:
    """Make, or renew where it must be, what is needed to serve HTTPS under `names` and `addresses`.

    The authority stays as long as it may vouch for the names, so that phones trust it once; the
    server's certificate is made anew when an address changes or its end is near.
    Raises `ValueError` for an address that is not local, `OSError` where `directory` refuses.
    """
    foreign = [str(address) for address in addresses if not is_local(address)]
    if foreign:
        raise ValueError(f"no local address: {', '.join(foreign)}")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = _Issuer.load(directory, "ca")
    if authority is None or not _may_still_vouch(authority.certificate, names=names, now=now):
        authority = _new_authority(names=names, now=now)
        authority.save(directory, "ca")
    server = _Issuer.load(directory, "server")
    wanted = _subject_names(names, addresses)
    if server is None or not _still_serves(server.certificate, authority, wanted=wanted, now=now):
        server = _new_server(authority, wanted=wanted, now=now)
        server.save(directory, "server")
    return ServerCertificate(
        authority_file=directory / "ca.crt",
        certificate_file=directory / "server.crt",
        key_file=directory / "server.key",
        authority_fingerprint=authority.certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
    )


@dataclass(frozen=True)
class _Issuer:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def load(cls, directory: Path, name: str) -> "_Issuer | None":
        certificate_file, key_file = directory / f"{name}.crt", directory / f"{name}.key"
        if not (certificate_file.exists() and key_file.exists()):
            return None
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            return None
        # A crash between the two files leaves a pair that does not match.
        return cls(certificate, key) if certificate.public_key() == key.public_key() else None

    def save(self, directory: Path, name: str) -> None:
        key = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        certificate = self.certificate.public_bytes(serialization.Encoding.PEM)
        _replace(directory / f"{name}.key", key, mode=0o600)
        _replace(directory / f"{name}.crt", certificate, mode=0o644)


def _replace(file: Path, content: bytes, *, mode: int) -> None:
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    draft.replace(file)


def _subject_names(
    names: Sequence[str], addresses: Sequence[ipaddress.IPv4Address]
) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(
        [
            *(x509.DNSName(name) for name in names),
            *(x509.IPAddress(address) for address in addresses),
        ]
    )


def _constraints(names: Sequence[str]) -> x509.NameConstraints:
    return x509.NameConstraints(
        permitted_subtrees=[
            *(x509.DNSName(name) for name in names),
            *(x509.IPAddress(network) for network in LOCAL_NETWORKS),
        ],
        excluded_subtrees=None,
    )


def _may_still_vouch(authority: x509.Certificate, *, names: Sequence[str], now: datetime) -> bool:
    # A server's certificate must not outlive its authority.
    long_enough = authority.not_valid_after_utc > now + SERVER_LIFETIME
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = constraints.permitted_subtrees or []
    return long_enough and all(x509.DNSName(name) in permitted for name in names)


def _still_serves(
    server: x509.Certificate,
    authority: _Issuer,
    *,
    wanted: x509.SubjectAlternativeName,
    now: datetime,
) -> bool:
    named = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        server.issuer == authority.certificate.subject
        and set(named) == set(wanted)
        and server.not_valid_after_utc > now + RENEWED_BEFORE_END
    )


def _new_authority(*, names: Sequence[str], now: datetime) -> _Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    # Two authorities must differ in name, or phones that know both mix them up.
    subject = _name(f"Fulfillment on {names[0]} ({serial % 16**6:06x})")
    certificate = (
        _certificate(subject, subject, key, now=now, lifetime=AUTHORITY_LIFETIME)
        .serial_number(serial)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(_constraints(names), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _Issuer(certificate, key)


def _new_server(
    authority: _Issuer, *, wanted: x509.SubjectAlternativeName, now: datetime
) -> _Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer_key = authority.key.public_key()
    certificate = (
        _certificate(
            _name("Fulfillment"),
            authority.certificate.subject,
            key,
            now=now,
            lifetime=SERVER_LIFETIME,
        )
        .serial_number(x509.random_serial_number())
        .add_extension(wanted, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False
        )
        .sign(authority.key, hashes.SHA256())
    )
    return _Issuer(certificate, key)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .not_valid_before(now - VALID_BEFORE_NOW)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
