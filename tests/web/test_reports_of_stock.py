"""Turnover, age and dead stock: a year of moves, and the same figures out of the raw rows by hand."""

from __future__ import annotations

import csv
import html
import io
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import insert, select

from fulfillment.domain.people import Role
from fulfillment.domain.values import Place
from fulfillment.office import report_tables
from fulfillment.store.catalog import Location, Product
from fulfillment.store.orders import Address, Order, OrderLine
from fulfillment.store.stock import Move, StockBalance, StockMove, post, virtual_end
from fulfillment.store.transaction import Transaction, clock_set_to, writes
from tests.support.clocks import Clock
from tests.support.office import Office, charts, rows
from tests.support.people import People
from tests.support.world import World, fetch

pytestmark = pytest.mark.half_made

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
DAYS = "first_day=2026-01-10&last_day=2026-02-20"
BEGIN, END = datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 2, 21, tzinfo=UTC)
"""London's winter time is UTC."""
SKUS = ("A", "B", "C", "=HYPERLINK(1)")
FASTEST, SLOWEST = 4, 50
"""Days between two moves of a product."""


KINDS = {
    "receipt": 3,
    "ship": 9,
    "un-ship": 1,
    "adjust": 1,
    "count": 1,
    "walk": 2,
    "loss": 1,
    "find": 1,
}
"""What happens, and how often."""


def a_year(world: World) -> None:
    """Receipts, shipments, corrections, losses and walks of each product in both warehouses."""
    rng = random.Random(20260304)
    for rank, sku in enumerate(SKUS):
        world.product(sku, name=f"={sku}")
        for warehouse in ("W1", "W2"):
            bins = [world.place(f"{warehouse}-A-0{number}-1-1") for number in (1, 2)]
            pace = FASTEST + (SLOWEST - FASTEST) * rank // len(SKUS)
            store_moves(world.products[sku], list(history(rng, bins, pace)))


Step = tuple[datetime, int, Place, Place, str]
"""When, how many, from where, to where, why."""


def history(rng: random.Random, bins: list[Place], pace: int) -> Iterator[Step]:
    """Nothing goes that is not there, and nothing comes back that did not go."""
    supplier, customer, adjustment, missing = (
        virtual_end(kind) for kind in ("supplier", "customer", "adjustment", "missing")
    )
    there = {place.id: 0 for place in (*bins, customer, missing)}
    at = NOW - timedelta(days=360 - rng.randrange(20))
    while at < NOW - timedelta(days=1):
        one, other = rng.sample(bins, 2)
        kind = rng.choices(tuple(KINDS), tuple(KINDS.values()))[0]
        source, target, reason = {
            "receipt": (supplier, one, "receipt"),
            "ship": (one, customer, "ship"),
            "un-ship": (customer, one, "un-ship"),
            "adjust": (adjustment, one, "adjust"),
            "count": (adjustment, one, "count"),
            "walk": (one, other, "move"),
            "loss": (one, missing, "short"),
            "find": (missing, one, "count"),
        }[kind]
        quantity = min(rng.randrange(1, 30), there.get(source.id, 30))
        if quantity:
            yield at, quantity, source, target, reason
            for place, sign in ((source, -1), (target, 1)):
                if place.id in there:
                    there[place.id] += sign * quantity
        at += timedelta(days=rng.random() * 2 * pace)


@writes
def store_moves(tx: Transaction, product_id: int, steps: list[Step]) -> None:
    """Post them, each at its moment."""
    for number, (at, quantity, source, target, reason) in enumerate(steps):
        move = Move(
            product_id=product_id,
            quantity=quantity,
            source=source,
            target=target,
            reason=reason,
            reference=("test", number),
            key=f"history:{product_id}:{steps[0][0]}:{number}",
        )
        post(Transaction(tx.connection, at), actor_id=1, moves=[move])


@dataclass(frozen=True)
class RawMove:
    """A row of the ledger."""

    at: datetime
    product_id: int
    quantity: int
    from_id: int
    to_id: int
    reason: str

    @property
    def ends(self) -> tuple[int, int]:
        return self.from_id, self.to_id


def raw_moves() -> list[RawMove]:
    """All rows of the ledger, in their order."""
    columns = (
        StockMove.at,
        StockMove.product_id,
        StockMove.quantity,
        StockMove.from_id,
        StockMove.to_id,
        StockMove.reason,
    )
    return [RawMove(*row) for row in fetch(select(*columns).order_by(StockMove.at, StockMove.id))]


