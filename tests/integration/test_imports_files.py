"""Files go in whole or not at all, and the same file twice changes nothing."""

from __future__ import annotations

import io
from datetime import date, datetime

import openpyxl
import pytest
from sqlalchemy import func, select

from fulfillment.domain.errors import EncodingNeeded, NotPermitted
from fulfillment.domain.imports import RowFault
from fulfillment.services.importing.files import (
    ImportReport,
    check_file,
    import_file,
    import_report,
    list_imports,
)
from fulfillment.store.catalog import Location, Product, ProductBarcode
from fulfillment.store.inbound import ImportFault, ImportRun
from fulfillment.store.orders import Address, Order, OrderLine
from fulfillment.store.stock import Lot, SerialUnit, StockMove
from tests.support.digest import contents
from tests.support.world import World, fetch


def send(world: World, kind: str, text: str | bytes, **values: str) -> ImportReport:
    content = text.encode() if isinstance(text, str) else text
    return import_file(
        world.people["admin"], kind, content, file_name=f"{kind}.csv", seller="SHOP", **values
    )


def a_workbook(*rows: tuple[object, ...]) -> bytes:
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


PRODUCTS = (
    "sku,name,weight_grams,tracking,has_expiry,tags\n"
    "A,Apple,120,none,no,\n"
    "B,Berry jam,430,lot,yes,glass;food\n"
)
ORDERS = (
    "reference,placed_at,currency,country,name,address1,city,postcode,sku,quantity,unit_price_minor\n"
    "R1,2026-03-04T09:00:00Z,GBP,GB,A Customer,10 High Street,London,E16 2AA,A,2,250\n"
    "R1,,,,,,,,B,1,500\n"
    "R2,2026-03-04T09:05:00Z,GBP,GB,B Customer,11 High Street,London,E16 2AA,A,1,250\n"
)


def test_products_are_created_then_changed_by_sku(world: World) -> None:
    first = send(world, "products", PRODUCTS)
    assert (first.accepted, first.rows) == (True, 2)
    assert first.counts == {"created": 2, "updated": 0, "unchanged": 0, "skipped": 0}
    assert send(world, "products", PRODUCTS).counts["unchanged"] == 2
    changed = send(world, "products", "sku,weight_grams\nA,125.0\nB,430\n")
    assert (changed.counts["updated"], changed.counts["unchanged"]) == (1, 1)
    rows = fetch(select(Product.sku, Product.name, Product.weight_grams, Product.tags))
    assert sorted(tuple(row) for row in rows) == [
        ("A", "Apple", 125, []),
        ("B", "Berry jam", 430, ["glass", "food"]),
    ]


def test_barcodes_are_normalized_and_name_one_product(world: World) -> None:
    world.product("A", barcode="A-1")
    world.product("B", barcode="B-1")
    text = "sku,code,kind,quantity\nA,036000291452,each,1\nA,10036000291459,case,12\n"
    assert send(world, "barcodes", text).counts["created"] == 2
    codes = fetch(select(ProductBarcode.code).where(ProductBarcode.quantity == 12))
    assert [row.code for row in codes] == ["10036000291459"]
    clash = send(world, "barcodes", "sku,code\nB,0036000291452\nB,A-1\nB,A\nB,QCUNDOQ\n")
    assert [(fault.row, fault.column, fault.code) for fault in clash.faults][:3] == [
        (2, "code", "barcode-taken"),
        (3, "code", "barcode-taken"),
        (4, "code", "barcode-taken"),
    ]


def test_bins_get_their_coordinates(world: World) -> None:
    text = (
        "warehouse,code,zone,aisle,x_metres,y_metres\nW1,W1-B-01,B,2,3.5,0\nW1,W1-A-01-1-1,,,,9\n"
    )
    assert send(world, "bins", text).counts == {
        "created": 1,
        "updated": 1,
        "unchanged": 0,
        "skipped": 0,
    }
    columns = (Location.kind, Location.zone, Location.aisle, Location.x_metres, Location.y_metres)
    rows = fetch(select(*columns).where(Location.code.in_(["W1-B-01", "W1-A-01-1-1"])))
    assert sorted(tuple(row) for row in rows) == [
        ("bin", "A", 1, 0.0, 9.0),
        ("bin", "B", 2, 3.5, 0.0),
    ]


def test_orders_come_in_once(world: World) -> None:
    world.product("A")
    world.product("B")
    first = send(world, "orders", ORDERS)
    assert first.counts == {"created": 2, "updated": 0, "unchanged": 0, "skipped": 0}
    again = send(world, "orders", ORDERS)
    assert (again.counts["created"], again.counts["skipped"]) == (0, 2)
    assert fetch(select(func.count()).select_from(Order))[0][0] == 2
    assert fetch(select(func.count()).select_from(OrderLine))[0][0] == 3


