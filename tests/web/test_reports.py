"""Reports: the dispatch report agrees with the rows that it exports; the others with the tables."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select, update

from fulfillment.domain.people import Role
from fulfillment.domain.states import STAGES
from fulfillment.store.orders import Order, Shipment
from fulfillment.store.transaction import clock_set_to
from tests.support.office import Office, charts, rows, words
from tests.support.people import People
from tests.support.simulated_days import Crew, simulated_day
from tests.support.stored_days import Setting, express, people_of, store_day
from tests.support.world import World, change, fetch

MIDNIGHT = datetime(2026, 3, 4, tzinfo=UTC)
"""A Wednesday in London's winter time."""
DAY = "first_day=2026-03-04&last_day=2026-03-04"
CLASSES = (5, 10, 20, 30, 60, 120, 240, 480, 1440)

pytestmark = pytest.mark.half_made


@pytest.fixture
def people(app: Flask, world: World) -> People:
    """Everybody, and two days of W1 and W2 with two carriers; some of it left late."""
    services = (world.service_id, express(world))
    for number, warehouse in enumerate(("W1", "W2"), start=1):
        day = simulated_day(number, Crew(90, 1, 1))
        users = people_of(world, day, warehouse=warehouse)
        for back in (0, 1):
            setting = Setting(
                world,
                MIDNIGHT - timedelta(days=back),
                number=back,
                warehouse=warehouse,
                service_ids=services,
                users=users,
            )
            store_day(day, setting)
    return People(app, world)


def later() -> datetime:
    return MIDNIGHT + timedelta(days=3)


def exported(people: People, query: str = DAY, who: str = "admin") -> list[dict[str, str]]:
    """The raw orders of the report's CSV."""
    with clock_set_to(later):
        response = people.client(who).get(f"/api/v1/reports/dispatch/csv?{query}")
    assert response.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(response.data.decode("utf-8-sig"))))


def report(people: People, query: str = DAY, who: str = "admin") -> Any:
    with clock_set_to(later):
        return people.call(who, "GET", f"/reports/dispatch?{query}")


def seconds(row: dict[str, str], stamp: str) -> int | None:
    text = row[stamp]
    return int(datetime.fromisoformat(text).timestamp()) if text else None


