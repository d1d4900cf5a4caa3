"""How the service listens: what is refused, what gunicorn is told, what people are told."""

from pathlib import Path

import pytest

from fulfillment.certificates import ServerCertificate
from fulfillment.domain.routing import frontier
from fulfillment.serving import (
    Service,
    ServingError,
    announcement,
    gunicorn_options,
    offering_authority,
    prepared,
)
from fulfillment.settings import Settings


def settings_with(tmp_path: Path, **environ: str) -> Settings:
    return Settings.from_environ({"FULFILLMENT_INSTANCE_DIR": str(tmp_path), **environ})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "packing-pc"])  # noqa: S104  what is refused
def test_plain_http_beyond_this_machine_is_refused_with_the_way_out(
    tmp_path: Path, host: str
) -> None:
    with pytest.raises(ServingError, match=r"serve --lan.*FULFILLMENT_TRUSTED_PROXIES"):
        prepared(settings_with(tmp_path, FULFILLMENT_HOST=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_plain_http_on_this_machine_is_served(tmp_path: Path, host: str) -> None:
    service = prepared(settings_with(tmp_path, FULFILLMENT_HOST=host))
    assert service.certificate is None


def test_plain_http_behind_a_trusted_proxy_is_served(tmp_path: Path) -> None:
    settings = settings_with(
        tmp_path,
        FULFILLMENT_HOST="10.0.3.7",
        FULFILLMENT_TRUSTED_PROXIES="10.0.3.0/24,10.0.9.1",
        FULFILLMENT_TRUSTED_HOSTS="goods.example",
    )
    options = gunicorn_options(prepared(settings))
    assert options["bind"] == "10.0.3.7:8000"
    assert options["forwarded_allow_ips"] == "10.0.3.0/24,10.0.9.1/32"


def test_without_a_proxy_nobody_may_claim_another_address_or_scheme(tmp_path: Path) -> None:
    assert gunicorn_options(prepared(settings_with(tmp_path)))["forwarded_allow_ips"] == ""


def test_on_the_local_network_there_is_https_on_every_address(tmp_path: Path) -> None:
    service = prepared(settings_with(tmp_path, FULFILLMENT_LAN="yes"))
    options = gunicorn_options(service)
    assert options["bind"] == "0.0.0.0:8000"
    assert options["certfile"] == str(tmp_path / "certificates" / "server.crt")
    assert service.settings.cookie_secure
    assert {"localhost", "127.0.0.1"} < set(service.settings.trusted_hosts)


def test_an_ipv6_address_is_bound_in_brackets_and_asked_for_by_name(tmp_path: Path) -> None:
    service = prepared(settings_with(tmp_path, FULFILLMENT_HOST="::1"))
    assert gunicorn_options(service)["bind"] == "[::1]:8000"
    assert "http://localhost:8000/" in announcement(service)


def test_no_application_is_loaded_before_the_workers_fork(tmp_path: Path) -> None:
    assert gunicorn_options(prepared(settings_with(tmp_path)))["preload_app"] is False


def test_the_tables_of_the_walks_are_made_before_the_workers_fork(tmp_path: Path) -> None:
    gunicorn_options(prepared(settings_with(tmp_path)))["on_starting"](None)
    made = frontier.space.cache_info().misses
    frontier.space(5, 2)
    assert frontier.space.cache_info().misses == made


def test_the_announcement_says_how_a_phone_trusts_the_authority(tmp_path: Path) -> None:
    certificate = ServerCertificate(
        authority_file=Path("/srv/ca.crt"),
        certificate_file=Path("/srv/server.crt"),
        key_file=Path("/srv/server.key"),
        authority_fingerprint="AB:CD",
    )
    text = announcement(Service(settings=settings_with(tmp_path), certificate=certificate))
    for needed in ("https://", "/ca.crt", "/srv/ca.crt", "Android", "iPhone", "AB:CD"):
        assert needed in text


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/ca.crt", b"authority"),
        ("POST", "/ca.crt", b"application"),
        ("GET", "/", b"application"),
    ],
)
def test_the_authority_is_offered_at_one_address_only(
    method: str, path: str, expected: bytes
) -> None:
    statuses: list[str] = []

    def application(_environ: object, start_response: object) -> list[bytes]:
        return [b"application"]

    def start_response(status: str, _headers: object, _error: object = None) -> object:
        statuses.append(status)
        return None

    offered = offering_authority(application, b"authority")
    answer = offered({"PATH_INFO": path, "REQUEST_METHOD": method}, start_response)  # type: ignore[arg-type]  # as much of WSGI as is used
    assert list(answer) == [expected]
    assert statuses == (["200 OK"] if expected == b"authority" else [])
