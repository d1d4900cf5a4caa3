"""The ways to a printer: what is certain, and what is not, after bytes were handed over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyipp.exceptions import IPPError, IPPResponseError, IPPVersionNotSupportedError

from labels.printers import (
    Doubtful,
    NotTaken,
    Outcome,
    RawPrinter,
    Rejected,
    SpoolFolder,
    Status,
    Taken,
    Withdrawn,
    host_status,
)
from labels.printers import ipp as ipp_way
from tests.support.raw_printers import ALL_WELL, PAPER_OUT, RawPrinterStandIn

LABEL = b"^XA^FDhello^FS^XZ"
MUCH = b"x" * 30_000_000
"""More than the kernel takes in on behalf of a printer that reads nothing."""


@pytest.fixture
def stand_in() -> Iterator[RawPrinterStandIn]:
    with RawPrinterStandIn() as printer:
        yield printer


class Door:
    """The queue's side of a delivery: counts how often it was asked, and says yes or no."""

    def __init__(self, *, opens: bool = True) -> None:
        self.asked = 0
        self._opens = opens

    def __call__(self) -> bool:
        self.asked += 1
        return self._opens


def raw(printer: RawPrinterStandIn, *, waits_for_end: bool = True) -> RawPrinter:
    return RawPrinter(
        host="127.0.0.1",
        port=printer.port,
        waits_for_end=waits_for_end,
        asks_status=True,
        connect_seconds=2,
        send_seconds=0.3,
        end_seconds=0.3,
        status_seconds=2,
    )


def deliver(way: RawPrinter, document: bytes = LABEL, door: Door | None = None) -> Outcome:
    return way.deliver(document, name="label-1", begin=door or Door())


def test_a_printer_that_reads_to_the_end_has_taken_the_document(
    stand_in: RawPrinterStandIn,
) -> None:
    stand_in.switch_on()
    assert isinstance(deliver(raw(stand_in)), Taken)
    assert stand_in.printed == [LABEL]


def test_of_a_printer_that_refuses_it_is_certain_that_not_a_byte_was_sent(
    stand_in: RawPrinterStandIn,
) -> None:
    door = Door()
    assert deliver(raw(stand_in), door=door) == NotTaken("Connection refused")
    assert door.asked == 0


def test_a_host_that_does_not_exist_takes_nothing() -> None:
    way = RawPrinter(host="no-such-host.invalid", port=9100)
    assert isinstance(deliver(way), NotTaken)


def test_nothing_is_sent_when_the_queue_says_no(stand_in: RawPrinterStandIn) -> None:
    stand_in.switch_on()
    assert deliver(raw(stand_in), door=Door(opens=False)) == Withdrawn()
    stand_in.switch_off()
    assert stand_in.printed == []


def test_a_connection_cut_in_the_middle_is_doubtful(stand_in: RawPrinterStandIn) -> None:
    stand_in.switch_on("cut")
    outcome = deliver(raw(stand_in), LABEL * 1000)
    assert isinstance(outcome, Doubtful)
    assert outcome.bytes_sent > 0


def test_a_printer_that_hangs_in_the_middle_is_doubtful(stand_in: RawPrinterStandIn) -> None:
    stand_in.switch_on("hang")
    outcome = deliver(raw(stand_in), MUCH)
    assert isinstance(outcome, Doubtful)
    assert 0 < outcome.bytes_sent < len(MUCH)


def test_a_printer_that_never_closes_is_doubtful_where_its_end_is_waited_for(
    stand_in: RawPrinterStandIn,
) -> None:
    stand_in.switch_on("silent")
    outcome = deliver(raw(stand_in))
    assert outcome == Doubtful("no answer in time after the last byte", len(LABEL))


def test_a_printer_that_never_closes_has_taken_what_it_acknowledged(
    stand_in: RawPrinterStandIn,
) -> None:
    stand_in.switch_on("silent")
    assert deliver(raw(stand_in, waits_for_end=False)) == Taken("acknowledged")


