"""The reports that one frame draws: their figures are those of the tables, every column has a word."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import func, select, update

from fulfillment.domain.people import Role
from fulfillment.domain.reporting.days import Days
from fulfillment.domain.reporting.ranking import abc_classes, reorder_point, reorder_quantity
from fulfillment.office import words as office_words
from fulfillment.services.reports import catalogue
from fulfillment.services.reports.frame import ReportChoice
from fulfillment.store.catalog import Product
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import OrderLine
from tests.support.board_floor import Floor
from tests.support.office import Office, charts, rows
from tests.support.world import NOON, World, change, fetch

DAYS = "first_day=2026-03-04&last_day=2026-03-04"

DRAWN = {
    "dispatch": ["histogram", "percentiles", "hours", "weekdays"],
    "sales": ["sales"],
    "abc": ["abc"],
    "ageing": ["ages"],
}
"""Charts of the reports, in the order of their tables."""


def sheet(floor: Floor, name: str, at: int = 0, who: str = "supervisor1") -> list[dict[str, Any]]:
    """The rows of a sheet of a report."""
    answer = floor.people.call(who, "GET", f"/reports/{name}/sheets?{DAYS}")
    found: list[dict[str, Any]] = answer["sheets"][at]["rows"]
    return found


def test_stock_on_hand_is_reserved_promised_or_available(floor: Floor, world: World) -> None:
    (row,) = sheet(floor, "stock")
    # 5000 came in, 1 was shipped; 80 are reserved for the picker, 240 and the held 1 promised.
    assert (row["warehouse"], row["sku"], row["on_hand"]) == ("W1", "A", 4999)
    assert (row["reserved"], row["promised"]) == (82, 241)
    assert row["available"] == world.available("W1", "A")
    assert sheet(floor, "stock", who="supervisor1_w2") == []


def test_what_to_order_covers_the_lead_time_and_the_safety_stock(floor: Floor) -> None:
    assert sheet(floor, "low-stock") == []
    change(update(Product).values(lead_time_days=10, low_stock_level=6000))
    (row,) = sheet(floor, "low-stock")
    assert (row["sold"], row["reorder_point"]) == (1, 6010)
    assert row["reorder_units"] == 6010 - row["available"] + 14


def test_productivity_and_accuracy_count_the_scans(floor: Floor) -> None:
    floor.journey.scan(floor.station_id, "not a barcode of anything")
    scanned = {
        (row.process, row.accepted): row.scans
        for row in fetch(
            select(ScanEvent.process, ScanEvent.accepted, func.count().label("scans")).group_by(
                ScanEvent.process, ScanEvent.accepted
            )
        )
    }
    people = sheet(floor, "productivity")
    for process in ("pick", "pack", "dispatch"):
        those = [row for row in people if row["process"] == process]
        every = scanned.get((process, True), 0) + scanned.get((process, False), 0)
        assert sum(row["scans"] for row in those) == every
    assert sum(row["pieces"] for row in people if row["process"] == "pick") == 3
    accuracy = {(row["name"], row["process"]): row for row in sheet(floor, "accuracy")}
    assert accuracy["Packer1", "pack"]["refused"] == scanned["pack", False] == 1
    (refused,) = sheet(floor, "accuracy", at=1)
    assert (refused["process"], refused["refused"]) == ("pack", 1)
    assert sheet(floor, "productivity", who="supervisor1_w2") == []


def test_abc_ranks_products_by_their_picks(floor: Floor) -> None:
    (row,) = sheet(floor, "abc")
    assert (row["sku"], row["class"], row["picks"], row["share"]) == ("A", "A", 1, 100)


def test_sales_are_the_units_and_amounts_of_the_orders(floor: Floor) -> None:
    (totals,) = fetch(
        select(
            func.sum(OrderLine.quantity).label("units"),
            func.sum(OrderLine.quantity * OrderLine.unit_price_minor).label("amount"),
        )
    )
    for at, key in enumerate(("day", "sku", "channel", "country", "region", "customer")):
        (row,) = sheet(floor, "sales", at)
        assert key in row
        assert row["orders"] == len(floor.orders)
        assert row["units"] == int(totals.units)
        assert row["amount_minor"] == int(totals.amount)


def test_every_report_has_a_page_and_files_with_the_same_rows(
    app: Flask, world: World, floor: Floor
) -> None:
    office = Office(app, world, Role.SUPERVISOR)
    start = office.page("/reports")
    for name in catalogue.REPORTS:
        assert f'href="/reports/{name}"' in start
        page = office.page(f"/reports/{name}?{DAYS}")
        main = sheet(floor, name)
        assert charts(page) == DRAWN.get(name, []), name
        if name != "dispatch" and main:
            assert len(rows(page, str(office_words.REPORTS[name]))) == len(main)
        lines = office.get(f"/reports/{name}.csv?{DAYS}").text.splitlines()
        assert len(lines) == 1 + len(main), name
        assert office.get(f"/reports/{name}.xlsx?{DAYS}").data.startswith(b"PK")


def test_every_sheet_and_column_of_a_page_has_a_word(floor: Floor) -> None:
    choice = ReportChoice(Days(NOON.date(), NOON.date()))
    for name in catalogue.REPORTS:
        for found in catalogue.read_report(floor.people.world.people["admin"], name, choice):
            assert found.name in office_words.REPORTS
            if name != "dispatch":  # its page is its own
                for column in found.columns:
                    assert column.key in office_words.COLUMNS, (name, column.key)


def test_a_class_begins_where_its_share_does() -> None:
    assert abc_classes([80, 15, 5]) == ["A", "B", "C"]
    assert abc_classes([100]) == ["A"]
    assert abc_classes([]) == []


def test_nothing_is_ordered_above_the_reorder_point() -> None:
    point = reorder_point(sold=30, days=30, lead_time_days=10, safety_units=5)
    assert point == 15
    assert reorder_quantity(point=point, available=15, sold=30, days=30) == 0
    assert reorder_quantity(point=point, available=5, sold=30, days=30) == 10 + 14