def quantile(values: list[int], share: float) -> float:
    """By linear interpolation, written apart from the product's."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low, high = ordered[math.floor(at)], ordered[math.ceil(at)]
    return low + (high - low) * (at % 1)


def stage_seconds(row: dict[str, str]) -> dict[str, int]:
    """Each stage of an exported order, from its stamps alone."""
    stamps = [(stage, seconds(row, f"{stage}_at")) for stage in STAGES]
    known = [(stage, at) for stage, at in stamps if at is not None]
    times = {stage: at - known[n][1] for n, (stage, at) in enumerate(known[1:])}
    return {**times, "whole": known[-1][1] - known[0][1]}


# --- check 25 ------------------------------------------------------------------------------------


def test_25_the_dispatch_report_of_a_day_agrees_with_the_raw_orders_in_the_csv_it_exports(
    people: People,
) -> None:
    by_group: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in exported(people):
        by_group[row["warehouse"], row["carrier"]].append(row)
    found = report(people)
    assert [(one["warehouse"], one["carrier"]) for one in found["groups"]] == sorted(by_group)
    assert sorted(by_group) == [
        ("W1", "EXPRESS"), ("W1", "LOCAL"), ("W2", "EXPRESS"), ("W2", "LOCAL"),
    ]  # fmt: skip
    for group in found["groups"]:
        raw = by_group[group["warehouse"], group["carrier"]]
        agrees(group["figures"], raw)
    agrees(found["whole"], [row for those in by_group.values() for row in those])
    assert 0 < found["whole"]["on_time_percent"] < 100


def agrees(figures: Any, raw: list[dict[str, str]]) -> None:
    """Every figure, computed anew from the exported orders."""
    assert figures["orders"] == len({row["order"] for row in raw})
    assert figures["shipments"] == len(raw)
    assert figures["parcels"] == sum(int(row["parcels"]) for row in raw)
    assert figures["pieces"] == sum(int(row["pieces"]) for row in raw)
    in_time = [row["dispatched_at"] <= row["promised_cut_off_at"] for row in raw]
    assert [row["on_time"] == "yes" for row in raw] == in_time
    assert figures["on_time_percent"] == pytest.approx(100 * sum(in_time) / len(raw))
    timed: dict[str, list[int]] = defaultdict(list)
    for row in raw:
        for stage, time in stage_seconds(row).items():
            timed[stage].append(time)
    counted = {one["stage"]: one for one in figures["timings"] if one["count"]}
    assert set(counted) == set(timed)
    for stage, times in timed.items():
        one = counted[stage]
        assert one["count"] == len(times)
        assert one["median"] == pytest.approx(quantile(times, 0.5)), stage
        assert one["p90"] == pytest.approx(quantile(times, 0.9)), stage
        assert one["p95"] == pytest.approx(quantile(times, 0.95)), stage
        up_to = [sum(time <= 60 * bound for time in times) for bound in (*CLASSES, 10**9)]
        assert one["classes"] == [n - m for n, m in zip(up_to, [0, *up_to], strict=False)]


def test_25_the_page_shows_the_same_figures(app: Flask, world: World, people: People) -> None:
    found = report(people)
    with clock_set_to(later):
        office = Office(app, world, Role.SUPERVISOR, None)
        page = office.page(f"/reports/dispatch?{DAY}")
    shown = rows(page, "Dispatch times")
    assert len(shown) == 4
    counts = ("orders", "shipments", "parcels", "pieces", "promised", "on_time")
    for row, group in zip(shown, found["groups"], strict=True):
        figures = group["figures"]
        whole = figures["timings"][0]
        assert row[:2] == [group["warehouse"], group["carrier"]]
        assert row[2:8] == [str(figures[name]) for name in counts]
        assert row[8:10] == [f"{figures['on_time_percent']:.1f}%", str(figures["missing"])]
        assert [minutes(text) for text in row[10:]] == [
            pytest.approx(whole[name] / 60, abs=0.051) for name in ("median", "p90", "p95")
        ]
    assert charts(page) == ["histogram", "percentiles", "hours", "weekdays"]
    assert page.count('class="bar"') == len(CLASSES) + 1 + sum(
        3 * (one["count"] > 0) for one in found["whole"]["timings"]
    ) + sum(slot["shipments"] > 0 for slot in found["hours"] + found["weekdays"])
    late = rows(page, "Late, the latest first")
    assert len(late) == found["late_count"] > 0
    assert [row[0] for row in late] == [one["order"] for one in found["late"]]


def minutes(text: str) -> float:
    """The number in ``1,234.5 min``."""
    return float(text.removesuffix(" min").replace(",", ""))


def test_25_late_orders_show_the_stage_that_took_longest_and_who_held_them(people: People) -> None:
    raw = {row["shipment"]: row for row in exported(people)}
    found = report(people)
    late = [row for row in raw.values() if row["on_time"] == "no"]
    assert found["late_count"] == len(late)
    for one in found["late"]:
        row = raw[one["shipment"]]
        times = stage_seconds(row)
        del times["whole"]
        assert one["longest_seconds"] == max(times.values()) == times[one["longest_stage"]]
        assert (row["longest_stage"], row["longest_by"]) == (
            one["longest_stage"],
            one["longest_by"],
        )
        assert one["late_seconds"] == seconds(row, "dispatched_at") - seconds(
            row, "promised_cut_off_at"
        )


def test_25_what_should_have_left_and_is_still_here_counts_as_late(people: People) -> None:
    one = fetch(select(Shipment.id, Shipment.number).where(Shipment.dispatched_at.is_not(None)))[0]
    before = report(people)
    change(
        update(Shipment)
        .where(Shipment.id == one.id)
        .values(state="shipped", dispatched_at=None, dispatched_by_id=None)
    )
    after = report(people)
    assert after["whole"]["missing"] == 1
    assert after["whole"]["shipments"] == before["whole"]["shipments"] - 1
    assert after["whole"]["promised"] == before["whole"]["promised"]
    missing = next(late for late in after["late"] if late["shipment"] == one.number)
    assert missing["dispatched_at"] is None
    assert missing["longest_stage"] == "dispatched"
    assert missing["late_seconds"] == int(
        (later() - MIDNIGHT - timedelta(hours=17)).total_seconds()
    )


def test_25_the_period_before_the_hours_and_the_weekdays(people: People) -> None:
    found = report(people)
    yesterday = report(people, "first_day=2026-03-03&last_day=2026-03-03")
    assert found["before"] == yesterday["whole"]
    both = report(people, "first_day=2026-03-03&last_day=2026-03-04")
    assert both["whole"]["shipments"] == 2 * found["whole"]["shipments"]
    raw = exported(people)
    hours: dict[int, int] = defaultdict(int)
    for row in raw:
        hours[datetime.fromisoformat(row["dispatched_at"]).hour] += 1
    assert {one["slot"]: one["shipments"] for one in found["hours"] if one["shipments"]} == hours
    weekdays = {one["slot"]: one["shipments"] for one in both["weekdays"]}
    assert (weekdays[1], weekdays[2]) == (len(raw), len(raw))


def test_25_the_report_is_limited_to_a_carrier_and_a_channel(people: People) -> None:
    raw = exported(people)
    for query, wanted in {
        "carrier=EXPRESS": [row for row in raw if row["carrier"] == "EXPRESS"],
        "channel=web": [row for row in raw if row["channel"] == "web"],
        "carrier=LOCAL&channel=shop": [],
    }.items():
        assert exported(people, f"{DAY}&{query}") == wanted
        assert report(people, f"{DAY}&{query}")["whole"]["shipments"] == len(wanted)


def test_the_workbook_has_the_same_orders_as_the_csv(people: People) -> None:
    raw = exported(people)
    with clock_set_to(later):
        response = people.client("admin").get(f"/api/v1/reports/dispatch/xlsx?{DAY}")
    book = load_workbook(io.BytesIO(response.data), read_only=True)
    assert book.sheetnames == [
        "orders", "dispatch", "times", "times-by-carrier", "late", "hours", "weekdays",
    ]  # fmt: skip
    heading, *found = book["orders"].iter_rows(values_only=True)
    assert list(heading) == list(raw[0])
    assert [row[heading.index("shipment")] for row in found] == [row["shipment"] for row in raw]
    assert [row[heading.index("pieces")] for row in found] == [int(row["pieces"]) for row in raw]


def test_what_people_typed_is_no_formula_in_a_file(people: People) -> None:
    hostile = '=HYPERLINK("http://evil.example","x")'
    one = fetch(select(Order.id).order_by(Order.id))[0]
    change(update(Order).where(Order.id == one.id).values(channel=hostile))
    days = "first_day=2026-03-03&last_day=2026-03-04"
    channels = {row["channel"] for row in exported(people, days)}
    assert f"'{hostile}" in channels
    assert not [text for text in channels if text.startswith(("=", "+", "-", "@"))]
    with clock_set_to(later):
        response = people.client("admin").get(f"/api/v1/reports/dispatch/xlsx?{days}")
    book = load_workbook(io.BytesIO(response.data))
    cells = [cell for row in book["orders"].iter_rows() for cell in row if cell.value == hostile]
    assert [cell.data_type for cell in cells] == ["s"]


# --- who sees it ---------------------------------------------------------------------------------


def test_another_warehouse_s_figures_are_not_visible(people: People, world: World) -> None:
    assert {one["warehouse"] for one in report(people, who="supervisor1")["groups"]} == {"W1"}
    assert {row["warehouse"] for row in exported(people, who="supervisor1_w2")} == {"W2"}
    foreign = f"{DAY}&warehouse_id={world.warehouses['W2']}"
    for path in ("dispatch", "dispatch/csv", "dispatch/xlsx", "dispatch/sheets"):
        status, _problem = people.refused("supervisor1", "GET", f"/reports/{path}?{foreign}")
        assert status == 404, path


def test_a_picker_gets_no_report(app: Flask, world: World, people: People) -> None:
    for path in ("dispatch", "dispatch/csv", "dispatch/xlsx", "dispatch/sheets"):
        status, _problem = people.refused("picker1", "GET", f"/reports/{path}?{DAY}")
        assert status == 403, path
    office = Office(app, world, Role.PICKER)
    for path in ("/reports", "/reports/dispatch", "/reports/dispatch.csv"):
        office.page(path, status=403)


def test_days_that_cannot_be_are_refused_with_the_reason(
    app: Flask, world: World, people: People
) -> None:
    for days in (
        "first_day=2026-03-05&last_day=2026-03-04",
        "first_day=2024-01-01&last_day=2026-03-04",
        "first_day=yesterday&last_day=2026-03-04",
    ):
        status, _problem = people.refused("admin", "GET", f"/reports/dispatch?{days}")
        assert status == 422, days
        office_page = Office(app, world, Role.SUPERVISOR) if "yesterday" in days else None
        if office_page:
            assert "First day is not a date" in words(
                office_page.page(f"/reports/dispatch?{days}", status=422)
            )
