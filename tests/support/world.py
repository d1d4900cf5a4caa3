"""A small warehouse to test in.

Seller ``SHOP``; warehouses ``W1`` and ``W2`` (Europe/London), each with bins
``<W>-A-01-1-1`` … ``<W>-A-06-1-1`` (x in metres along the aisle), totes ``<W>T1`` …
``<W>T12``, a staging place, a quarantine, a carton ``M`` (tare 50 g), stations ``<W>S1`` and
``<W>S2``; carrier service LOCAL/STD with cut-off 17:00 on every weekday; people
``picker1 picker2 packer1 packer2 supervisor1`` of W1 and ``… _w2`` of W2, and ``admin``.
"""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import insert, select

from fulfillment.domain.barcodes import product_code
from fulfillment.domain.people import Actor, Grant, Role
from fulfillment.domain.values import Place
from fulfillment.store.base import Base
from fulfillment.store.catalog import (
    CarrierService,
    Carton,
    CutOff,
    KitComponent,
    Location,
    Product,
    ProductBarcode,
    RegionPriority,
    Seller,
    ServiceRule,
    Warehouse,
)
from fulfillment.store.people import RoleGrant, Station, User
from fulfillment.store.stock import (
    Lot,
    Move,
    StockBalance,
    WarehouseBalance,
    post,
    virtual_end,
)
from fulfillment.store.transaction import Transaction, reads, writes

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday."""

PEOPLE = {
    "picker1": Role.PICKER,
    "picker2": Role.PICKER,
    "packer1": Role.PACKER,
    "packer2": Role.PACKER,
    "supervisor1": Role.SUPERVISOR,
}


@writes
def insert_row(tx: Transaction, model: type[Base], **values: Any) -> int:
    """Insert one row and return its id."""
    result = tx.execute(insert(model).values(**values))
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


@reads
def fetch(tx: Transaction, statement: Any) -> list[Any]:
    """All rows of a SELECT."""
    return list(tx.execute(statement))


@writes
def change(tx: Transaction, statement: Any) -> int:
    """Run one statement of a test's own (never on stock) and return its row count."""
    return tx.execute(statement).rowcount


@writes
def _receive(
    tx: Transaction,
    product_id: int,
    quantity: int,
    place: Place,
    lot: str,
    expires_on: date | None,
    serials: tuple[str, ...],
    number: int,
) -> None:
    if (
        lot
        and not tx.execute(
            select(Lot.code).where(Lot.product_id == product_id, Lot.code == lot)
        ).first()
    ):
        tx.execute(insert(Lot).values(product_id=product_id, code=lot, expires_on=expires_on))
    units = [(serial, 1) for serial in serials] or [("", quantity)]
    post(
        tx,
        actor_id=1,
        moves=[
            Move(
                product_id=product_id,
                quantity=units_each,
                source=virtual_end("supplier"),
                target=place,
                reason="receipt",
                reference=("test", number),
                key=f"test:{number}:{serial}",
                lot=lot,
                serial=serial,
            )
            for serial, units_each in units
        ],
    )