class Ledger:
    """The raw rows of a warehouse and product, to be counted with."""

    def __init__(self) -> None:
        self.house = {
            row.id: row.code[:2] if row.warehouse_id else None
            for row in fetch(select(Location.id, Location.code, Location.warehouse_id))
        }
        self.sku = {row.id: row.sku for row in fetch(select(Product.id, Product.sku))}
        self.moves: dict[tuple[str, str], list[tuple[RawMove, int]]] = defaultdict(list)
        for row in raw_moves():
            came, went = self.house[row.to_id], self.house[row.from_id]
            for house in {came, went} - {None}:
                sign = (came == house) - (went == house)
                self.moves[str(house), self.sku[row.product_id]].append((row, sign * row.quantity))
        self.on_hand: dict[tuple[str, str], int] = defaultdict(int)
        balances = select(StockBalance.location_id, StockBalance.product_id, StockBalance.on_hand)
        for balance in fetch(balances):
            key = str(self.house[balance.location_id]), self.sku[balance.product_id]
            self.on_hand[key] += balance.on_hand


@pytest.fixture
def people(app: Flask, world: World) -> Any:
    """Everybody, after a year of moves."""
    with clock_set_to(Clock(NOW)):
        a_year(world)
        yield People(app, world)


def sheet(people: People, path: str, at: int = 0, who: str = "admin") -> list[dict[str, Any]]:
    """The rows of a sheet of a report."""
    found: list[dict[str, Any]] = people.call(who, "GET", f"/reports/{path}")["sheets"][at]["rows"]
    return found