def test_a_known_order_with_other_content_is_a_row_error_and_nothing_goes_in(
    world: World,
) -> None:
    world.product("A")
    world.product("B")
    send(world, "orders", ORDERS)
    before = contents()
    heading, *rows = ORDERS.splitlines()
    new = rows[2].replace("R2", "R3")
    changed = rows[2].replace(",A,1,", ",A,7,")
    report = send(world, "orders", "\n".join([heading, new, changed]))
    assert [(fault.row, fault.column, fault.code) for fault in report.faults] == [
        (3, "reference", "duplicate-reference")
    ]
    assert contents() == before


def test_faults_of_an_order_stand_at_their_rows(world: World) -> None:
    world.product("A")
    heading, *rows = ORDERS.splitlines()
    bad_sku = rows[1]
    bad_currency = rows[2].replace("GBP", "QQQ").replace(",GB,", ",ZZ,")
    report = send(world, "orders", "\n".join([heading, rows[0], bad_sku, bad_currency]))
    assert [(fault.row, fault.column, fault.code) for fault in report.faults] == [
        (3, "sku", "unknown-sku"),
        (4, "currency", "unknown-currency"),
        (4, "country", "unknown-country"),
    ]


def test_stock_rows_are_receipts_and_the_same_file_twice_changes_nothing(world: World) -> None:
    world.product("A")
    world.product("L", tracking="lot", has_expiry=True)
    world.product("S", tracking="serial")
    text = (
        "sku,bin,quantity,lot,expires_on,serial\n"
        "A,W1-A-01-1-1,5,,,\n"
        "L,W1-A-02-1-1,3,L1,2027-01-31,\n"
        "S,W2-A-01-1-1,1,,,SN1\n"
        "A,W1-A-01-1-1,2.0,,,\n"
    )
    first = send(world, "stock", text, document="DN-1")
    assert first.counts == {"created": 4, "updated": 0, "unchanged": 0, "skipped": 0}
    assert world.balance("W1-A-01-1-1", "A") == (7, 0, 0)
    assert world.available("W1", "L") == 3
    assert [tuple(row) for row in fetch(select(Lot.code, Lot.expires_on))] == [
        ("L1", date(2027, 1, 31))
    ]
    assert [row.serial for row in fetch(select(SerialUnit.serial))] == ["SN1"]
    moves = fetch(select(StockMove.reason, StockMove.reference_id))
    assert {tuple(row) for row in moves} == {("receipt", first.run_id)}
    before = contents()
    again = send(world, "stock", text, document="DN-1")
    assert (again.accepted, again.counts["skipped"]) == (True, 4)
    assert contents() == before
    changed = send(world, "stock", text.replace(",5,", ",6,"), document="DN-1")
    assert [(fault.row, fault.code) for fault in changed.faults] == [(2, "changed-row")]
    assert contents() == before
    longer = text + "A,W1-A-03-1-1,1,,,\n"
    assert send(world, "stock", longer, document="DN-1").counts["created"] == 1
    assert send(world, "stock", text.replace("SN1", "SN2"), document="DN-2").accepted


def test_every_bad_row_is_reported_and_the_refused_file_recorded(world: World) -> None:
    text = "sku,name,weight_grams,tracking\nA,,x,no\n,B,1e3,lot\nC,C,5,lot\nC,C,5,lot\n"
    before = contents()
    report = send(world, "products", text)
    assert not report.accepted
    assert report.faults == (
        RowFault(2, "weight_grams", "not-a-whole-number", "x"),
        RowFault(2, "tracking", "not-one-of", "none, lot, serial"),
        RowFault(3, "sku", "required"),
        RowFault(3, "weight_grams", "not-a-whole-number", "1e3"),
        RowFault(5, "sku", "repeated-key", "C"),
    )
    assert contents() == before
    (run,) = fetch(select(ImportRun.accepted, ImportRun.rows, ImportRun.counts))
    assert tuple(run) == (False, 4, {"faults": 5})
    assert report.run_id is not None
    assert import_report(world.people["admin"], report.run_id) == report


def test_a_thousand_faults_are_shown_and_all_of_them_counted(world: World) -> None:
    text = "sku,name\n" + ",nameless\n" * 1_500
    report = send(world, "products", text)
    assert (len(report.faults), report.fault_count) == (1_000, 1_500)
    assert fetch(select(func.count()).select_from(ImportFault))[0][0] == 1_000


