"""A simulated day in the database: stamps, lists, waves, parcels and scans, and nothing else.

The ledger knows nothing of it, so a test that uses it is ``half_made``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import insert

from fulfillment.domain.people import Role
from fulfillment.store.base import Base
from fulfillment.store.catalog import CarrierService, Product, ProductBarcode
from fulfillment.store.journal import ScanEvent
from fulfillment.store.orders import Address, Order, OrderLine, Shipment, ShipmentLine
from fulfillment.store.parcels import Parcel
from fulfillment.store.people import RoleGrant, User
from fulfillment.store.transaction import Transaction, writes
from fulfillment.store.work import PickList, PickListShipment, Wave
from tests.support.forecasting import state_at
from tests.support.simulated_days import PACKS, VAN, SimulatedDay, SimulatedShipment
from tests.support.world import NOON, World, insert_row

EVER = 10 * 24 * 60.0
CHANNELS = ("web", "shop")


@dataclass(frozen=True)
class Setting:
    """Where and when a day is stored; stamps later than the minute *until* did not happen yet."""

    world: World
    midnight: datetime
    number: int = 0
    warehouse: str = "W1"
    until: float = EVER
    service_ids: tuple[int, ...] = ()
    users: dict[int, int] | None = None

    def moment(self, minute: float) -> datetime | None:
        """A minute of the day, if it has come."""
        return self.midnight + timedelta(minutes=minute) if minute <= self.until else None


def people_of(world: World, day: SimulatedDay, *, warehouse: str = "W1") -> dict[int, int]:
    """User ids by the numbers of the day's people."""
    users = {}
    for number in sorted({scan.user for scan in day.scans}):
        login = f"{warehouse}-sim{number}".lower()
        user_id = insert_row(User, login=login, name=login.title(), created_at=NOON)
        insert_row(
            RoleGrant,
            user_id=user_id,
            role=Role.PICKER if number < 100 else Role.PACKER,
            warehouse_id=world.warehouses[warehouse],
            granted_at=NOON,
            granted_by_id=1,
        )
        users[number] = user_id
    return users


def express(world: World) -> int:
    """A second carrier's service; its id."""
    return insert_row(
        CarrierService, carrier="EXPRESS", code="24", name="", next_number=1, last_number=99
    )


@writes
def store_day(tx: Transaction, day: SimulatedDay, setting: Setting) -> dict[int, int]:
    """Store the day; shipment ids by the day's own numbers."""
    users = setting.users or {}
    address_id = _first_id(tx, Address, [{"lines": ["1 Test Street"], "country": "GB"}])
    came = [one for one in day.shipments if one.allocated <= setting.until]
    orders = _first_id(tx, Order, [_order(one, setting, address_id) for one in came])
    shipments = _first_id(
        tx,
        Shipment,
        [_shipment(one, setting, users, orders + at) for at, one in enumerate(came)],
    )
    ids = {one.number: shipments + at for at, one in enumerate(came)}
    _store_lines(tx, day, came, setting, orders=orders, shipments=shipments)
    _first_id(
        tx,
        Parcel,
        [
            {
                "shipment_id": ids[one.number],
                "sequence": 1,
                "sscc": f"{setting.number:04d}{setting.warehouse}{one.number:012d}",
                "state": "dispatched" if one.dispatched <= setting.until else "closed",
            }
            for one in came
            if one.shipped <= setting.until
        ],
    )
    _store_lists(tx, came, setting, users, ids)
    _store_scans(tx, day, setting, users, ids)
    return ids


def _first_id(tx: Transaction, model: type[Base], rows: list[dict[str, Any]]) -> int:
    """Insert *rows*; ids count up from the one returned."""
    if not rows:
        return 0
    first = tx.execute(insert(model).values(rows[0]).returning(model.__table__.c.id)).scalar_one()
    if rows[1:]:
        tx.execute(insert(model), rows[1:])
    return int(first)


def _order(one: SimulatedShipment, setting: Setting, address_id: int) -> dict[str, Any]:
    at = setting.moment(one.allocated)
    return {
        "number": f"D{setting.number}{setting.warehouse}-{one.number}",
        "seller_id": setting.world.seller_id,
        "channel": CHANNELS[one.number % 2],
        "reference": f"D{setting.number}{setting.warehouse}-{one.number}",
        "content_hash": "",
        "state": "allocated",
        "address_id": address_id,
        "currency": "GBP",
        "total_minor": 1000,
        "ship_complete": False,
        "tags": [],
        "placed_at": at,
        "created_at": at,
        "confirmed_at": at,
        "confirmed_by_id": 1,
    }


