"""The rules of printing, and the addresses of printers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from fulfillment.domain.errors import IllegalEvent
from fulfillment.domain.printing import (
    DOCUMENT_KINDS,
    LEASE_SECONDS,
    has_come_out,
    printer_is_off,
    retry_after,
)
from fulfillment.domain.states import PRINT_JOB
from fulfillment.services.printing.documents import CLASSES
from labels.printers import RawPrinter, way_to
from labels.printers.ipp import IppPrinter


def test_a_printer_is_left_alone_twice_as_long_after_each_failure_up_to_half_a_minute() -> None:
    waits = [retry_after(failures).total_seconds() for failures in (1, 2, 3, 4, 5, 6, 10_000)]
    assert waits == [2, 4, 8, 16, 30, 30, 30]


def test_an_unknown_job_never_returns_to_the_queue() -> None:
    for event in ("lease", "give-back", "send"):
        with pytest.raises(IllegalEvent):
            PRINT_JOB.advance("unknown", event)


def test_only_a_job_that_was_leased_can_be_queued_again() -> None:
    back = [row.source for row in PRINT_JOB.transitions if row.target == "queued"]
    assert back == ["leased"]


@pytest.mark.parametrize(
    ("state", "condition", "seconds", "is_off"),
    [
        ("queued", "ready", 1, False),
        ("queued", "ready", 31, True),
        ("queued", "offline", 1, True),
        ("leased", "attention", 1, True),
        ("queued", "new", 1, True),
        ("unknown", "ready", 1, True),
        ("failed", "ready", 1, True),
    ],
)
def test_a_printer_counts_as_off_when_it_holds_a_label_up(
    state: str, condition: str, seconds: int, is_off: bool
) -> None:
    waits_for = timedelta(seconds=seconds)
    assert printer_is_off(state=state, condition=condition, waits_for=waits_for) is is_off


def test_only_sent_and_confirmed_jobs_have_come_out() -> None:
    assert [state for state in PRINT_JOB.states if has_come_out(state)] == ["sent", "confirmed"]


def test_every_document_kind_has_its_value_class() -> None:
    assert set(CLASSES) == set(DOCUMENT_KINDS)


def test_a_lease_outlives_the_slowest_delivery() -> None:
    raw = RawPrinter.at("printer")
    ipp = IppPrinter.at("ipp://printer/ipp", media_type="application/pdf")
    assert raw.connect_seconds + raw.send_seconds + raw.end_seconds < LEASE_SECONDS
    assert ipp.ask_seconds + ipp.print_seconds < LEASE_SECONDS


@pytest.mark.parametrize(
    ("address", "host", "port", "waits"),
    [
        ("10.0.0.7", "10.0.0.7", 9100, True),
        ("label-printer.local:6101", "label-printer.local", 6101, True),
        ("10.0.0.7?waiteof=no", "10.0.0.7", 9100, False),
        ("[fe80::1]:9100?waiteof=yes", "fe80::1", 9100, True),
    ],
)
def test_the_address_of_a_raw_printer_is_read(
    address: str, host: str, port: int, waits: bool
) -> None:
    printer = RawPrinter.at(address)
    assert (printer.host, printer.port, printer.waits_for_end) == (host, port, waits)


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("raw", ""),
        ("raw", "host:0"),
        ("raw", "host:70000"),
        ("raw", "host:x"),
        ("raw", "host/path"),
        ("raw", "user@host"),
        ("raw", "host?waiteof=perhaps"),
        ("raw", "two words"),
        ("raw", "a" * 64),
        ("raw", "b." * 200),
        ("ipp", "http://host/ipp"),
        ("ipp", "ipp://host"),
        ("ipp", "ipp:///ipp/print"),
        ("ipp", "ipp://host:70000/ipp"),
        ("spool", ""),
        ("spool", ".."),
        ("spool", "../etc"),
        ("spool", "/etc/cron.d"),
        ("spool", ".hidden"),
        ("browser", ""),
        ("fax", "1234"),
    ],
)
def test_what_is_no_address_is_refused(kind: str, address: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        way_to(kind, address, language="pdf", spool_root=Path("/nowhere"))