def test_checking_a_file_changes_and_records_nothing(world: World) -> None:
    before = contents(leaving_out=())
    report = check_file(
        world.people["admin"], "products", PRODUCTS.encode(), file_name="p.csv", seller="SHOP"
    )
    assert (report.accepted, report.counts["created"], report.run_id) == (True, 2, None)
    assert contents(leaving_out=()) == before


def test_earlier_files_are_listed_newest_first(world: World) -> None:
    ids = [send(world, "products", PRODUCTS).run_id for _ in range(3)]
    page = list_imports(world.people["admin"], "SHOP", limit=2)
    assert [row["id"] for row in page.rows] == ids[:0:-1]
    rest = list_imports(world.people["admin"], "SHOP", before=page.next_after)
    assert [row["id"] for row in rest.rows] == ids[:1]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", None),
        ("cp950", "big5"),
        ("gb18030", "gb18030"),
        ("utf-16", None),
    ],
)
def test_chinese_names_arrive_in_every_encoding(
    world: World, encoding: str, said: str | None
) -> None:
    content = "sku,name\nA,蘋果汁\n".encode(encoding)
    values = {"encoding": said} if said else {}
    assert send(world, "products", content, **values).accepted
    assert [row.name for row in fetch(select(Product.name))] == ["蘋果汁"]


def test_an_encoding_is_asked_for_and_never_guessed(world: World) -> None:
    before = contents(leaving_out=())
    with pytest.raises(EncodingNeeded) as question:
        send(world, "products", "sku,name\nA,蘋果\n".encode("cp950"))
    previews = {preview.encoding: preview.lines for preview in question.value.previews}
    assert previews["big5"] == ("A,蘋果",)
    assert previews["gb18030"] != previews["big5"]
    assert "utf-8" not in previews
    assert contents(leaving_out=()) == before


def test_a_workbook_says_the_same_as_a_csv_file(world: World) -> None:
    world.product("A")
    world.product("L", tracking="lot", has_expiry=True)
    content = a_workbook(
        ("SKU", "Bin ", "Quantity", "Lot", "Expires_on", None),
        ("A", "W1-A-01-1-1", 6.0, None, None),
        (None, None, None),
        ("L", "W1-A-02-1-1", 2, "L1", datetime(2027, 1, 31)),  # noqa: DTZ001  # Excel has no zones
    )
    report = send(world, "stock", content, document="X1")
    assert (report.accepted, report.encoding, report.rows) == (True, "xlsx", 2)
    assert world.balance("W1-A-01-1-1", "A") == (6, 0, 0)


def test_semicolons_and_tabs_separate_as_well(world: World) -> None:
    assert send(world, "products", "sku;name\nA;Apple, red\n").accepted
    assert send(world, "products", "sku\tname\nB\tBerry\n").accepted
    rows = fetch(select(Product.name).order_by(Product.sku))
    assert [row.name for row in rows] == ["Apple, red", "Berry"]


def test_a_note_may_have_lines_and_the_rows_are_still_counted_by_record(world: World) -> None:
    world.product("A")
    text = (
        "reference,placed_at,currency,country,name,address1,city,postcode,note,sku,quantity\n"
        'R1,2026-03-04,GBP,GB,N,1 Road,London,E16 2AA,"two\nlines",A,1\n'
        "R2,2026-03-04,GBP,GB,N,1 Road,London,E16 2AA,,X,1\n"
    )
    report = send(world, "orders", text)
    assert [(fault.row, fault.column) for fault in report.faults] == [(3, "sku")]
    assert send(world, "orders", text.replace(",X,", ",A,")).accepted
    assert sorted(row.note for row in fetch(select(Order.note))) == ["", "two\nlines"]
    assert fetch(select(Address.city).distinct()) == [("London",)]


def test_who_may_not_change_stock_imports_none(world: World) -> None:
    with pytest.raises(NotPermitted):
        import_file(
            world.people["picker1"],
            "stock",
            b"sku,bin,quantity\nA,W1-A-01-1-1,1\n",
            file_name="s.csv",
            seller="SHOP",
            document="D",
        )


def test_a_supervisor_receives_into_their_own_warehouse_only(world: World) -> None:
    world.product("A")
    report = import_file(
        world.people["supervisor1"],
        "stock",
        b"sku,bin,quantity\nA,W1-A-01-1-1,1\nA,W2-A-01-1-1,1\n",
        file_name="s.csv",
        seller="SHOP",
        document="D",
    )
    assert [(fault.row, fault.code) for fault in report.faults] == [(3, "unknown-bin")]