def by_key(rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    found = {(row["warehouse"], row["sku"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_turnover_is_what_was_shipped_by_the_mean_of_what_was_there(people: People) -> None:
    ledger = Ledger()
    found = by_key(sheet(people, f"turnover/sheets?{DAYS}"))
    for key, moves in ledger.moves.items():
        stock, piece_seconds, since, shipped = 0, 0.0, BEGIN, 0
        for move, units in moves:
            if BEGIN <= move.at < END:
                piece_seconds += stock * (move.at - since).total_seconds()
                since = move.at
                shipped -= units if move.reason in ("ship", "un-ship") else 0
            if move.at < END:
                stock += units
        piece_seconds += stock * (END - since).total_seconds()
        mean = piece_seconds / (END - BEGIN).total_seconds()
        if not (mean or shipped or ledger.on_hand[key]):
            assert key not in found
            continue
        row = found.pop(key)
        assert row["shipped"] == shipped, key
        assert row["mean_on_hand"] == pytest.approx(mean, abs=0.051), key
        assert row["on_hand"] == ledger.on_hand[key] == sum(units for _, units in moves)
        if mean > 1:
            assert row["turns"] == pytest.approx(shipped / mean, abs=0.001)
            assert row["turns_a_year"] == pytest.approx(shipped / mean * 365 / 42, abs=0.051)
        cover = ledger.on_hand[key] * 42 / shipped if shipped > 0 else None
        assert row["days_of_cover"] == (cover and pytest.approx(cover, abs=0.051))
    assert found == {}
    assert sum(row["shipped"] for row in sheet(people, f"turnover/sheets?{DAYS}")) > 50


def test_the_days_that_are_not_over_yet_are_left_out_of_the_mean(people: People) -> None:
    present = sheet(people, "turnover/sheets?first_day=2026-03-04&last_day=2026-03-31")
    for row in present:
        assert row["mean_on_hand"] == row["on_hand"]  # nothing moved on this day
    assert sheet(people, "turnover/sheets?first_day=2026-04-04&last_day=2026-04-05") == [
        {**row, "shipped": 0, "turns": 0.0, "turns_a_year": 0.0, "days_of_cover": None}
        for row in present
    ]


def test_the_age_of_the_stock_is_first_in_first_out(people: People) -> None:
    ledger = Ledger()
    found = by_key(sheet(people, "ageing/sheets"))
    assert set(found) == {key for key, units in ledger.on_hand.items() if units}
    classes = ("up_to_30_days", "up_to_60_days", "up_to_90_days", "up_to_180_days", "older")
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for key, row in found.items():
        layers, gone = [], 0
        for move, units in ledger.moves[key]:
            back = move.reason == "un-ship" or (move.reason == "count" and from_missing(move))
            if units > 0 and not back:
                layers.append([move.at, units])
            else:
                gone -= units
        while gone:
            taken = min(gone, layers[0][1])
            gone -= taken
            layers[0][1] -= taken
            if not layers[0][1]:
                layers.pop(0)
        ages = dict.fromkeys(classes, 0)
        for at, units in layers:
            days = (NOW - at).days
            ages[classes[sum(days > bound for bound in (30, 60, 90, 180))]] += units
        assert {name: row[name] for name in classes} == ages, key
        assert sum(ages.values()) == row["on_hand"] == ledger.on_hand[key]
        assert datetime.fromisoformat(row["oldest_at"]) == layers[0][0]
        for name in classes:
            totals[key[0], name] += ages[name]
    ages_of = {(row["warehouse"], row["age"]): row for row in sheet(people, "ageing/sheets", 1)}
    assert {key: row["units"] for key, row in ages_of.items()} == totals
    assert sum(row["share"] for row in ages_of.values()) == pytest.approx(200)
    assert len([row for row in totals.values() if row]) > 5


def from_missing(move: RawMove) -> bool:
    return move.from_id == virtual_end("missing").id


def test_dead_stock_lies_longer_than_so_many_days_and_was_not_shipped_in_them(
    people: People,
) -> None:
    ledger = Ledger()
    for days in (10, 45, 90):
        expected = dead(ledger, NOW - timedelta(days=days))
        found = by_key(sheet(people, f"dead-stock/sheets?idle_days={days}"))
        assert {
            key: (
                row["on_hand"],
                row["idle_units"],
                row["last_shipped_at"] and datetime.fromisoformat(row["last_shipped_at"]),
                datetime.fromisoformat(row["last_moved_at"]),
            )
            for key, row in found.items()
        } == expected
        assert days > 10 or expected


Dead = dict[tuple[str, str], tuple[int, int, datetime | None, datetime]]
"""On hand, idle units, last shipped, last moved."""


def dead(ledger: Ledger, since: datetime) -> Dead:
    """What dead stock there is, from the raw rows."""
    expected: Dead = {}
    for key, moves in ledger.moves.items():
        ships = [move.at for move, _ in moves if move.reason == "ship"]
        new = sum(
            units
            for move, units in moves
            if units > 0
            and move.at >= since
            and move.reason != "un-ship"
            and not from_missing(move)
        )
        idle = ledger.on_hand[key] - new
        if idle > 0 and not any(at >= since for at in ships):
            last = max(move.at for move, _ in moves)
            expected[key] = (ledger.on_hand[key], idle, max(ships, default=None), last)
    return expected


def test_goods_that_came_yesterday_are_not_dead(people: People, world: World) -> None:
    world.product("NEW")
    world.stock("NEW", 50)
    assert all(row["sku"] != "NEW" for row in sheet(people, "dead-stock/sheets?idle_days=1"))


def test_sales_by_region_and_customer_are_those_of_the_raw_lines(
    people: People, world: World
) -> None:
    rng = random.Random(7)
    raw: dict[str, dict[tuple[str, ...], list[int]]] = {"regions": {}, "customers": {}}
    for number in range(30):
        country, region = rng.choice((("US", "CA"), ("US", "NY"), ("GB", "Kent"), ("TW", "")))
        customer, units, price = f"buyer {rng.randrange(4)}", rng.randrange(1, 9), 250
        ordered(world, number, (country, region), customer, (units, price))
        for name, key in (("regions", (country, region)), ("customers", (customer,))):
            sums = raw[name].setdefault(key, [0, 0, 0])
            for at, value in enumerate((1, units, units * price)):
                sums[at] += value
    answer = people.call("admin", "GET", f"/reports/sales/sheets?{DAYS}")["sheets"]
    for name, keys in (("regions", ("country", "region")), ("customers", ("customer",))):
        (grouped,) = [one["rows"] for one in answer if one["name"] == name]
        assert {
            tuple(row[key] for key in keys): [row["orders"], row["units"], row["amount_minor"]]
            for row in grouped
        } == raw[name]
        units_of = [row["units"] for row in grouped]
        assert units_of == sorted(units_of, reverse=True)


@writes
def ordered(
    tx: Transaction,
    world: World,
    number: int,
    place: tuple[str, str],
    customer: str,
    line: tuple[int, int],
) -> None:
    """An order of some units at a price, placed within the days."""
    address = tx.execute(
        insert(Address).values(country=place[0], region=place[1], lines=[])
    ).inserted_primary_key
    assert address
    order = tx.execute(
        insert(Order).values(
            number=f"T{number}",
            seller_id=world.seller_id,
            channel="web",
            reference=str(number),
            content_hash="",
            state="confirmed",
            customer=customer,
            address_id=address[0],
            currency="EUR",
            total_minor=line[0] * line[1],
            ship_complete=False,
            tags=[],
            placed_at=BEGIN + timedelta(days=number),
            created_at=NOW,
        )
    ).inserted_primary_key
    assert order
    tx.execute(
        insert(OrderLine).values(
            order_id=order[0],
            line_number=1,
            product_id=world.products["A"],
            quantity=line[0],
            unit_price_minor=line[1],
        )
    )


def test_a_hostile_product_name_is_a_text_in_the_files(people: People) -> None:
    client = people.client("admin")
    for name in ("turnover", "ageing", "dead-stock"):
        path = f"/api/v1/reports/{name}"
        plain = client.get(f"{path}/csv?{DAYS}&idle_days=1").data.decode("utf-8-sig")
        lines = list(csv.DictReader(io.StringIO(plain)))
        assert lines
        assert all(line["name"].startswith("'=") for line in lines)
        assert "'=HYPERLINK(1)" in {line["sku"] for line in lines}
        book = load_workbook(io.BytesIO(client.get(f"{path}/xlsx?{DAYS}&idle_days=1").data))
        cells = [cell for row in book[name].iter_rows() for cell in row]
        assert {cell.data_type for cell in cells if str(cell.value).startswith("=")} == {"s"}


def test_whoever_sees_one_warehouse_gets_its_stock_alone(
    app: Flask, world: World, people: People
) -> None:
    for path in (f"turnover/sheets?{DAYS}", "ageing/sheets", "dead-stock/sheets?idle_days=1"):
        assert {row["warehouse"] for row in sheet(people, path, who="supervisor1_w2")} == {"W2"}
        status, _problem = people.refused("picker1", "GET", f"/reports/{path}")
        assert status == 403
    office = Office(app, world, Role.SUPERVISOR)
    foreign = world.warehouses["W2"]
    for name in ("turnover", "ageing", "dead-stock"):
        office.page(f"/reports/{name}?{DAYS}")
        office.page(f"/reports/{name}?{DAYS}&warehouse_id={foreign}", status=404)


def test_a_table_sorts_searches_and_turns_pages_and_its_file_follows(
    app: Flask, world: World, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_tables, "ROWS_OF_A_PAGE", 3)
    office = Office(app, world, Role.SUPERVISOR, None)
    start = office.page("/reports/ageing")
    assert charts(start) == ["ages"]
    link = re.search(r'<a href="([^"]*sort=-on_hand[^"]*)">On hand', start)
    assert link
    path = html.unescape(link[1])
    page = office.page(path)
    assert page.count('aria-sort="descending"') == 1
    assert "sort=on_hand&amp;" in page or "sort=on_hand#" in page, "once more turns it round"
    all_rows = sheet(people, "ageing/sheets?sort=-on_hand")
    on_hand = [row["on_hand"] for row in all_rows]
    assert on_hand == sorted(on_hand, reverse=True)
    assert len(all_rows) > 6
    shown, after = [], page
    while True:
        shown += rows(after, "Age of the stock")
        more = re.search(r'<a href="([^"]*sheet=ageing[^"]*)" rel="next"', after)
        if not more:
            break
        after = office.page(html.unescape(more[1]))
    assert [row[4] for row in shown] == [str(units) for units in on_hand]
    found = rows(office.page("/reports/ageing?text=hyperLINK"), "Age of the stock")
    assert {row[2] for row in found} == {"=HYPERLINK(1)"}
    file = re.search(r'<a href="([^"]*)" download aria-label="CSV: Age of the stock"', page)
    assert file
    lines = office.get(html.unescape(file[1])).data.decode("utf-8-sig").splitlines()
    assert [int(line.split(",")[4]) for line in lines[1:]] == on_hand
    other = office.get("/reports/ageing.csv?sheet=ages&sort=-units").text.splitlines()
    assert other[0].endswith("age,warehouse,units,share")
    for wrong in ("sort=nothing", "sheet=nothing", "page=x"):
        office.page(f"/reports/ageing?{wrong}", status=422)
    status, problem = people.refused("admin", "GET", "/reports/ageing/csv?sort=nothing")
    assert (status, problem["faults"][0]["code"]) == (422, "not-one-of")
