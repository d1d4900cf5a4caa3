"""Two warehouses, built through the services: goods, shelves, benches, vans and people.

What a plan of :mod:`fulfillment.replay.catalogue` says is made as an administrator would make it;
opening stock comes in as an import file.  Some products are tracked by lot (with a last day) and
some by serial number: invoices know neither, and a warehouse does.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import count

from fulfillment.domain.catalogue import (
    BarcodeEntry,
    CartonEntry,
    CutOffEntry,
    LocationEntry,
    ProductEntry,
    RegionPriorityEntry,
    SellerEntry,
    ServiceEntry,
    ServiceRuleEntry,
    WarehouseEntry,
)
from fulfillment.domain.orders import PostalAddress
from fulfillment.domain.people import Actor, Grant, Role, system
from fulfillment.domain.values import QUARANTINE, TOTE
from fulfillment.replay.catalogue import (
    OpeningStock,
    PlannedBin,
    PlannedWarehouse,
    RetailProduct,
    StockPlan,
)
from fulfillment.services import people, walls
from fulfillment.services.catalogue import listing, places, products, terms
from fulfillment.services.importing import files
from fulfillment.services.people import RoleWish
from fulfillment.services.walls import WallEntry
from fulfillment.store.batches import batches

SERVICE = "LOCAL/STD"
EXPRESS = "LOCAL/EXPRESS"
POST = "POST/SMALL"
CARRIERS = ("LOCAL", "POST")
"""Whose vans come: the second one once :func:`engage_post` was called."""
CARTONS = (
    CartonEntry("S", "Small box", 220, 160, 100, 60),
    CartonEntry("M", "Medium box", 400, 300, 200, 180),
    CartonEntry("L", "Large box", 600, 400, 400, 450),
    CartonEntry("XL", "Pallet box", 700, 500, 500, 900),
)
_RULES = (ServiceRuleEntry(EXPRESS, country="GB", most_grams=2_000), ServiceRuleEntry(SERVICE))
_POST_GRAMS = 800
_POST_COUNTRIES = ("IE", "DE", "FR")
_EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
_ROWS_OF_A_FILE = 20_000
_LOTS = 4
_FIRST_LOT_DAYS = 60
_LOT_DAYS_APART = 45


@dataclass(frozen=True, slots=True)
class Goods:
    """What somebody who holds a piece can see: its barcodes, the largest pack first."""

    sku: str
    weight_grams: int
    volume_mm3: int
    packs: tuple[tuple[int, str], ...]
    """(pieces, GTIN)"""
    tracking: str = "none"

    def code(self, most: int, *, lot: str = "", serial: str = "") -> tuple[str, int]:
        """The largest barcode of at most *most* pieces, and its pieces; GS1 with lot or serial."""
        pieces, gtin = next(pack for pack in self.packs if pack[0] <= (1 if serial else most))
        if serial:
            return f"01{gtin.zfill(14)}21{serial}", pieces
        return (f"01{gtin.zfill(14)}10{lot}" if lot else gtin), pieces

    @property
    def piece(self) -> str:
        """The GTIN of a single piece."""
        return self.packs[-1][1]


@dataclass(frozen=True)
class Hired:
    """Somebody with an account: who they are, and the password that is shown once."""

    actor: Actor
    role: Role
    first_password: str


@dataclass(frozen=True)
class Wall:
    """A put wall."""

    id: int
    code: str
    slots: int


@dataclass(frozen=True)
class Crew:
    """The people and the fixed things of one warehouse."""

    warehouse_id: int
    code: str
    pickers: tuple[Actor, ...]
    packers: tuple[Actor, ...]
    """Each at a station: ``station_id``."""
    supervisor: Actor
    totes: tuple[str, ...]
    bins: tuple[str, ...]
    walls: tuple[Wall, ...] = ()
    """The one that is sorted at first."""


@dataclass(frozen=True)
class House:
    """Everything that is there before the first order."""

    seller: str
    seller_id: int
    office: Actor
    """An administrator, for what concerns every warehouse."""
    crews: tuple[Crew, ...]
    goods: Mapping[str, Goods]
    """By SKU."""
    hired: tuple[Hired, ...]
    """Everybody, the administrator first."""


@dataclass(frozen=True)
class Tracking:
    """Which SKUs are tracked by lot and which by serial number."""

    by_lot: frozenset[str] = frozenset()
    by_serial: frozenset[str] = frozenset()

    def of(self, sku: str) -> str:
        """``none``, ``lot`` or ``serial``."""
        return "lot" if sku in self.by_lot else "serial" if sku in self.by_serial else "none"


@dataclass(frozen=True)
class Staffing:
    """How many totes, carts and people each warehouse has; of each put wall how many slots."""

    totes: int = 400
    carts: int = 4
    pickers: int = 2
    packers: int = 2
    wall_slots: tuple[int, ...] = ()


POLICIES: Mapping[str, Mapping[str, object]] = {
    "W1": {},
    "W2": {"pick_confirmation": "piece", "bench_short": "ship-rest"},
}
"""The warehouses differ in policy, so that both ways of each rule are walked."""


def establish(
    seller: SellerEntry,
    plan: StockPlan,
    goods: Iterable[RetailProduct],
    *,
    tracking: Tracking,
    today: date,
    staffing: Staffing | None = None,
    low_stock: Mapping[str, int] | None = None,
) -> House:
    """Make *seller*, the warehouses of *plan*, the *goods* and their opening stock.

    *low_stock* are levels by SKU.  *today* dates the lots.
    """
    office = system()
    staffing = staffing or Staffing()
    terms.put_seller(office, seller)
    for planned in plan.warehouses:
        _warehouse(office, planned, staffing)
    _carriage(office, seller.code, [planned.code for planned in plan.warehouses])
    known = _goods(office, seller.code, goods, tracking, low_stock or {})
    _receive(office, seller.code, plan.opening, tracking, today)
    (seller_id,) = (
        row["id"] for row in listing.list_sellers(office).rows if row["code"] == seller.code
    )
    administrator = _hire(office, "administrator", Role.ADMINISTRATOR)
    hired = [administrator]
    crews = tuple(_crew(office, planned, staffing, hired) for planned in plan.warehouses)
    return House(seller.code, seller_id, administrator.actor, crews, known, tuple(hired))


# --- places ----------------------------------------------------------------------------------


def _warehouse(office: Actor, planned: PlannedWarehouse, staffing: Staffing) -> None:
    address = PostalAddress(
        name=planned.name, lines=("1 Dock Road",), city="London", postcode="E16 2AA", country="GB"
    )
    places.put_warehouse(
        office,
        WarehouseEntry(planned.code, planned.name, "Europe/London", address, layout_of(planned)),
    )
    others = [
        *(LocationEntry(code, TOTE) for code in _tote_codes(planned.code, staffing.totes)),
        *(
            LocationEntry(f"{planned.code}-CART{number}", "cart")
            for number in range(1, staffing.carts + 1)
        ),
        LocationEntry(f"{planned.code}-STAGE", "staging"),
        LocationEntry(f"{planned.code}-QUAR", QUARANTINE),
    ]
    for batch in batches([*map(_bin, planned.bins), *others], _ROWS_OF_A_FILE):
        places.put_locations(office, planned.code, batch)
    places.put_cartons(office, planned.code, CARTONS)


def _bin(planned: PlannedBin) -> LocationEntry:
    return LocationEntry(
        planned.code,
        zone=planned.zone,
        aisle=planned.aisle - 1,  # the layout counts from 0
        x_metres=planned.x_m,
        y_metres=planned.y_m,
    )


def layout_of(planned: PlannedWarehouse) -> dict[str, object]:
    """Parallel aisles between a cross-aisle at the front and one at the back."""
    aisle_x = sorted({place.x_m for place in planned.bins})
    deepest = max(place.y_m for place in planned.bins)
    return {"aisle_x": aisle_x, "cross_y": [0.0, deepest + 1.5], "depot": [0, 0]}


def _tote_codes(warehouse: str, totes: int) -> list[str]:
    return [f"{warehouse}-T{number:03d}" for number in range(1, totes + 1)]


def _carriage(office: Actor, seller: str, warehouses: Sequence[str]) -> None:
    terms.put_service(office, ServiceEntry("LOCAL", "STD", "Local standard"))
    express = ServiceEntry(
        "LOCAL", "EXPRESS", "Local express", first_number=100_000_000, last_number=199_999_999
    )
    terms.put_service(office, express)
    terms.put_service_rules(office, _RULES)
    for warehouse in warehouses:
        terms.put_cut_offs(office, warehouse, SERVICE, [CutOffEntry(time(17, 0), _EVERY_DAY)])
        terms.put_cut_offs(
            office,
            warehouse,
            EXPRESS,
            [CutOffEntry(time(12, 0), _EVERY_DAY), CutOffEntry(time(19, 30), _EVERY_DAY)],
        )
    ranks = [RegionPriorityEntry(code, rank) for rank, code in enumerate(warehouses, start=1)]
    terms.put_region_priorities(office, seller, ranks)


def engage_post(house: House) -> None:
    """A second carrier takes what is light or goes to a neighbour, with a van of its own."""
    small = ServiceEntry("POST", "SMALL", "Post", first_number=200_000_000, last_number=299_999_999)
    terms.put_service(house.office, small)
    rules = [
        ServiceRuleEntry(POST, most_grams=_POST_GRAMS),
        *(ServiceRuleEntry(POST, country=country) for country in _POST_COUNTRIES),
        *_RULES,
    ]
    terms.put_service_rules(house.office, rules)
    for crew in house.crews:
        leaves = [CutOffEntry(time(16, 0), _EVERY_DAY)]
        terms.put_cut_offs(house.office, crew.code, POST, leaves)


def _walls(office: Actor, warehouse: str, slots: Iterable[int]) -> tuple[Wall, ...]:
    made = [
        walls.put_wall(office, warehouse, WallEntry(f"{warehouse}-P{number}", "Put wall", many))
        for number, many in enumerate(slots, start=1)
    ]
    return tuple(Wall(one.id, one.code, one.slots) for one in made)


# --- goods -----------------------------------------------------------------------------------


def _goods(
    office: Actor,
    seller: str,
    retail: Iterable[RetailProduct],
    tracking: Tracking,
    low_stock: Mapping[str, int],
) -> dict[str, Goods]:
    known: dict[str, Goods] = {}
    entries: list[ProductEntry] = []
    barcodes: list[BarcodeEntry] = []
    for product in retail:
        tracked = tracking.of(product.sku)
        entries.append(_product(product, tracked, low_stock.get(product.sku)))
        barcodes += [
            BarcodeEntry(product.sku, pack.gtin, pack.pack.value, pack.quantity)
            for pack in product.barcodes
        ]
        known[product.sku] = Goods(
            sku=product.sku,
            weight_grams=product.weight_grams,
            volume_mm3=product.length_mm * product.width_mm * product.height_mm,
            packs=tuple(
                sorted(((pack.quantity, pack.gtin) for pack in product.barcodes), reverse=True)
            ),
            tracking=tracked,
        )
    products.put_products(office, seller, entries)
    products.put_barcodes(office, seller, barcodes)
    return known


def _product(product: RetailProduct, tracking: str, low_stock: int | None) -> ProductEntry:
    return ProductEntry(
        sku=product.sku,
        name=product.name,
        weight_grams=product.weight_grams,
        length_mm=product.length_mm,
        width_mm=product.width_mm,
        height_mm=product.height_mm,
        tracking=tracking,
        has_expiry=tracking == "lot",
        low_stock_level=low_stock,
        lead_time_days=14 if low_stock is not None else None,
    )


def _receive(
    office: Actor, seller: str, opening: Sequence[OpeningStock], tracking: Tracking, today: date
) -> None:
    """Opening stock as import files: one receipt document each."""
    rows = _receipts(opening, tracking, today)
    for number, batch in enumerate(batches(list(rows), _ROWS_OF_A_FILE), start=1):
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(("sku", "bin", "quantity", "lot", "expires_on", "serial"))
        writer.writerows(batch)
        report = files.import_file(
            office,
            "stock",
            text.getvalue().encode(),
            file_name=f"opening-{number}.csv",
            seller=seller,
            encoding="utf-8",
            document=f"OPENING-{number}",
        )
        if not report.accepted:
            raise AssertionError(f"the opening stock was refused: {report.faults[:3]}")


_Receipt = tuple[str, str, int, str, str, str]


def _receipts(
    opening: Iterable[OpeningStock], tracking: Tracking, today: date
) -> Iterator[_Receipt]:
    serials = count(1)
    for stock in opening:
        tracked = tracking.of(stock.sku)
        if tracked == "serial":
            for _ in range(stock.quantity):
                yield stock.sku, stock.bin, 1, "", "", f"SN{next(serials):07d}"
        elif tracked == "lot":
            yield from _lots(stock, today)
        else:
            yield stock.sku, stock.bin, stock.quantity, "", "", ""


def _lots(stock: OpeningStock, today: date) -> Iterator[_Receipt]:
    """The bin's units in a few lots, the first to expire the smallest."""
    left = stock.quantity
    for number in range(1, _LOTS + 1):
        units = left if number == _LOTS else min(left, max(1, stock.quantity * number // 10))
        left -= units
        last_day = today + timedelta(days=_FIRST_LOT_DAYS + number * _LOT_DAYS_APART)
        if units:
            yield stock.sku, stock.bin, units, f"LOT{number}", last_day.isoformat(), ""


# --- people ------------------------------------------------------------------------------------


def _crew(office: Actor, planned: PlannedWarehouse, staffing: Staffing, hired: list[Hired]) -> Crew:
    (warehouse,) = (
        row for row in listing.list_warehouses(office).rows if row["code"] == planned.code
    )
    warehouse_id = int(warehouse["id"])
    changes = POLICIES.get(planned.code, {})
    if changes:
        people.change_policy(office, warehouse_id, changes=changes, reason="the way of this house")
    suffix = planned.code.lower()

    def hire(name: str, role: Role, station_id: int | None = None) -> Actor:
        one = _hire(office, f"{name}-{suffix}", role, warehouse_id, station_id=station_id)
        hired.append(one)
        return one.actor

    return Crew(
        warehouse_id=warehouse_id,
        code=planned.code,
        pickers=tuple(
            hire(f"picker{number}", Role.PICKER) for number in range(1, staffing.pickers + 1)
        ),
        packers=tuple(
            hire(f"packer{number}", Role.PACKER, _station(office, warehouse_id, planned, number))
            for number in range(1, staffing.packers + 1)
        ),
        supervisor=hire("supervisor", Role.SUPERVISOR),
        totes=tuple(_tote_codes(planned.code, staffing.totes)),
        bins=tuple(place.code for place in planned.bins),
        walls=_walls(office, planned.code, staffing.wall_slots),
    )


def _station(office: Actor, warehouse_id: int, planned: PlannedWarehouse, number: int) -> int:
    return people.create_station(
        office,
        warehouse_id=warehouse_id,
        code=f"{planned.code}-S{number}",
        name=f"Bench {number}",
    ).id


def _hire(
    office: Actor,
    login: str,
    role: Role,
    warehouse_id: int | None = None,
    *,
    station_id: int | None = None,
) -> Hired:
    made = people.create_user(office, login=login, name=login, roles=[RoleWish(role, warehouse_id)])
    grants = (Grant.of_role(role, warehouse_id),)
    return Hired(
        Actor(made.user_id, login, grants, station_id=station_id), role, made.first_password
    )