def test_what_was_not_acknowledged_is_doubtful(stand_in: RawPrinterStandIn) -> None:
    stand_in.switch_on("hang")
    assert isinstance(deliver(raw(stand_in, waits_for_end=False), MUCH), Doubtful)


def test_a_label_printer_is_asked_how_it_is(stand_in: RawPrinterStandIn) -> None:
    assert raw(stand_in).probe() == Status("offline", "Connection refused")
    stand_in.switch_on()
    assert raw(stand_in).probe() == Status("ready")
    stand_in.status = PAPER_OUT
    assert raw(stand_in).probe() == Status("attention", "paper out")
    stand_in.switch_off()
    assert stand_in.printed == []


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (ALL_WELL, Status("ready")),
        (
            ALL_WELL.replace(b"030,0,0", b"030,1,1").replace(b"001,0,0,0", b"001,0,1,1"),
            Status("attention", "paper out, paused, head open, ribbon out"),
        ),
        (b"", Status("ready")),
        (b"HTTP/1.1 400 Bad Request\r\n", Status("ready")),
        (b"\x02\x03\x02\x03", Status("ready")),
    ],
)
def test_the_answer_of_a_label_printer_is_read(said: bytes, status: Status) -> None:
    assert host_status(said) == status


def test_a_spool_folder_gets_whole_files_only(tmp_path: Path) -> None:
    folder = SpoolFolder.at("bench-1", root=tmp_path, ending="zpl")
    seen_before: list[list[str]] = []

    def begin() -> bool:
        seen_before.append([file.name for file in folder.folder.glob("[!.]*")])
        return True

    assert folder.deliver(LABEL, name="label-1", begin=begin) == Taken("label-1.zpl")
    assert seen_before == [[]]
    assert [file.name for file in folder.folder.iterdir()] == ["label-1.zpl"]
    assert (folder.folder / "label-1.zpl").read_bytes() == LABEL
    assert folder.probe() == Status("ready")


def test_a_withdrawn_file_leaves_nothing_in_the_spool_folder(tmp_path: Path) -> None:
    folder = SpoolFolder.at("bench-1", root=tmp_path, ending="zpl")
    assert folder.deliver(LABEL, name="a", begin=Door(opens=False)) == Withdrawn()
    assert list(folder.folder.iterdir()) == []


def test_a_spool_folder_that_cannot_be_made_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    folder = SpoolFolder.at("bench-1", root=tmp_path / "file", ending="zpl")
    assert isinstance(folder.deliver(LABEL, name="a", begin=Door()), NotTaken)
    assert folder.probe().condition == "offline"


@pytest.mark.parametrize(
    ("status_code", "outcome"),
    [
        (0x040A, Rejected("error-document-format-not-supported")),
        (0x0403, NotTaken("error-not-authorized")),
        (0x0507, NotTaken("error-busy")),
        (0x0500, Doubtful("error-internal", 9)),
        (0x0777, Doubtful("IPP status 1911", 9)),
    ],
)
def test_an_ipp_printer_says_what_became_of_the_document(
    status_code: int, outcome: Outcome
) -> None:
    problem = IPPError("Unexpected printer status code", {"status-code": status_code})
    assert ipp_way.ipp_refusal(problem, 9) == outcome


def test_an_ipp_printer_of_another_version_took_nothing() -> None:
    problem = IPPVersionNotSupportedError("IPP version not supported by server")
    assert ipp_way.ipp_refusal(problem, 9) == NotTaken("version-not-supported")


@pytest.mark.parametrize(
    ("code", "outcome"), [(401, NotTaken("HTTP 401")), (502, Doubtful("HTTP 502", 9))]
)
def test_after_a_server_error_nobody_knows(code: int, outcome: Outcome) -> None:
    assert (
        ipp_way.http_refusal(IPPResponseError(f"HTTP {code}", {"status-code": code}), 9) == outcome
    )
