"""A warehouse at work for whoever tries the service: made once, through the services.

One seller with 200 products in two warehouses of 300 bins, people of every role, and 60 orders
that are as far as orders are at noon: some wait for review, some for stock, some are allocated,
some lie on pick lists, some are picked, and one is half packed.  All secrets are random and shown
once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random

from fulfillment.domain.catalogue import SellerEntry
from fulfillment.domain.orders import NewLine, NewOrder, PostalAddress, ReviewRules
from fulfillment.domain.people import Permission
from fulfillment.domain.printing import LABEL
from fulfillment.domain.waving import WaveChoice
from fulfillment.replay import questions
from fulfillment.replay.catalogue import (
    OpeningStock,
    PlannedBin,
    PlannedWarehouse,
    StockPlan,
    catalogue,
)
from fulfillment.replay.house import Crew, Hired, House, Staffing, Tracking, establish
from fulfillment.replay.ordering import address_of
from fulfillment.replay.packing import Bench, Memory, open_order, scan_next
from fulfillment.replay.picking import walk_next_list
from fulfillment.replay.scanning import Luck, Tally
from fulfillment.services import allocating, people, printing, waving
from fulfillment.services.orders import intake, review
from fulfillment.services.printing import PrinterSetup

_SEED = 20_260_304
_THINGS = (
    "Mug", "Bowl", "Plate", "Vase", "Jug", "Teapot", "Candle holder", "Picture frame", "Wall clock",
    "Doormat",
)  # fmt: skip
_FINISHES = (
    "red", "blue", "white", "green", "grey", "black", "ivory", "pink", "copper", "oak", "birch",
    "slate", "amber", "lilac", "navy", "mint", "sand", "rust", "pearl", "clear",
)  # fmt: skip
_SELLER = SellerEntry(
    code="DEMO",
    name="Demo shop",
    sender=PostalAddress(
        country="GB",
        name="Demo shop",
        lines=("2 Market Street",),
        city="London",
        postcode="E16 2AA",
    ),
    review_rules=ReviewRules(most_total_minor=20_000, hold_customer_notes=True),
)
_TRACKING = Tracking(
    by_lot=frozenset({"VASE-RED", "VASE-BLUE", "VASE-WHITE"}),
    by_serial=frozenset({"WALL-CLOCK-OAK", "WALL-CLOCK-BIRCH"}),
)
_STAFFING = Staffing(totes=40, carts=4, pickers=2, packers=2)
_LOW_STOCK = 12
"""Of every tenth product this many pieces are there, and the level to order at is higher."""
_LOW_STOCK_LEVEL = 20
_COUNTRIES = ("United Kingdom", "United Kingdom", "Germany", "France", "EIRE", "Netherlands")

_RELEASED, _ALLOCATED, _CONFIRMED, _IN_REVIEW = 30, 12, 10, 8
"""Orders by how far they are; the released ones are picked in part."""


@dataclass(frozen=True)
class Made:
    """What was made, and the secrets that are shown now and never again."""

    warehouses: int
    bins: int
    products: int
    orders: int
    log_ins: tuple[LogIn, ...]
    api_token: str


@dataclass(frozen=True)
class LogIn:
    """How somebody gets in: at a page with login and password, at a station with badge and PIN."""

    login: str
    role: str
    password: str
    badge: str
    pin: str


def make_if_empty() -> Made | None:
    """Make the demonstration in the current, migrated database; None if somebody works there."""
    if questions.warehouse_count():
        return None
    plan = _plan()
    names = dict(_goods())
    house = establish(
        _SELLER,
        plan,
        catalogue(names),
        tracking=_TRACKING,
        today=datetime.now(UTC).date(),
        staffing=_STAFFING,
        low_stock=dict.fromkeys(_low(list(names)), _LOW_STOCK_LEVEL),
    )
    for crew in house.crews:
        _label_printer(house, crew)
    orders = _orders(house)
    return Made(
        warehouses=len(plan.warehouses),
        bins=sum(len(planned.bins) for planned in plan.warehouses),
        products=len(names),
        orders=orders,
        log_ins=tuple(
            _with_badge(house, number, one) for number, one in enumerate(house.hired, start=1)
        ),
        api_token=_token(house),
    )


def words(made: Made) -> str:
    """What is said at the first start: what there is, and every log-in."""
    return "\n".join(_lines(made))


def _lines(made: Made) -> Iterator[str]:
    yield (
        f"Made a demonstration: {made.warehouses} warehouses with {made.bins} bins, "
        f"{made.products} products, {made.orders} open orders."
    )
    yield "Log-ins, shown only now (the first log-in asks for a new password):"
    yield f"  {'login':<16}{'password':<22}{'badge':<10}{'PIN':<10}role"
    for one in made.log_ins:
        yield f"  {one.login:<16}{one.password:<22}{one.badge:<10}{one.pin:<10}{one.role}"
    yield "Labels are printed as PDF files into the folder spool/ of the instance directory."
    yield f"API token, shown only now: {made.api_token}"


# --- goods and shelves ---------------------------------------------------------------------------


def _goods() -> Iterator[tuple[str, str]]:
    """(SKU, name) of 200 products."""
    for thing, finish in product(_THINGS, _FINISHES):
        yield f"{thing}-{finish}".upper().replace(" ", "-"), f"{thing}, {finish}"


def _low(skus: Sequence[str]) -> list[str]:
    return list(skus[::10])


def _plan() -> StockPlan:
    skus = [sku for sku, _name in _goods()]
    north = _warehouse("W1", "North warehouse", aisles=3)
    south = _warehouse("W2", "South warehouse", aisles=2)
    low = set(_low(skus))
    # The first 120 products lie in the north, the last 100 in the south: 20 in both.
    opening = [
        OpeningStock(planned.code, place.code, sku, _LOW_STOCK if sku in low else 60)
        for planned, stocked in ((north, skus[:120]), (south, skus[100:]))
        for place, sku in zip(planned.bins, stocked, strict=False)
    ]
    return StockPlan((north, south), tuple(opening))


def _warehouse(code: str, name: str, *, aisles: int) -> PlannedWarehouse:
    """Shelves of 20 bays (odd ones left, even ones right) and 3 levels along each aisle."""
    return PlannedWarehouse(
        code,
        name,
        tuple(
            PlannedBin(
                code=f"{code}-A-{aisle:02d}-{bay:02d}-{level}",
                warehouse=code,
                zone="A",
                aisle=aisle,
                bay=bay,
                level=level,
                x_m=round((aisle - 1) * 3.2, 2),
                y_m=2.5 + (bay - 1) // 2,
                z_m=round((level - 1) * 0.6, 2),
            )
            for aisle, bay, level in product(range(1, aisles + 1), range(1, 21), range(1, 4))
        ),
    )


def _label_printer(house: House, crew: Crew) -> None:
    """Labels of every bench come out as files in a folder: nobody has a label printer at hand."""
    printer = printing.create_printer(
        house.office,
        warehouse_id=crew.warehouse_id,
        code=f"{crew.code}-LABELS",
        setup=PrinterSetup(
            name="Labels into a folder", kind="spool", address=f"labels-{crew.code.lower()}"
        ),
    )
    for station_id in sorted({one.station_id for one in crew.packers if one.station_id}):
        printing.set_station_printer(
            house.office, station_id=station_id, document_kind=LABEL, printer_id=printer.id
        )


# --- orders --------------------------------------------------------------------------------------


def _orders(house: House) -> int:
    """Take in 60 orders and bring each to its stage; how many there are."""
    chance = Random(_SEED)
    skus = sorted(house.goods)
    numbers = iter(range(1, 1_000))
    released = [_order(chance, skus, next(numbers)) for _ in range(_RELEASED)]
    _take_and_confirm(house, released)
    allocating.allocate_orders(house.office)
    for crew in house.crews:
        waving.release_all(crew.supervisor, WaveChoice(crew.warehouse_id))
    _pick_and_pack_some(house)
    _take_and_confirm(house, [_order(chance, skus, next(numbers)) for _ in range(_ALLOCATED)])
    allocating.allocate_orders(house.office)
    _take_and_confirm(house, [_order(chance, skus, next(numbers)) for _ in range(_CONFIRMED)])
    _take_for_review(house, [_order(chance, skus, next(numbers)) for _ in range(_IN_REVIEW)])
    return _RELEASED + _ALLOCATED + _CONFIRMED + _IN_REVIEW


def _order(chance: Random, skus: Sequence[str], number: int) -> NewOrder:
    lines = chance.sample(skus, k=chance.choice((1, 1, 2, 2, 3, 4)))
    return NewOrder(
        seller=_SELLER.code,
        channel="shop",
        reference=f"D{number:04d}",
        placed_at=datetime.now(UTC) - timedelta(minutes=10 * (100 - number)),
        address=address_of(str(number), chance.choice(_COUNTRIES)),
        currency="GBP",
        lines=tuple(
            NewLine(sku, chance.choice((1, 1, 1, 2, 3)), chance.randrange(250, 2_500))
            for sku in lines
        ),
        customer=f"customer-{number}",
        priority=10 if number % 9 == 0 else 0,
    )


def _take_and_confirm(house: House, orders: Sequence[NewOrder]) -> None:
    for taken in intake.take_orders(house.office, orders):
        if taken.state == "review":
            review.confirm_order(house.office, taken.order_id)


def _take_for_review(house: House, orders: Sequence[NewOrder]) -> None:
    """Orders that a person has to look at: an address, a note, a payment, a doubt, an amount."""
    address, note, *others = orders
    incomplete = PostalAddress(country="GB", name=address.address.name, lines=("1 Market Street",))
    strange = [
        _changed(address, address=incomplete),
        _changed(note, note="Please leave it with the neighbours."),
        *(_changed(one, lines=(*one.lines, NewLine("TEAPOT-COPPER", 10, 2_500))) for one in others),
    ]
    taken = intake.take_orders(house.office, strange)
    for one, (kind, reason) in zip(
        taken[2:4],
        (("payment", "the transfer has not arrived"), ("fraud", "three cards were tried")),
        strict=True,
    ):
        review.place_hold(house.office, one.order_id, hold_type=kind, reason=reason)


def _changed(order: NewOrder, **values: object) -> NewOrder:
    return NewOrder(**{**vars(order), **values})


def _pick_and_pack_some(house: House) -> None:
    """Walk one list in the first warehouse, and open one of its orders at a bench."""
    crew = house.crews[0]
    tally = Tally()
    luck = Luck(_SEED, tally, thorough=False, slip_share=0.0)
    walk_next_list(house, crew, luck, tally, turn=0, started=lambda _shipment: False)
    ready = questions.ready_to_pack(crew.warehouse_id)
    bench = _bench(house, crew, luck, tally, ready)
    if open_order(bench):
        scan_next(bench)


def _bench(
    house: House, crew: Crew, luck: Luck, tally: Tally, ready: Sequence[questions.Waiting]
) -> Bench:
    """The first packer with the order of the most pieces in front of them."""
    chosen = max(ready, key=lambda one: one.pieces)
    return Bench(
        house=house,
        crew=crew,
        luck=luck,
        tally=tally,
        memory=Memory(),
        packer=crew.packers[0],
        other=crew.packers[1],
        shipment=chosen,
        others=(),
    )


# --- secrets -------------------------------------------------------------------------------------


def _with_badge(house: House, number: int, one: Hired) -> LogIn:
    badge = people.give_badge(house.office, one.actor.user_id, badge=f"B{number:04d}")
    return LogIn(one.actor.name, str(one.role), one.first_password, badge.badge, badge.first_pin)


def _token(house: House) -> str:
    scopes = (
        Permission.SEE_ORDERS,
        Permission.ENTER_ORDERS,
        Permission.SEE_STOCK,
        Permission.SEE_CATALOGUE,
    )
    made = people.create_token(
        house.office, name="demonstration", user_id=house.office.user_id, scopes=scopes
    )
    return made.secret
