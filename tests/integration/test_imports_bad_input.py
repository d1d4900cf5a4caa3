"""Bad input of any kind is answered with what is wrong and where, and changes nothing.

Each class of input is a table of cases; after every case all tables but the record of refused
files are compared, row by row, with what they held before.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest

from fulfillment.channels import files
from fulfillment.domain.barcodes import Command, Own, own_code, sscc
from fulfillment.domain.catalogue import BarcodeEntry
from fulfillment.domain.errors import (
    DomainError,
    EncodingNeeded,
    FileUnreadable,
    Invalid,
    InvalidInput,
    UnknownThing,
)
from fulfillment.domain.orders import NewLine, NewOrder
from fulfillment.services.catalogue.products import put_barcodes
from fulfillment.services.importing.files import import_file
from fulfillment.services.orders.intake import take_order, take_orders
from tests.support.digest import contents
from tests.support.orders import ADDRESS, an_order
from tests.support.world import World

# --- orders ------------------------------------------------------------------------------

Bend = Callable[[NewOrder], NewOrder]


def bent(**values: Any) -> Bend:
    return lambda order: replace(order, **values)


def address(**values: Any) -> Bend:
    return lambda order: replace(order, address=replace(order.address, **values))


def line(**values: Any) -> Bend:
    return lambda order: replace(order, lines=(replace(order.lines[0], **values),))


BAD_ORDERS: dict[str, tuple[Bend, str, str]] = {
    "no lines": (bent(lines=()), "lines", "no-lines"),
    "lines that are no list": (bent(lines=None), "lines", "not-a-list"),
    "lines that are no lines": (bent(lines=("A",)), "lines", "not-a-list"),
    "more lines than an order has": (
        bent(lines=(NewLine("A", 1),) * 1_001), "lines", "too-many"),
    "nothing of it": (line(quantity=0), "lines[0].quantity", "out-of-range"),
    "less than nothing": (line(quantity=-3), "lines[0].quantity", "out-of-range"),
    "more than a column holds": (line(quantity=10**30), "lines[0].quantity", "out-of-range"),
    "half a piece": (line(quantity=0.5), "lines[0].quantity", "not-an-integer"),
    "a quantity in words": (line(quantity="3"), "lines[0].quantity", "not-an-integer"),
    "a quantity that is true": (line(quantity=True), "lines[0].quantity", "not-an-integer"),
    "no quantity": (line(quantity=None), "lines[0].quantity", "not-an-integer"),
    "a price below zero": (
        line(unit_price_minor=-1), "lines[0].unit_price_minor", "out-of-range"),
    "a price that is not a number": (
        line(unit_price_minor=float("nan")), "lines[0].unit_price_minor", "not-an-integer"),
    "a total beyond counting": (
        line(quantity=10**6, unit_price_minor=10**12), "lines", "total-too-large"),
    "an unknown SKU": (line(sku="NONE"), "lines[0].sku", "unknown-sku"),
    "a SKU of blanks": (line(sku="   "), "lines[0].sku", "required"),
    "a SKU that is a number": (line(sku=17), "lines[0].sku", "not-a-text"),
    "a SKU with NUL": (line(sku="A\x00"), "lines[0].sku", "control-characters"),
    "a SKU that asks for more": (line(sku="A' OR '1'='1"), "lines[0].sku", "unknown-sku"),
    "an endless SKU": (line(sku="A" * 5_000), "lines[0].sku", "too-long"),
    "no reference": (bent(reference=""), "reference", "required"),
    "an endless reference": (bent(reference="R" * 121), "reference", "too-long"),
    "a reference in blanks": (bent(reference=" R "), "reference", "surrounding-blanks"),
    "the reference of a split": (bent(reference="R~2"), "reference", "reserved-suffix"),
    "a reference with a line break": (bent(reference="R\n1"), "reference", "control-characters"),
    "no channel": (bent(channel=""), "channel", "required"),
    "a channel that is none": (bent(channel=None), "channel", "not-a-text"),
    "a country of one letter": (address(country="G"), "address.country", "unknown-country"),
    "a country in small letters": (address(country="gb"), "address.country", "unknown-country"),
    "a country that is a list": (address(country=["GB"]), "address.country", "unknown-country"),
    "no address": (bent(address=None), "address", "required"),
    "a street that is a text": (address(lines="Road"), "address.lines", "not-a-list"),
    "seven street lines": (address(lines=("x",) * 7), "address.lines", "too-many"),
    "half a character": (address(city="\ud800"), "address.city", "control-characters"),
    "an endless name": (address(name="n" * 201), "address.name", "too-long"),
    "an unknown currency": (bent(currency="QQQ"), "currency", "unknown-currency"),
    "a currency in small letters": (bent(currency="gbp"), "currency", "unknown-currency"),
    "no currency": (bent(currency=None), "currency", "unknown-currency"),
    "a moment without a zone": (
        bent(placed_at=datetime(2026, 1, 1)), "placed_at", "no-time-zone"),  # noqa: DTZ001  # meant
    "a moment before shops": (
        bent(placed_at=datetime(1, 1, 1, tzinfo=UTC)), "placed_at", "out-of-range"),
    "a moment in words": (bent(placed_at="yesterday"), "placed_at", "not-a-moment"),
    "a priority beyond the scale": (bent(priority=10**6), "priority", "out-of-range"),
    "a note with an escape": (bent(note="\x1b[2J"), "note", "control-characters"),
    "an endless note": (bent(note="n" * 4_001), "note", "too-long"),
    "tags that are a text": (bent(tags="vip"), "tags", "not-a-list"),
    "a tag that is none": (bent(tags=(None,)), "tags[0]", "not-a-text"),
    "a maybe": (bent(ship_complete="maybe"), "ship_complete", "not-a-yes-or-no"),
    "an unknown service": (
        bent(requested_service="LOCAL/NOW"), "requested_service", "unknown-service"),
}  # fmt: skip


def test_no_bad_order_changes_anything(world: World) -> None:
    world.product("A")
    admin = world.people["admin"]
    before = contents()
    for name, (bend, where, code) in BAD_ORDERS.items():
        order = bend(an_order(("A", 1)))
        with pytest.raises(InvalidInput) as refusal:
            take_order(admin, order)
        found = {(fault.where, fault.code) for fault in refusal.value.faults}
        assert found == {(where, code)}, name
        with pytest.raises(InvalidInput):
            take_orders(admin, [an_order(("A", 1)), order])
        assert contents() == before, name
    with pytest.raises(UnknownThing):
        take_order(admin, an_order(("A", 1), seller="NOBODY"))
    assert contents() == before


# --- barcodes ----------------------------------------------------------------------------

BAD_BARCODES: dict[str, tuple[BarcodeEntry, str]] = {
    "a command": (BarcodeEntry("A", own_code(Own.COMMAND, Command.UNDO)), "own-code"),
    "a bin": (BarcodeEntry("A", own_code(Own.LOCATION, "W1-A-01-1-1")), "own-code"),
    "a bin in small letters": (
        BarcodeEntry("A", own_code(Own.LOCATION, "W1-A-01-1-1").lower()), "own-code"),
    "a parcel": (BarcodeEntry("A", sscc("1234567", 1)), "sscc"),
    "a lot in it": (BarcodeEntry("A", "]C1010950600013435210LOT1"), "carries-lot-or-serial"),
    "empty": (BarcodeEntry("A", " "), "required"),
    "too long": (BarcodeEntry("A", "9" * 129), "too-long"),
    "NUL": (BarcodeEntry("A", "12\x0034"), "control-characters"),
    "letters that no scanner sends": (BarcodeEntry("A", "條碼"), "control-characters"),
    "somebody else's": (BarcodeEntry("A", "B-CODE"), "barcode-taken"),
    "somebody else's SKU": (BarcodeEntry("A", "B"), "barcode-taken"),
    "of no product": (BarcodeEntry("NONE", "N-1"), "unknown-sku"),
    "of nothing": (BarcodeEntry("A", "A-0", "case", 0), "out-of-range"),
    "one piece of two": (BarcodeEntry("A", "A-2", "each", 2), "each-is-one"),
    "a kind of its own": (BarcodeEntry("A", "A-3", "pallet", 2), "not-one-of"),
    "a quantity in words": (BarcodeEntry("A", "A-4", "case", "12"), "not-an-integer"),  # type: ignore[arg-type]  # meant
}  # fmt: skip


def test_no_bad_barcode_changes_anything(world: World) -> None:
    world.product("A")
    world.product("B", barcode="B-CODE")
    before = contents()
    good = BarcodeEntry("A", "GOOD-1")
    for name, (entry, code) in BAD_BARCODES.items():
        with pytest.raises(InvalidInput) as refusal:
            put_barcodes(world.people["admin"], "SHOP", [good, entry])
        assert [fault.code for fault in refusal.value.faults] == [code], name
        assert refusal.value.faults[0].where.startswith("barcodes[1]."), name
        assert contents() == before, name


# --- CSV ---------------------------------------------------------------------------------

PRODUCTS, STOCK, ORDERS = (
    "sku,name,weight_grams\n",
    "sku,bin,quantity,lot,expires_on,serial\n",
    ("reference,placed_at,currency,country,sku,quantity\n"),
)

BAD_CSV: dict[str, tuple[str, str | bytes, int, str, str]] = {
    "a heading alone": ("products", PRODUCTS, 1, "", "no-rows"),
    "an unknown column": ("products", "sku,nmae\nX,Y\n", 1, "nmae", "unknown-column"),
    "a column twice": ("products", "sku,name,SKU\nX,Y,Z\n", 1, "sku", "repeated-column"),
    "a column missing": ("products", "name\nX\n", 1, "sku", "missing-column"),
    "a cell too few": ("products", PRODUCTS + "X,Y\n", 2, "", "too-few-cells"),
    "a cell too many": ("products", PRODUCTS + "X,Y,1,2\n", 2, "", "too-many-cells"),
    "NUL": ("products", PRODUCTS + "X,Y\x00Z,1\n", 2, "name", "control-characters"),
    "a line break in a name": (
        "products", PRODUCTS + '"X","Y\nZ",1\n', 2, "name", "control-characters"),
    "a quote that never ends": ("products", PRODUCTS + 'X,"Y,1\n', 2, "", "malformed-row"),
    "text after a quote": ("products", PRODUCTS + 'X,"Y"Z,1\n', 2, "", "malformed-row"),
    "a cell beyond all": (
        "products", PRODUCTS + "X," + "y" * 40_000 + ",1\n", 2, "", "cell-too-long"),
    "a cell beyond the reader": (
        "products", PRODUCTS + "X," + "y" * 140_000 + ",1\n", 2, "", "malformed-row"),
    "a name too long": ("products", PRODUCTS + f"X,{'y' * 201},1\n", 2, "name", "too-long"),
    "science": ("products", PRODUCTS + "X,Y,1e3\n", 2, "weight_grams", "not-a-whole-number"),
    "thousands": ("products", PRODUCTS + 'X,Y,"1,000"\n', 2, "weight_grams", "not-a-whole-number"),
    "other digits": (
        "products", PRODUCTS + "X,Y,١٢\n", 2, "weight_grams", "not-a-whole-number"),
    "half a gram": ("products", PRODUCTS + "X,Y,0.5\n", 2, "weight_grams", "not-a-whole-number"),
    "a weight of nothing": ("products", PRODUCTS + "X,Y,0\n", 2, "weight_grams", "out-of-range"),
    "a product without a name": ("products", PRODUCTS + "X,,1\n", 2, "name", "required"),
    "a SKU twice": ("products", PRODUCTS + "X,Y,1\nX,Y,1\n", 3, "sku", "repeated-key"),
    "an expiry without lots": (
        "products", "sku,name,has_expiry\nX,Y,yes\n", 2, "has_expiry", "needs-lots"),
    "a change of tracking under stock": (
        "products", "sku,tracking\nA,lot\n", 2, "tracking", "has-stock"),
    "a picture of a script": (
        "products", "sku,name,picture_url\nX,Y,javascript:alert(1)\n", 2, "picture_url",
        "not-a-web-address"),
    "a bin that no barcode can say": (
        "bins", "warehouse,code\nW1,w1_a\n", 2, "code", "not-a-code"),
    "a bin of no warehouse": ("bins", "warehouse,code\nW9,B-1\n", 2, "warehouse",
        "unknown-warehouse"),
    "a bin of another warehouse": (
        "bins", "warehouse,code\nW1,W2-A-01-1-1\n", 2, "code", "taken-elsewhere"),
    "a tote that would be a bin": ("bins", "warehouse,code\nW1,W1T1\n", 2, "kind", "never-changes"),
    "an end of the ledger": ("bins", "warehouse,code\nW1,SUPPLIER\n", 2, "code", "taken-elsewhere"),
    "a bin on the moon": (
        "bins", "warehouse,code,x_metres\nW1,M-1,384400000\n", 2, "x_metres", "out-of-range"),
    "a bin nowhere": ("bins", "warehouse,code,x_metres\nW1,M-1,nan\n", 2, "x_metres",
        "not-a-number"),
    "a bin closed over its stock": (
        "bins", "warehouse,code,active\nW1,W1-A-01-1-1,no\n", 2, "active", "has-stock"),
    "stock below zero": ("stock", STOCK + "A,W1-A-01-1-1,-5,,,\n", 2, "quantity", "out-of-range"),
    "stock of nothing known": ("stock", STOCK + "NONE,W1-A-01-1-1,5,,,\n", 2, "sku", "unknown-sku"),
    "stock in no bin": ("stock", STOCK + "A,NOWHERE,5,,,\n", 2, "bin", "unknown-bin"),
    "stock in a tote": ("stock", STOCK + "A,W1T1,5,,,\n", 2, "bin", "no-place-to-receive"),
    "stock of a kit": ("stock", STOCK + "KIT,W1-A-01-1-1,5,,,\n", 2, "sku", "kit-has-no-stock"),
    "a lot of what has none": ("stock", STOCK + "A,W1-A-01-1-1,5,L1,,\n", 2, "lot", "not-tracked"),
    "no lot where one must be": (
        "stock", STOCK + "L,W1-A-01-1-1,5,,2027-01-01,\n", 2, "lot", "required"),
    "no last day": ("stock", STOCK + "L,W1-A-01-1-1,5,L1,,\n", 2, "expires_on", "required"),
    "a last day that is over": (
        "stock", STOCK + "L,W1-A-01-1-1,5,L1,1999-01-01,\n", 2, "expires_on", "expired"),
    "two last days of one lot": (
        "stock", STOCK + "L,W1-A-01-1-1,5,L1,2199-01-01,\nL,W1-A-01-1-1,5,L1,2199-02-01,\n", 3,
        "expires_on", "lot-has-another"),
    "a day that is none": (
        "stock", STOCK + "L,W1-A-01-1-1,5,L1,2027-02-30,\n", 2, "expires_on", "not-a-day"),
    "a day the other way round": (
        "stock", STOCK + "L,W1-A-01-1-1,5,L1,31/01/2027,\n", 2, "expires_on", "not-a-day"),
    "two pieces of one serial": (
        "stock", STOCK + "S,W1-A-01-1-1,2,,,SN1\n", 2, "quantity", "serial-is-one"),
    "no serial": ("stock", STOCK + "S,W1-A-01-1-1,1,,,\n", 2, "serial", "required"),
    "a serial twice": (
        "stock", STOCK + "S,W1-A-01-1-1,1,,,SN1\nS,W1-A-02-1-1,1,,,SN1\n", 3, "serial",
        "repeated-key"),
    "a serial that is here": (
        "stock", STOCK + "S,W1-A-01-1-1,1,,,HERE\n", 2, "serial", "serial-is-here"),
    "two heads of one order": (
        "orders", ORDERS + "R,2026-01-01,GBP,GB,A,1\nR,2026-01-02,,,A,1\n", 3, "placed_at",
        "differs-from-first-row"),
    "an order without a head": ("orders", ORDERS + "R,2026-01-01,,GB,A,1\n", 2, "currency",
        "required"),
    "a moment that is none": (
        "orders", ORDERS + "R,noon,GBP,GB,A,1\n", 2, "placed_at", "not-a-moment"),
    "one bad order of two": (
        "orders", ORDERS + "R,2026-01-01,GBP,GB,A,1\nQ,2026-01-01,GBP,GB,NONE,1\n", 3, "sku",
        "unknown-sku"),
}  # fmt: skip


def stocked(world: World) -> None:
    world.product("A")
    world.product("L", tracking="lot", has_expiry=True)
    world.product("S", tracking="serial")
    world.kit("KIT", {"A": 1})
    world.stock("A", 1)
    world.stock("S", 1, serials=("HERE",))


def test_no_bad_csv_changes_anything(world: World) -> None:
    stocked(world)
    before = contents()
    for name, (kind, text, row, column, code) in BAD_CSV.items():
        content = text if isinstance(text, bytes) else text.encode()
        report = import_file(
            world.people["admin"],
            kind,
            content,
            file_name="bad.csv",
            seller="SHOP",
            encoding="utf-8",
            document="D1",
        )
        assert not report.accepted, name
        first = report.faults[0]
        assert (first.row, first.column, first.code) == (row, column, code), name
        assert contents() == before, name


UNREADABLE: dict[str, tuple[bytes, str | None, str]] = {
    "nothing": (b"", None, "empty"),
    "an empty line": (b"\n", None, "no-heading"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None, "not-csv-or-xlsx"),
    "a PDF": (b"%PDF-1.7", None, "not-csv-or-xlsx"),
    "a packed file": (b"\x1f\x8b\x08", None, "not-csv-or-xlsx"),
    "an encoding nobody knows": (b"sku\nA\n", "klingon", "unknown-encoding"),
    "not what was said": ("sku,name\nA,蘋果\n".encode("cp950"), "utf-8", "not-utf-8"),
    "UTF-32": ("sku\nA\n".encode("utf-32"), None, "utf-32"),
    "a broken mark": (b"\xff\xfes\x00k", None, "not-utf-16"),
    "more columns than a sheet of ours": (b"," * 70 + b"x\n", None, "too-many-columns"),
}


def test_no_unreadable_file_changes_anything(world: World) -> None:
    before = contents(leaving_out=())
    for name, (content, encoding, reason) in UNREADABLE.items():
        with pytest.raises(Invalid) as refusal:
            import_file(
                world.people["admin"],
                "products",
                content,
                file_name="bad.csv",
                seller="SHOP",
                encoding=encoding,
            )
        assert isinstance(refusal.value, FileUnreadable), name
        assert refusal.value.reason.startswith(reason), name
        assert contents(leaving_out=()) == before, name


def test_too_many_rows_are_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_ROWS", 10)
    with pytest.raises(FileUnreadable, match="too-many-rows"):
        list(files.read_table(b"sku,name\n" + b"A,B\n" * 11).rows)
    assert len(list(files.read_table(b"sku,name\n" + b"A,B\n" * 10).rows)) == 10


@pytest.mark.parametrize("encoding", ["cp950", "gb18030", "utf-8", "utf-16-le", "latin-1"])
def test_what_is_not_ascii_and_says_nothing_is_asked_about(world: World, encoding: str) -> None:
    text = "sku,name\nA,Crème\n" if encoding == "latin-1" else "sku,name\nA,蘋果\n"
    before = contents(leaving_out=())
    with pytest.raises(EncodingNeeded):
        import_file(
            world.people["admin"],
            "products",
            text.encode(encoding),
            file_name="p.csv",
            seller="SHOP",
        )
    assert contents(leaving_out=()) == before


# --- XLSX --------------------------------------------------------------------------------


def a_workbook(*rows: tuple[Any, ...]) -> bytes:
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.worksheets[0].append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def repacked(content: bytes, **parts: bytes | None) -> bytes:
    """The archive with parts replaced, added or (None) left out; names with / and . as __ and _."""
    stream = io.BytesIO()
    bent_parts = {name.replace("__", "/").replace("_", "."): part for name, part in parts.items()}
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.namelist():
            if entry not in bent_parts:
                new.writestr(entry, old.read(entry))
        for name, part in bent_parts.items():
            if part is not None:
                new.writestr(name, part)
    return stream.getvalue()


GOOD = a_workbook(("sku", "name", "weight_grams"), ("X", "Y", 5))
SHEET = "xl__worksheets__sheet1_xml"
DTD = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>'
WIDE = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="XFD1" t="inlineStr"><is><t>x</t>'
    b"</is></c></row></sheetData></worksheet>"
)
FAR = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b'<row r="1"><c r="A1" t="inlineStr"><is><t>sku</t></is></c></row>'
    b'<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    b"</sheetData></worksheet>"
)


def many_parts() -> bytes:
    return repacked(GOOD, **{f"part{number}": b"x" for number in range(120)})


def emptied() -> bytes:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        names = [name.replace(".", "_").replace("/", "__") for name in archive.namelist()]
    return repacked(GOOD, **dict.fromkeys(names), readme=b"nothing here")


def lying_about_its_size() -> bytes:
    """The sizes in the directory say 1 byte for what unpacks to much more."""
    content = bytearray(repacked(GOOD, bomb=b"\x00" * 5_000_000))
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 1)
    return bytes(content)


BAD_ARCHIVES: dict[str, bytes] = {
    "a torn archive": GOOD[: len(GOOD) // 2],
    "an archive of nothing": emptied(),
    "too many parts": many_parts(),
    "a bomb": repacked(GOOD, bomb=b"\x00" * 60_000_000),
    "a small bomb": repacked(GOOD, bomb=b"\x00" * 5_000_000),
    "a lying bomb": lying_about_its_size(),
    "a document type": repacked(GOOD, **{SHEET: DTD}),
    "a document type in UTF-16": repacked(GOOD, **{SHEET: DTD.decode().encode("utf-16")}),
    "no sheet": repacked(GOOD, **{SHEET: None}),
    "a sheet that is no XML": repacked(GOOD, **{SHEET: b"<worksheet><row"}),
    "a workbook that is no XML": repacked(GOOD, xl__workbook_xml=b"\x00\x01\x02"),
    "nothing in the first row but its end": repacked(GOOD, **{SHEET: WIDE}),
    "a row at the end of the world": repacked(GOOD, **{SHEET: FAR}),
    "a sheet without rows": a_workbook(),
}  # fmt: skip

BAD_SHEETS: dict[str, tuple[tuple[Any, ...], str, str]] = {
    "a formula": (("X", "Y", "=1+1"), "weight_grams", "formula"),
    "a formula that calls out": (("X", '=WEBSERVICE("http://x")', 1), "name", "formula"),
    "an error": (("X", "Y", "#N/A"), "weight_grams", "error-cell"),
    "a number beyond its digits": ((12345678901234567, "Y", 1), "sku", "number-not-exact"),
    "half a gram": (("X", "Y", 0.5), "weight_grams", "not-a-whole-number"),
    "a truth": (("X", "Y", True), "weight_grams", "not-a-whole-number"),
    "a cell beyond the heading": (("X", "Y", 1, "Z"), "", "too-many-cells"),
    "a day for a weight": (
        ("X", "Y", datetime(2026, 1, 1)), "weight_grams", "not-a-whole-number"),  # noqa: DTZ001  # Excel has no zones
    "no SKU": ((None, "Y", 1), "sku", "required"),
}  # fmt: skip


def test_no_bad_workbook_changes_anything(world: World) -> None:
    before = contents(leaving_out=())
    for name, content in BAD_ARCHIVES.items():
        with pytest.raises(FileUnreadable):
            send_workbook(world, content)
        assert contents(leaving_out=()) == before, name
    before_rows = contents()
    for name, (row, column, code) in BAD_SHEETS.items():
        content = a_workbook(("sku", "name", "weight_grams"), ("OK", "fine", 1), row)
        report = send_workbook(world, content)
        assert not report["accepted"], name
        first = report["faults"][0]
        assert (first.row, first.column, first.code) == (3, column, code), name
        assert contents() == before_rows, name


def send_workbook(world: World, content: bytes) -> Mapping[str, Any]:
    return vars(
        import_file(world.people["admin"], "products", content, file_name="p.xlsx", seller="SHOP")
    )


def test_the_good_workbook_that_the_bad_ones_are_made_of_is_accepted(world: World) -> None:
    assert send_workbook(world, GOOD)["accepted"]


def test_the_tables_hold_more_than_sixty_cases() -> None:
    tables = (BAD_ORDERS, BAD_BARCODES, BAD_CSV, UNREADABLE, BAD_ARCHIVES, BAD_SHEETS)
    assert sum(map(len, tables)) >= 60


def test_a_file_of_an_unknown_kind_or_without_its_document_is_refused(world: World) -> None:
    for kind, document in (("customers", "D"), ("stock", None), ("stock", "x" * 65)):
        with pytest.raises(DomainError) as refusal:
            import_file(
                world.people["admin"],
                kind,
                b"sku\nA\n",
                file_name="f.csv",
                seller="SHOP",
                document=document,
            )
        assert refusal.value.code == "invalid-input"


def test_an_address_that_is_only_incomplete_is_no_bad_input(world: World) -> None:
    world.product("A")
    taken = take_order(
        world.people["admin"], an_order(("A", 1), address=replace(ADDRESS, city="", lines=()))
    )
    assert taken.waits_because == ("hold:address",)