def _shipment(
    one: SimulatedShipment, setting: Setting, users: dict[int, int], order_id: int
) -> dict[str, Any]:
    services = setting.service_ids or (setting.world.service_id,)
    van = setting.midnight + timedelta(minutes=VAN)
    stamps = {
        "confirmed_at": one.allocated,
        "allocated_at": one.allocated + 1 / 60,
        "released_at": one.released,
        "pick_started_at": one.pick_started,
        "picked_at": one.picked,
        "pack_started_at": one.pack_started,
        "packed_at": one.shipped - 0.2,
        "labelled_at": one.shipped - 0.1,
        "shipped_at": one.shipped,
        "dispatched_at": one.dispatched,
    }
    packer = next(iter(users.values()), 1)
    return {
        "number": f"D{setting.number}{setting.warehouse}-{one.number}-1",
        "order_id": order_id,
        "warehouse_id": setting.world.warehouses[setting.warehouse],
        "state": "dispatched" if one.dispatched <= setting.until else state_at(one, setting.until),
        "service_id": services[one.number % len(services)],
        "cut_off_at": van,
        "promised_cut_off_at": van,
        "why": {},
        "pieces": one.pieces,
        **{name: setting.moment(minute) for name, minute in stamps.items()},
        "packed_by_id": packer if one.shipped <= setting.until else None,
    }


def _store_lines(
    tx: Transaction,
    day: SimulatedDay,
    came: list[SimulatedShipment],
    setting: Setting,
    *,
    orders: int,
    shipments: int,
) -> None:
    picked: Counter[int] = Counter()
    packed: Counter[int] = Counter()
    for scan in day.scans:
        if scan.minute <= setting.until:
            (picked if scan.process == "pick" else packed)[scan.shipment] += scan.pieces
    product = {
        "seller_id": setting.world.seller_id,
        "sku": f"D{setting.number}{setting.warehouse}",
        "name": "",
        "weight_grams": 100,
        "tags": [],
    }
    product_id = _first_id(tx, Product, [product])
    barcodes = [
        {
            "seller_id": setting.world.seller_id,
            "product_id": product_id,
            "code": f"{product['sku']}x{pack}",
            "kind": "each" if pack == 1 else "case",
            "quantity": pack,
        }
        for pack in PACKS
    ]
    _first_id(tx, ProductBarcode, barcodes)
    lines = [
        {
            "order_id": orders + at,
            "line_number": number,
            "product_id": product_id,
            "quantity": quantity,
            "allocated": quantity,
        }
        for at, one in enumerate(came)
        for number, quantity in enumerate(one.lines, start=1)
    ]
    first = _first_id(tx, OrderLine, lines)
    rows: list[dict[str, Any]] = []
    for at, one in enumerate(came):
        for end, quantity in zip(accumulate(one.lines), one.lines, strict=True):
            # Line by line, as at the bench; a picker takes them mixed, but as many.
            done = [
                min(quantity, max(0, count[one.number] - end + quantity))
                for count in (picked, packed)
            ]
            rows.append(
                {
                    "shipment_id": shipments + at,
                    "order_line_id": first + len(rows),
                    "product_id": product_id,
                    "quantity": quantity,
                    "picked": done[0],
                    "packed": done[1],
                }
            )
    _first_id(tx, ShipmentLine, rows)


def _store_lists(
    tx: Transaction,
    came: list[SimulatedShipment],
    setting: Setting,
    users: dict[int, int],
    ids: dict[int, int],
) -> None:
    released = [one for one in came if one.released <= setting.until]
    lists: dict[int, list[SimulatedShipment]] = {}
    for one in released:
        lists.setdefault(one.list_number, []).append(one)
    waves: dict[float, int] = {}
    for minute in sorted({one.released for one in released}):
        row = {
            "number": f"D{setting.number}{setting.warehouse}-{minute:.0f}",
            "warehouse_id": setting.world.warehouses[setting.warehouse],
            "choice": {},
            "released_at": setting.moment(minute),
            "released_by_id": 1,
        }
        waves[minute] = _first_id(tx, Wave, [row])
    for number, members in lists.items():
        done = max(one.picked for one in members) <= setting.until
        claimed = members[0].claimed <= setting.until
        row = {
            "number": f"D{setting.number}{setting.warehouse}-L{number}",
            "wave_id": waves[members[0].released],
            "warehouse_id": setting.world.warehouses[setting.warehouse],
            "state": "done" if done else "claimed" if claimed else "open",
            "walk": {},
            "picker_id": next(iter(users.values()), 1) if claimed else None,
            "claimed_at": setting.moment(members[0].claimed),
            "finished_at": setting.moment(max(one.picked for one in members)),
        }
        list_id = _first_id(tx, PickList, [row])
        tx.execute(
            insert(PickListShipment),
            [
                {"pick_list_id": list_id, "shipment_id": ids[one.number], "position": position}
                for position, one in enumerate(members, start=1)
            ],
        )


def _store_scans(
    tx: Transaction,
    day: SimulatedDay,
    setting: Setting,
    users: dict[int, int],
    ids: dict[int, int],
) -> None:
    rows = [
        {
            "scan_id": f"D{setting.number}{setting.warehouse}-{number}",
            "process": scan.process,
            "at": setting.moment(scan.minute),
            "user_id": users.get(scan.user, 1),
            "raw": "",
            "accepted": True,
            "code": "counted",
            "fields": {},
            "shipment_id": ids[scan.shipment],
            "quantity": scan.pieces,
        }
        for number, scan in enumerate(day.scans)
        if scan.minute <= setting.until
    ]
    if rows:
        tx.execute(insert(ScanEvent), rows)
