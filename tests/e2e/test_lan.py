"""Real devices: the service as it runs on a local network, over HTTPS, at a name of the machine.

The browser takes no certificate that it was not told of: it is told the fingerprint of this
server's key, as a phone is told to trust the local authority.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import Playwright, expect

from fulfillment.domain.barcodes import Own
from fulfillment.domain.people import system
from fulfillment.services import people
from fulfillment.serving import local_name
from tests.e2e.conftest import FLAGS, browser_path
from tests.e2e.driving import Station
from tests.e2e.serving import Server
from tests.integration.test_serving_processes import SERVE, free_port, serving
from tests.support.benches import picked_shipment
from tests.support.world import World

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class Address:
    """Where the service is reached."""

    url: str


def fingerprint(certificate_file: Path) -> str:
    """The SHA-256 of a certificate's public key, as browsers take it (base64)."""
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


@pytest.fixture
def address(world: World, database_url: str, tmp_path: Path) -> Iterator[Address]:
    """`fulfillment serve --lan` on the world's database, in processes of its own."""
    world.product("A", name="Blue mug")
    world.stock("A", 10)
    picked_shipment(world, {"A": 2})
    port = free_port()
    with serving(
        [sys.executable, "-c", SERVE.format(lan=True)],
        tmp_path / "floor",
        until="Ready on the local",
        DATABASE_URL=database_url,
        FULFILLMENT_PORT=str(port),
    ):
        yield Address(f"https://{local_name()}:{port}")


@pytest.fixture
def device(
    playwright: Playwright, address: Address, world: World, tmp_path: Path
) -> Iterator[Station]:
    """A browser that knows the server's key and finds the machine by its name, with a camera."""
    flags = [
        *FLAGS,
        f"--host-resolver-rules=MAP {local_name()} 127.0.0.1",
        "--ignore-certificate-errors-spki-list="
        + fingerprint(tmp_path / "floor" / "certificates" / "server.crt"),
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
    ]
    browser = playwright.chromium.launch(executable_path=browser_path(), args=flags)
    context = browser.new_context(permissions=["camera"])
    yield Station(context, cast("Server", address), world, "W1S1")
    browser.close()


def test_on_a_device_of_the_floor_log_in_camera_and_reload_without_network_work(
    device: Station, address: Address
) -> None:
    page = device.page
    code = people.make_enrolment_code(system(), device.world.stations["W1S1"]).enrolment_code
    page.goto(address.url + "/settings/enrol")
    page.locator("input[name=code]").fill(code)
    page.keyboard.press("Enter")
    expect(page.locator("[role=status]")).not_to_be_empty()
    page.goto(address.url + "/stations/pack")
    assert page.evaluate("[isSecureContext, location.hostname]") == [True, local_name()]
    device.enter("packer1")
    assert device.own(Own.TOTE, "W1T1") == "opened"
    picture = page.evaluate(
        """async () => {
          const stream = await navigator.mediaDevices.getUserMedia({video: true});
          const [track] = stream.getVideoTracks();
          const {width} = track.getSettings();
          track.stop();
          return width;
        }"""
    )
    assert picture > 0
    page.wait_for_selector("html[data-offline-ready=yes]")
    device.context.set_offline(True)
    page.reload()
    device.ready()
    expect(page.locator(".bench")).to_be_visible()