class World:
    """The warehouse of the module's docstring; ids by code."""

    def __init__(self) -> None:
        self.seller_id = insert_row(
            Seller,
            code="SHOP",
            name="The Shop",
            allocation_rule="region-priority",
            sender=_address("The Shop", "1 Dock Road", "London", "E16 2AA", "GB"),
            review_rules={"pass_everything": True},
        )
        self.warehouses: dict[str, int] = {}
        self.locations: dict[str, int] = {}
        self.stations: dict[str, int] = {}
        self.cartons: dict[str, int] = {}
        self.products: dict[str, int] = {}
        self.people: dict[str, Actor] = {}
        self.service_id = insert_row(
            CarrierService,
            carrier="LOCAL",
            code="STD",
            name="Local standard",
            next_number=1,
            last_number=99_999_999,
        )
        insert_row(ServiceRule, rank=1, service_id=self.service_id)
        self._receipts = itertools.count(1)
        for rank, code in enumerate(("W1", "W2"), start=1):
            self._warehouse(code, rank)
        self.people["admin"] = self._person("admin", Role.ADMINISTRATOR, None)

    def product(
        self,
        sku: str,
        *,
        weight_grams: int | None = 100,
        barcode: str | None = None,
        case: tuple[str, int] | None = None,
        **values: Any,
    ) -> int:
        """A product whose barcode is its SKU unless given; *case* = (barcode, quantity)."""
        values.setdefault("tags", [])
        product_id = insert_row(
            Product,
            seller_id=self.seller_id,
            sku=sku,
            name=values.pop("name", f"Product {sku}"),
            weight_grams=weight_grams,
            **values,
        )
        self.products[sku] = product_id
        self.barcode(sku, barcode or sku)
        if case:
            self.barcode(sku, case[0], quantity=case[1], kind="case")
        return product_id

    def barcode(self, sku: str, code: str, *, quantity: int = 1, kind: str = "each") -> None:
        """One more barcode of a product."""
        insert_row(
            ProductBarcode,
            seller_id=self.seller_id,
            product_id=self.products[sku],
            code=product_code(code),
            kind=kind,
            quantity=quantity,
        )

    def kit(self, sku: str, components: dict[str, int]) -> int:
        """A kit of other products."""
        kit_id = self.product(sku, is_kit=True)
        for component, quantity in components.items():
            self._insert_component(kit_id, self.products[component], quantity)
        return kit_id

    @staticmethod
    @writes
    def _insert_component(tx: Transaction, kit_id: int, component_id: int, quantity: int) -> None:
        tx.execute(
            insert(KitComponent).values(kit_id=kit_id, component_id=component_id, quantity=quantity)
        )

    def stock(
        self,
        sku: str,
        quantity: int,
        *,
        bin_code: str = "W1-A-01-1-1",
        lot: str = "",
        expires_on: date | None = None,
        serials: tuple[str, ...] = (),
    ) -> None:
        """Receive units into a bin through the ledger."""
        _receive(
            self.products[sku],
            quantity,
            self.place(bin_code),
            lot,
            expires_on,
            serials,
            next(self._receipts),
        )

    def place(self, code: str) -> Place:
        """The ledger's view of a location."""
        rows = fetch(
            select(Location.id, Location.kind, Location.warehouse_id).where(Location.code == code)
        )
        return Place(*rows[0])

    def balance(self, code: str, sku: str, lot: str = "") -> tuple[int, int, int]:
        """(on hand, reserved, held) of a product at a location; zeros where there is no row."""
        rows = fetch(
            select(StockBalance.on_hand, StockBalance.reserved, StockBalance.held).where(
                StockBalance.location_id == self.locations[code],
                StockBalance.product_id == self.products[sku],
                StockBalance.lot == lot,
            )
        )
        return (rows[0][0], rows[0][1], rows[0][2]) if rows else (0, 0, 0)

    def available(self, warehouse: str, sku: str) -> int:
        """Units of a product that a warehouse can still promise."""
        rows = fetch(
            select(WarehouseBalance.sellable - WarehouseBalance.promised).where(
                WarehouseBalance.warehouse_id == self.warehouses[warehouse],
                WarehouseBalance.product_id == self.products[sku],
            )
        )
        return int(rows[0][0]) if rows else 0

    def _warehouse(self, code: str, rank: int) -> None:
        warehouse_id = insert_row(
            Warehouse,
            code=code,
            name=f"Warehouse {code}",
            timezone="Europe/London",
            address=_address(f"Warehouse {code}", f"{rank} Dock Road", "London", "E16 2AA", "GB"),
            policy={},
            layout=None,
        )
        self.warehouses[code] = warehouse_id
        for number in range(1, 7):
            self._location(
                warehouse_id,
                "bin",
                f"{code}-A-{number:02d}-1-1",
                zone="A",
                aisle=1,
                x_metres=0.0,
                y_metres=float(number),
            )
        for number in range(1, 13):
            self._location(warehouse_id, "tote", f"{code}T{number}")
        self._location(warehouse_id, "staging", f"{code}-STAGE")
        self._location(warehouse_id, "quarantine", f"{code}-QUAR")
        self.cartons[code] = insert_row(
            Carton,
            warehouse_id=warehouse_id,
            code="M",
            name="Medium",
            length_mm=400,
            width_mm=300,
            height_mm=300,
            tare_grams=50,
            most_grams=30_000,
        )
        insert_row(
            CutOff,
            warehouse_id=warehouse_id,
            service_id=self.service_id,
            local_time=time(17, 0),
            weekdays=[0, 1, 2, 3, 4, 5, 6],
        )
        insert_row(
            RegionPriority,
            seller_id=self.seller_id,
            country="",
            warehouse_id=warehouse_id,
            rank=rank,
        )
        for number in (1, 2):
            station = f"{code}S{number}"
            self.stations[station] = insert_row(
                Station, warehouse_id=warehouse_id, code=station, name=f"Bench {number}"
            )
        suffix = "" if code == "W1" else "_w2"
        for name, role in PEOPLE.items():
            station_id = self.stations[f"{code}S2" if name.endswith("2") else f"{code}S1"]
            self.people[name + suffix] = self._person(
                name + suffix, role, warehouse_id, station_id=station_id
            )

    def _location(self, warehouse_id: int, kind: str, code: str, **values: Any) -> None:
        self.locations[code] = insert_row(
            Location, warehouse_id=warehouse_id, kind=kind, code=code, **values
        )

    def _person(
        self, login: str, role: Role, warehouse_id: int | None, station_id: int | None = None
    ) -> Actor:
        user_id = insert_row(User, login=login, name=login.capitalize(), created_at=NOON)
        insert_row(
            RoleGrant,
            user_id=user_id,
            role=role,
            warehouse_id=warehouse_id,
            granted_at=NOON,
            granted_by_id=1,
        )
        return Actor(
            user_id, login.capitalize(), (Grant.of_role(role, warehouse_id),), station_id=station_id
        )


def _address(name: str, line: str, city: str, postcode: str, country: str) -> dict[str, Any]:
    return {
        "name": name,
        "company": "",
        "lines": [line],
        "city": city,
        "region": "",
        "postcode": postcode,
        "country": country,
        "phone": "",
    }
